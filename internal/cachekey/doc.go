// Package cachekey turns typed keys into the keys of a store.
//
// [For] looks at a Go type once and refuses it if it cannot be a key. The
// [Encoder] that it returns appends the canonical encoding of a value: values
// of one type encode alike if they are equal and differently if they are not.
// No value of another kind encodes like them, however they are nested or put
// next to each other: every value begins with its kind, and whatever has no
// fixed length begins with its length.
//
// # What equal means
//
//   - Booleans, numbers, strings and byte arrays: ==, within one kind. The
//     name of the type does not count: a UserID that is an int64 encodes as
//     an int64. An int8 and an int64 of the same number differ, and so do 1,
//     "1" and true. -0 is 0; NaN is refused when it is met.
//   - []byte: the same bytes; nil is empty.
//   - Arrays and structs: element by element and field by field, unexported
//     ones included. Fields named _ are left out. An array without elements is
//     like any other.
//   - [time.Time]: the same instant, in whatever zone.
//   - A type with [Keyer]: what that says. Other structs, arrays, slices and
//     maps with encoding.BinaryAppender, encoding.TextAppender or
//     encoding.TextMarshaler (tried in this order): what those say. Among
//     them are the types of net/netip.
//
// Pointers and interfaces are refused, whatever their methods, and so are maps
// and slices of anything but bytes without such a method, channels, functions.
package cachekey
