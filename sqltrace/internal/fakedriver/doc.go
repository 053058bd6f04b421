// Package fakedriver is a database/sql driver for tests that comes in every
// combination of the optional interfaces of database/sql/driver, keeps a
// transcript of the calls it gets, and fails where it is told to.
//
// It holds no data. What a statement does follows from its text:
//
//   - each ? is a placeholder; a text that contains "any" has an unknown number
//   - "skip…" is not executed directly: the driver answers ErrSkip
//   - "sets…" returns two sets of rows
//   - every other query returns two rows of an integer and a text, and every
//     Exec affects three rows
package fakedriver

//go:generate go run ../shapegen -o shapes_gen.go
