package cache_test

import (
	"sync"
	"testing"

	"github.com/hone-go/hone/cache"
)

// Goroutines that run side by side count hits in different places, or their
// cores would wait for each other: 64 of them in more than half of all.
func TestGoroutinesCountSideBySide(t *testing.T) {
	const goroutines = 64
	used := make(map[int]struct{})
	var mu sync.Mutex
	var all, counted sync.WaitGroup
	counted.Add(goroutines)
	for range goroutines {
		all.Go(func() {
			stripe := cache.HitStripe()
			mu.Lock()
			used[stripe] = struct{}{}
			mu.Unlock()
			counted.Done()
			counted.Wait() // a goroutine that ends lends its stack to the next
		})
	}
	all.Wait()
	if len(used) <= cache.HitStripes/2 {
		t.Errorf("%d goroutines use %d of %d stripes", goroutines, len(used), cache.HitStripes)
	}
}
