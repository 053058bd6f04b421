//go:build unix

package bench_test

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
	"github.com/hone-go/hone/store/redis"
)

const floodKeys = 1_000_000

// BenchmarkFlood has 1,000,000 keys ask once each: more than there is room for.
// It reports what the heap has grown by, as a share of the budget, and the
// time for each check.
func BenchmarkFlood(b *testing.B) {
	keys := make([]string, floodKeys)
	for i := range keys {
		keys[i] = "2001:db8::" + strconv.FormatInt(int64(i), 16)
	}
	for _, mib := range []int64{16, 64} {
		b.Run(fmt.Sprintf("budget=%dMiB/hone", mib), func(b *testing.B) {
			var share float64
			for b.Loop() {
				b.StopTimer()
				before := heapBytes()
				b.StartTimer()
				store, err := memory.NewLimits(memory.LimitsConfig{MaxBytes: mib << 20})
				if err != nil {
					b.Fatal(err)
				}
				rule := limitRule(b, store, "5/hour", ratelimit.RuleConfig{})
				for _, k := range keys {
					if _, err := rule.Take(b.Context(), k, 1); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				share = max(share, float64(heapBytes()-before)/float64(mib<<20))
				runtime.KeepAlive(rule)
				b.StartTimer()
			}
			b.ReportMetric(share, "heap/budget")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/floodKeys, "ns/check")
		})
	}
}

// BenchmarkRefused has one key go on after it was refused, over Redis: it
// costs Redis nothing until it may be admitted again.
func BenchmarkRefused(b *testing.B) {
	node := startRedis(b)
	client := bareRedis(b, node)
	st, err := redis.Open(b.Context(), "redis://"+node.Address(), redis.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() })
	rule := limitRule(b, st.Limits(), "1/hour", ratelimit.RuleConfig{})
	for i := range 2 {
		if d, err := rule.Take(b.Context(), "k", 1); err != nil || d.Allowed != (i == 0) {
			b.Fatalf("Take %d = %t, %v", i, d.Allowed, err)
		}
	}
	b.Run("goroutines=1/hone", func(b *testing.B) {
		b.ReportAllocs()
		before := commandsSent(b, client)
		for b.Loop() {
			if d, err := rule.Take(b.Context(), "k", 1); err != nil || d.Allowed {
				b.Fatalf("Take = %t, %v, want a refusal", d.Allowed, err)
			}
		}
		b.ReportMetric(float64(commandsSent(b, client)-before), "trips")
	})
}
