// Package bench measures hone beside its peers. It is a module of its own so
// that no user of hone inherits the peers.
//
// Every benchmark is named group/variant/implementation. Command table runs
// them interleaved and prints each peer as a ratio to hone; `make bench` is
// the way to call it.
package bench
