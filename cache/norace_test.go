//go:build !race

package cache_test

// herdReaders is how many readers each process of the herd has.
const herdReaders = 500
