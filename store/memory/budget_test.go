package memory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// heap returns the bytes of live objects.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what the first left to finalizers and cleanups
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A load writes random entries to a store.
type load struct {
	name     string
	maxValue int  // sizes are uniform up to it
	lives    bool // half of the entries live for a millisecond
	replace  bool // keys come again
}

// run writes four times the budget from two goroutines, and returns what the
// heap has grown by, as a part of the budget: the most at any time and the end.
func (l load) run(tb testing.TB, budget int64) (most, end float64) {
	before := heap()
	s := open(tb, memory.Config{MaxBytes: budget})
	keys := int(4*budget) / (l.maxValue/2 + 250)
	space := keys * 100
	if l.replace {
		space = keys / 2
	}
	part := func() float64 { return float64(heap()-before) / float64(budget) }
	for round := range 4 {
		done := make(chan error)
		for writer := range 2 {
			go func() { done <- l.write(s, uint64(2*round+writer), keys/8, space) }()
		}
		for range 2 {
			if err := <-done; err != nil {
				tb.Fatal(err)
			}
		}
		end = part()
		most = max(most, end)
	}
	runtime.KeepAlive(s)
	_ = s.Close()
	return most, end
}

func (l load) write(s *memory.Store, seed uint64, n, space int) error {
	r := rand.New(rand.NewPCG(seed, 0))
	for range n {
		life := cache.NoExpiry
		if l.lives && r.IntN(2) == 0 {
			life = time.Millisecond
		}
		key := fmt.Sprintf("shop:%016x%016x:%016x", r.Uint64(), 7, r.IntN(space))
		if l.replace {
			key = fmt.Sprintf("shop:%032x:%016x", 7, r.IntN(space))
		}
		value := make([]byte, r.IntN(l.maxValue+1))
		if err := s.Set(context.Background(), []cache.Entry{{Key: key, Value: value, Life: life}}); err != nil {
			return err
		}
	}
	return nil
}

var loads = []load{
	{name: "tiny", maxValue: 32},
	{name: "small", maxValue: 400},
	{name: "medium", maxValue: 8 << 10, lives: true},
	{name: "large", maxValue: 200 << 10},
	{name: "replaced", maxValue: 1 << 10, replace: true},
}

// TestBudget: MaxBytes is what the heap grows by, within 5 %.
func TestBudget(t *testing.T) {
	const budget = 16 << 20
	for _, l := range loads {
		t.Run(l.name, func(t *testing.T) {
			most, end := l.run(t, budget)
			t.Logf("%.3f of the budget at most, %.3f at the end", most, end)
			if most > 1.05 {
				t.Errorf("heap grew by %.3f of MaxBytes, want at most 1.05", most)
			}
			if !l.lives && end < 0.80 {
				t.Errorf("heap grew by %.3f of MaxBytes, want it used: at least 0.80", end)
			}
		})
	}
}

// BenchmarkBudget reports the part of the budget that the heap grows by: of
// 1 GiB, and of 64 MiB where filling that would take half a minute.
func BenchmarkBudget(b *testing.B) {
	for _, l := range loads {
		mib := int64(1 << 10)
		if l.maxValue < 4<<10 {
			mib = 64
		}
		b.Run(fmt.Sprintf("load=%s/MiB=%d", l.name, mib), func(b *testing.B) {
			most := 0.0
			for b.Loop() {
				m, _ := l.run(b, mib<<20)
				most = max(most, m)
			}
			b.ReportMetric(most, "heap/budget")
		})
	}
}
