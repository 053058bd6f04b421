// Package file keeps a cache in one file, of this process alone, across its
// restarts.
//
// A write is acknowledged once it is on the disk: it survives a crash of the
// process and of the machine, and none is ever half there. What is written at
// the same time shares one sync. Leases are in memory: they die with the
// process, as their holders do.
//
// When the file is full, entries that have expired go first, then those that
// were written longest ago. Start with [Open].
package file
