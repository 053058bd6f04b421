package memory_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
)

// flood takes once from each of n keys, and returns how many were admitted.
func flood(t *testing.T, s *memory.Limits, l ratelimit.Limit, prefix string, n int) (admitted int) {
	t.Helper()
	for i := range n {
		if take(t, s, l, prefix+strconv.Itoa(i), 1).Allowed {
			admitted++
		}
	}
	return admitted
}

func take(t *testing.T, s *memory.Limits, l ratelimit.Limit, key string, cost int64) ratelimit.Result {
	t.Helper()
	var r [1]ratelimit.Result
	c := [1]ratelimit.Charge{{Limit: l, Scope: "s", Key: key, Cost: cost, ID: ratelimit.ID{1}}}
	if err := s.Apply(context.Background(), ratelimit.Take, c[:], r[:]); err != nil {
		t.Fatal(err)
	}
	return r[0]
}

func heapBytes() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestLimitsFloodStaysInItsBound(t *testing.T) {
	for _, strategy := range []ratelimit.Strategy{ratelimit.SlidingWindow, ratelimit.MovingWindow} {
		const bound = 16 << 20
		l := ratelimit.Limit{Strategy: strategy, Amount: 5, Period: time.Hour}
		s := openLimits(t, memory.LimitsConfig{MaxBytes: bound})
		before := heapBytes()
		for range 5 {
			take(t, s, l, "known", 1)
		}
		flood(t, s, l, "k", 1_000_000)
		if got := heapBytes() - before; got > bound*105/100 {
			t.Errorf("%s: 1,000,000 keys take %d bytes, want at most %d", strategy, got, bound)
		}
		if got := s.Stats().Bytes; got > bound {
			t.Errorf("%s: Stats().Bytes = %d, want at most %d", strategy, got, bound)
		}
		if r := take(t, s, l, "known", 1); r.Allowed {
			t.Errorf("%s: the flood has made room for a key that is over its limit: %+v", strategy, r)
		}
	}
}

// TestLimitsWhenFullAreStricter fills the store, lets some buckets become as
// new, and goes on: no key is ever admitted more than its amount, whichever way
// it takes.
func TestLimitsWhenFullAreStricter(t *testing.T) {
	const amount = 3
	for _, strategy := range []ratelimit.Strategy{
		ratelimit.SlidingWindow, ratelimit.FixedWindow, ratelimit.MovingWindow, ratelimit.GCRA,
	} {
		s := openLimits(t, memory.LimitsConfig{MaxBytes: 1 << 20})
		l := ratelimit.Limit{Strategy: strategy, Amount: amount, Period: time.Hour}
		brief := ratelimit.Limit{Strategy: ratelimit.FixedWindow, Amount: 1, Period: time.Minute}
		now := int64(1_000_000)
		s.SetNow(now)
		flood(t, s, brief, "brief", 19_000)
		bound := s.Bind("s", l)
		admitted := make(map[string]int)
		const keys = 3000
		for round := range 8 {
			for i := range keys {
				key := strconv.Itoa(i)
				var r ratelimit.Result
				if round%2 == 0 {
					r = takeBound(bound, key, 1)
				} else {
					r = take(t, s, l, key, 1)
				}
				if r.Allowed {
					admitted[key]++
				}
			}
			if round == 3 { // some of what is in the way leaves
				if s.Stats().Shared == 0 {
					t.Fatalf("%s: no key shares a bucket: the store was not full", strategy)
				}
				s.SetNow(now + 2*time.Minute.Microseconds())
			}
		}
		total := 0
		for key, n := range admitted {
			if total += n; n > amount {
				t.Errorf("%s: key %s was admitted %d times, want at most %d", strategy, key, n, amount)
			}
		}
		if total < keys {
			t.Errorf("%s: %d keys were admitted %d times, want more: room was made", strategy, keys, total)
		}
	}
}

// TestLimitsFloodOfOldKeysMakesRoom has keys whose buckets are as new long
// before the next ones come: none of these shares.
func TestLimitsFloodOfOldKeysMakesRoom(t *testing.T) {
	s := openLimits(t, memory.LimitsConfig{MaxBytes: 1 << 20})
	l := ratelimit.Limit{Strategy: ratelimit.FixedWindow, Amount: 1, Period: time.Second}
	for round := range 20 {
		s.SetNow(int64(round+1) * 2 * time.Second.Microseconds())
		if got := flood(t, s, l, strconv.Itoa(round)+":", 10_000); got != 10_000 {
			t.Fatalf("round %d: 10,000 keys were admitted %d times, want 10,000", round, got)
		}
	}
}

func TestLimitsConfigIsChecked(t *testing.T) {
	if _, err := memory.NewLimits(memory.LimitsConfig{MaxBytes: 1000}); err == nil {
		t.Error("NewLimits(MaxBytes 1000) = nil, want an error")
	}
}
