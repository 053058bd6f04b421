package redis_test

import (
	"testing"
	"time"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/redis"
)

// BenchmarkLimitsAlone is a Take by one goroutine: a round trip.
func BenchmarkLimitsAlone(b *testing.B) {
	l := ready(b, testserver.Redis(b), redis.Config{}).Limits()
	charge := ratelimit.Charge{Limit: ratelimit.Limit{Amount: 1e9, Period: 24 * time.Hour}, Scope: "b:alone", Key: "a", Cost: 1}
	three := []ratelimit.Charge{charge, charge, charge}
	three[1].Limit.Period, three[2].Limit.Period = time.Hour, time.Minute
	results := make([]ratelimit.Result, len(three))
	for name, charges := range map[string][]ratelimit.Charge{"limits=1": three[:1], "limits=3": three} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := l.Apply(b.Context(), ratelimit.Take, charges, results[:len(charges)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
