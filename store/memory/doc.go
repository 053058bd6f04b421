// Package memory is the store of one process: a [cache.Store] bounded in bytes,
// without a server.
//
// # What is evicted
//
// The store never keeps more than [Config.MaxBytes]. Entries whose life has
// ended make room first: they are gone within two seconds, whether anybody asks
// for them or not. Only then do living ones go, by W-TinyLFU: those that are
// asked for least often, so that a scan does not push out what is in use. A new
// entry that is less wanted than all others may be the one that goes.
//
// # What is lost with it
//
// No other process sees what is in here: an invalidation reaches this process
// alone, and a counter counts this process alone. With several processes, use a
// store that they share.
//
// # Cost
//
// Get takes no lock and allocates nothing. A write locks one of 256 stripes.
// Contexts are not looked at: no call waits for anything but another call on
// the same stripe.
package memory
