package cache_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// TestNearHoldsItsBudget fills a near cache three times over with values of
// random sizes, and compares the heap with what was allowed.
func TestNearHoldsItsBudget(t *testing.T) {
	const budget = 8 << 20
	for _, longest := range []int{100, 4000} {
		grown, evicted := nearHeap(t, budget, longest)
		if share := float64(grown) / budget; share > 1.05 || share < 0.85 || evicted == 0 {
			t.Errorf("values of up to %d bytes: the heap grew by %.3f of MaxBytes and %d were evicted, want 0.85 to 1.05 and some", longest, share, evicted)
		}
	}
}

// nearHeap returns by how much the heap grows when a near cache is filled with
// three times its budget.
func nearHeap(t testing.TB, budget int64, longest int) (grown, evicted int64) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	st, err := memory.New(memory.Config{MaxBytes: 1 << 20}) // so that little of the heap is the store's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	c := member(t, st, cache.Config{
		Codec: cache.Raw(), CompressAbove: -1, Near: cache.Near{MaxBytes: budget},
	})
	load := func(_ context.Context, key string) ([]byte, error) { return make([]byte, 1+rand.IntN(longest)), nil }
	f, err := cache.Memoize(c, "bytes", load, cache.FuncConfig[string, []byte]{Beta: -1})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	for i := range 3 * int(budget) / (longest/2 + 300) {
		for range 2 { // load, and keep near
			if _, _, err := f.Get(t.Context(), "key:"+strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	grown = heap() - before - st.Stats().Bytes
	runtime.KeepAlive(f)
	return grown, f.Stats().Evicted
}
