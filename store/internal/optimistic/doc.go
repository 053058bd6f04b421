// Package optimistic decides on limits over records that are replaced as a
// whole, each only if nobody else has replaced it since it was read. That is
// what memcached and MongoDB have in common. Start with [New].
package optimistic
