package measure

import (
	"sync/atomic"
	"time"
)

// A Histogram counts durations in exponential buckets that every other
// Histogram shares, so that two of them add up without loss, and a percentile
// is at most 1.1 % (and the nanosecond it is rounded to) from the true one
// between 0.95 µs and 68 min. Below that range all durations count as one;
// above it percentiles tell the maximum. A negative duration counts as 0.
//
// The zero value is ready to use. It is safe for concurrent use, takes 8 KiB,
// and must not be copied after first use.
type Histogram struct {
	counts [slots]atomic.Uint64
	// beyond sums the durations above the range, in whole seconds: a sum of
	// nanoseconds could overflow, and these lose at most 1/4096 by rounding.
	beyond atomic.Uint64
	max    atomic.Int64
}

// Record counts d. It allocates nothing and costs one atomic addition, plus a
// compare-and-swap for a new maximum and a second addition above 68 min.
func (h *Histogram) Record(d time.Duration) {
	slot := slotOf(d)
	h.counts[slot].Add(1)
	if int64(d) > h.max.Load() {
		h.raiseMax(int64(d))
	}
	if slot == overflowSlot {
		h.beyond.Add(uint64(d / time.Second))
	}
}

// Snapshot returns what was recorded so far. Calls of Record under way may be
// in it or not. It costs a walk over 1026 counters, a few microseconds.
func (h *Histogram) Snapshot() HistogramSnapshot {
	var t tally
	t.load(h)
	t.max = time.Duration(h.max.Load())
	return t.snapshot()
}

func (h *Histogram) raiseMax(d int64) {
	for {
		old := h.max.Load()
		if d <= old || h.max.CompareAndSwap(old, d) {
			return
		}
	}
}
