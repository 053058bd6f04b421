package memory_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
)

// BenchmarkLimits takes from one of 100,000 keys.
func BenchmarkLimits(b *testing.B) {
	keys := make([]string, 100_000)
	for i := range keys {
		keys[i] = "198.51.100." + strconv.Itoa(i)
	}
	for _, strategy := range []ratelimit.Strategy{
		ratelimit.SlidingWindow, ratelimit.FixedWindow, ratelimit.MovingWindow, ratelimit.GCRA, ratelimit.Concurrency,
	} {
		l := ratelimit.Limit{Strategy: strategy, Amount: 10, Period: time.Second}
		b.Run("strategy="+strategy.String()+"/procs=1", func(b *testing.B) {
			s := openLimits(b, memory.LimitsConfig{})
			b.ReportAllocs()
			takeEach(b, s, l, keys, b.Loop)
		})
		b.Run("strategy="+strategy.String()+"/procs=all", func(b *testing.B) {
			s := openLimits(b, memory.LimitsConfig{})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) { takeEach(b, s, l, keys, pb.Next) })
		})
	}
}

func takeEach(b *testing.B, s *memory.Limits, l ratelimit.Limit, keys []string, next func() bool) {
	ctx := context.Background()
	charges := []ratelimit.Charge{{Limit: l, Scope: "shop:login", Cost: 1}}
	results := make([]ratelimit.Result, 1)
	for i := 0; next(); i++ {
		charges[0].Key = keys[i*7919%len(keys)]
		charges[0].ID = ratelimit.ID{0: 1, 14: byte(i >> 8), 15: byte(i)}
		if err := s.Apply(ctx, ratelimit.Take, charges, results); err != nil {
			b.Error(err)
			return
		}
	}
}
