package memory

import (
	"slices"
	"time"

	"github.com/hone-go/hone/cache"
)

// A record is what is kept under a key.
type record struct {
	value  []byte
	life   time.Duration // from the write on; keepLife, or NoExpiry
	weight uint32        // bytes, with all that it costs to keep them
}

// keepLife lets the record that replaces another inherit the end of its life.
const keepLife time.Duration = 0

// item returns the record as the caller may have it: without spare capacity,
// so that an append cannot write into what others read.
func (r record) item() cache.Item {
	return cache.Item{State: cache.Found, Value: r.value[:len(r.value):len(r.value)]}
}

// entryOverhead is what an entry costs besides its key and value: otter's node
// (112 bytes with the record in it, 128 in two parts once it was replaced), its
// place in the hash table (64 bytes for five, at a load between 0.375 and 0.75,
// and overflow: 17 to 37 bytes) and in the frequency sketch (8 to 16 bytes).
// TestBudget measures that the sum is right.
const entryOverhead = 160

// sizeClasses rounds a number of bytes up to what the allocator takes for it.
type sizeClasses []int

// learnSizeClasses asks the allocator for its size classes: they differ between
// releases of Go.
func learnSizeClasses() sizeClasses {
	var classes sizeClasses
	for size := 1; size <= largestSmall; {
		size = cap(append([]byte(nil), make([]byte, size)...))
		classes = append(classes, size)
		size++
	}
	return classes
}

const (
	largestSmall = 32 << 10 // bytes; larger objects have pages of their own
	pageBytes    = 8 << 10
)

func (c sizeClasses) round(size int) int {
	switch {
	case size == 0:
		return 0
	case size > largestSmall:
		return (size + pageBytes - 1) / pageBytes * pageBytes
	}
	i, _ := slices.BinarySearch(c, size)
	return c[i]
}

// weight returns the bytes that an entry takes. The capacity counts: the store
// keeps the caller's slice.
func (c sizeClasses) weight(key string, value []byte) int {
	return c.round(len(key)) + c.round(cap(value)) + entryOverhead
}
