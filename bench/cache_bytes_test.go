package bench_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

const (
	bytesBudget  = 1 << 30
	bytesLongest = 16 << 10 // of a value
	bytesGets    = 3 * bytesBudget / (bytesLongest / 2)
)

// BenchmarkBytes gives a near cache, and a store in memory, 1 GiB each, and
// asks for values of up to 16 KiB under random keys, of which there are twice
// as many as fit. It reports what the heap has grown by, as a share of the
// budget.
func BenchmarkBytes(b *testing.B) {
	for _, impl := range []struct {
		name              string
		nearBytes, stored int64
	}{
		{"near", bytesBudget, 1 << 20},
		{"memory", 0, bytesBudget},
	} {
		b.Run("budget=1GiB/"+impl.name, func(b *testing.B) {
			var share float64
			for b.Loop() {
				share = heapShare(b, impl.nearBytes, impl.stored)
			}
			b.ReportMetric(share, "heap/budget")
		})
	}
}

func heapShare(b *testing.B, nearBytes, stored int64) float64 {
	b.Helper()
	before := heapBytes()
	st, err := memory.New(memory.Config{MaxBytes: stored})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	c, err := cache.New(st, cache.Config{
		Namespace: "bytes", Codec: cache.Raw(), CompressAbove: -1, Near: cache.Near{MaxBytes: nearBytes},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	load := func(context.Context, int) ([]byte, error) { return make([]byte, 1+rand.IntN(bytesLongest)), nil }
	f, err := cache.Memoize(c, "value", load, cache.FuncConfig[int, []byte]{Beta: -1})
	if err != nil {
		b.Fatal(err)
	}
	for range bytesGets {
		key := rand.IntN(2 * bytesBudget / (bytesLongest / 2))
		for range 2 { // the second time it is kept near
			if _, _, err := f.Get(b.Context(), key); err != nil {
				b.Fatal(err)
			}
		}
	}
	share := float64(heapBytes()-before) / bytesBudget
	runtime.KeepAlive(f)
	return share
}

// heapBytes returns what is alive on the heap.
func heapBytes() int64 {
	runtime.GC()
	runtime.GC() // what a finalizer held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
