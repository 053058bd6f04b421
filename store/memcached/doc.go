// Package memcached keeps a cache on one or several memcached servers.
//
// Start with [New]. The servers need not run then; calls fail with
// [cache.ErrUnavailable] while they do not. What memcached cannot do is said
// with [Store].
//
// # Items
//
// A key of printable bytes is used as it is, any other as "{k}" and its SHA-256
// in base64. The item holds the end of its value's life, the lease, and the
// value; its flags say which of them. "{n}" and "{t}" with a SHA-256 are the generations of
// a namespace, with a Bloom filter of its tags that were invalidated, and that
// of a tag, in decimal.
//
// All processes must name the same servers in the same order. After a change
// of the list, flush them: a key may come back to a server that has missed its
// deletion.
package memcached
