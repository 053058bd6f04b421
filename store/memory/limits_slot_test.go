package memory

import (
	"math/rand/v2"
	"testing"

	"github.com/hone-go/hone/ratelimit"
)

// TestSlotKnowsWhenItIsAsNew stores lives of every size: never a shorter one,
// and none that is much longer.
func TestSlotKnowsWhenItIsAsNew(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	check := func(at, life int64) {
		t.Helper()
		var s limitSlot
		s.setTimes(at, at+life)
		if got := s.at(); got != at {
			t.Fatalf("setTimes(%d, +%d): at = %d, want %d", at, life, got, at)
		}
		if got := s.until() - at; got < life || got > life+life/32 {
			t.Fatalf("setTimes(%d, +%d): until = at+%d, want %d, or less than 1/32 more", at, life, got, life)
		}
	}
	for life := range int64(10_000) {
		check(1, life)
	}
	for range 100_000 {
		check(r.Int64N(1<<53), r.Int64N(1<<53)>>r.IntN(53))
	}
	check(1<<53-1, 1<<53)
	var s limitSlot
	s.setTimes(5, 0)
	if got := s.until(); got != 5 {
		t.Errorf("setTimes(5, 0): until = %d, want 5: the bucket is as new", got)
	}
}

// TestSlotKeepsBuckets stores the largest numbers of each strategy.
func TestSlotKeepsBuckets(t *testing.T) {
	const at = 1<<53 - 1
	entries := []ratelimit.Entry{{At: at, Cost: 7}}
	for _, c := range []struct {
		strategy ratelimit.Strategy
		bucket   ratelimit.Bucket
	}{
		{ratelimit.FixedWindow, ratelimit.Bucket{At: at, Used: ratelimit.MaxAmount}},
		{ratelimit.SlidingWindow, ratelimit.Bucket{At: at, Used: 1, Before: ratelimit.MaxAmount}},
		{ratelimit.SlidingWindow, ratelimit.Bucket{At: at, Used: ratelimit.MaxAmount, Before: ratelimit.MaxAmount}},
		{ratelimit.GCRA, ratelimit.Bucket{At: at, Used: 1<<53 - 1}},
		{ratelimit.MovingWindow, ratelimit.Bucket{At: at, Used: 7, Before: 1 << 60, Log: entries}},
		{ratelimit.Concurrency, ratelimit.Bucket{At: at, Used: 7, Log: entries}},
	} {
		plan := ratelimit.Limit{Strategy: c.strategy, Amount: ratelimit.MaxLog, Period: ratelimit.MaxPeriod}.Plan()
		logs := &shardLogs{budget: &logBudget{}}
		var s limitSlot
		s.keep(&c.bucket, &plan, logs, 0)
		got := s.bucket(&plan, logs)
		if got.At != c.bucket.At || got.Used != c.bucket.Used || got.Before != c.bucket.Before || len(got.Log) != len(c.bucket.Log) {
			t.Errorf("%s: bucket = %+v, want %+v", c.strategy, got, c.bucket)
		}
	}
}

// TestShardLogsCountWhatTheyHold gives logs up and takes their numbers again.
func TestShardLogsCountWhatTheyHold(t *testing.T) {
	logs := &shardLogs{budget: &logBudget{}}
	bucket := ratelimit.Bucket{Log: make([]ratelimit.Entry, 1, 3)}
	slots := make([]limitSlot, 10)
	const one = 3*entryBytes + logBytes
	for round := range 3 {
		for i := range slots {
			logs.keep(&slots[i], &bucket, cap(bucket.Log)) // as if a sweep had dropped it
		}
		if got, want := logs.budget.used.Load(), 10*(one+numberBytes); got != want {
			t.Fatalf("round %d: 10 logs take %d bytes, want %d", round, got, want)
		}
		for i := range slots {
			logs.drop(&slots[i])
			slots[i] = limitSlot{}
		}
		if got, want := logs.budget.used.Load(), 10*numberBytes; got != want {
			t.Fatalf("round %d: no logs take %d bytes, want %d", round, got, want)
		}
	}
}
