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
//
// # Clocks of limits
//
// Each process counts by its own clock, but never by an earlier time than
// others have left in the bucket.
//
//	clocks differ by up to S = 10 s   in any time T passes what the limit lets
//	                                  pass in T+S
//	by more, up to hours              in any time T passes what the limit lets
//	                                  pass in T, as often as there are processes
//	                                  whose clocks differ: as if each of them
//	                                  counted for itself, and never more
//	a clock steps back                nothing more passes than without the step
//	a clock steps forward, by S       as if it were that of one process more,
//	                                  whose clock differs by S
//
// A process whose clock is behind may have to wait for S longer. The server's
// clock does not matter for periods of less than 30 days; a longer one is
// shorter by as much as a process's clock is behind the server's.
package memcached
