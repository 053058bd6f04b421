//go:build race

package cache_test

// herdReaders is how many readers each process of the herd has: the race
// detector makes each cost some ten times as much.
const herdReaders = 50
