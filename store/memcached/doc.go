// Package memcached keeps a cache on one or several memcached servers.
//
// Start with [New]. The servers need not run then; calls fail with
// [cache.ErrUnavailable] while they do not.
//
// # What memcached cannot do
//
//   - It tells of no changes: [Store] is no [cache.Watcher]. There is no near
//     cache before it, and waiters ask again and again.
//   - It has no transactions: a value and the lease on its key are one item,
//     which is replaced by compare-and-swap. So whatever reads before it writes
//     takes two round trips: Claim of a missing key, Fill, Delete, Increment,
//     Touch, Add over the rest of an expired value.
//   - It has no clock to ask: lives are measured by the clocks of this and the
//     other processes, which NTP has to keep together.
//   - It takes no value above 1 MiB, and no life that ends after 2038-01-19:
//     such an entry is kept until it has to make room.
//   - It forgets anything at any time. A forgotten lease is void. A forgotten
//     generation counts as invalidated now: entries die early then, never late.
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
