package load

import (
	"time"

	"github.com/hone-go/hone/measure"
)

// Latency sums the time from when requests were due to the end of their
// answers. Failed requests count with the time until they failed. Percentiles
// are those of [measure.Histogram], at most 1.1 % from the true ones.
type Latency struct {
	P50, P95, P99 time.Duration
	Max, Mean     time.Duration

	// Reliable is false if the percentiles come from too few requests to act
	// on, fewer than [measure.ReliableCount].
	Reliable bool
}

func newLatency(s measure.HistogramSnapshot) Latency {
	return Latency{
		P50:      s.Quantile(0.50),
		P95:      s.Quantile(0.95),
		P99:      s.Quantile(0.99),
		Max:      s.Max(),
		Mean:     s.Mean(),
		Reliable: s.Reliable(),
	}
}
