package measure

import (
	"iter"
	"math"
	"time"
)

const (
	// Scale is the resolution of every [Histogram]: the schema of a
	// Prometheus native histogram and the scale of an OpenTelemetry
	// exponential one with the same buckets.
	Scale = 5
	// ZeroThreshold is the end of the underflow bucket, in seconds.
	ZeroThreshold = 1.0 / (1 << 20)
	// ReliableCount is the number of samples from which percentiles are worth
	// printing. Not fewer: the 99th percentile of 99 samples is their
	// maximum, one accident. Not more: a quiet route would never have one.
	ReliableCount = 100
)

// A HistogramSnapshot is the content of a [Histogram] at one moment, or a sum
// or difference of such. The zero value is empty. It never changes, so copies
// are cheap and it is safe for concurrent use.
type HistogramSnapshot struct {
	buckets []bucket // by rising slot, none empty
	count   uint64
	beyond  uint64 // seconds, as in Histogram
	max     time.Duration
}

type bucket struct {
	slot  int
	count uint64
}

// Count returns the number of durations.
func (s HistogramSnapshot) Count() uint64 { return s.count }

// Reliable reports whether there are [ReliableCount] durations or more, enough
// for their percentiles to mean something.
func (s HistogramSnapshot) Reliable() bool { return s.count >= ReliableCount }

// Max returns the longest duration, exactly; see [HistogramSnapshot.Sub] for
// the one exception.
func (s HistogramSnapshot) Max() time.Duration { return s.max }

// Mean returns the average duration, at most 1.1 % from the true one: it is
// worked out from the buckets, which spares every Record a second addition.
func (s HistogramSnapshot) Mean() time.Duration {
	if s.count == 0 {
		return 0
	}
	return min(seconds(s.SumSeconds()/float64(s.count)), s.max)
}

// SumSeconds returns the sum of all durations in seconds, with the error of
// [HistogramSnapshot.Mean]. It never falls from one snapshot of a histogram to
// the next.
func (s HistogramSnapshot) SumSeconds() float64 {
	sum := float64(s.beyond)
	for _, b := range s.buckets {
		if b.slot != overflowSlot {
			sum += float64(b.count) * middle(b.slot)
		}
	}
	return sum
}

// Quantile returns the duration at rank ⌈q·count⌉ in rising order (the
// nearest-rank definition), at most 1.1 % from the true one, never above the
// maximum, and 0 if there is none. q is taken into 0…1; NaN counts as 0.
func (s HistogramSnapshot) Quantile(q float64) time.Duration {
	if s.count == 0 {
		return 0
	}
	if !(q > 0) { // written this way round so that NaN is 0 too
		q = 0
	}
	rank := uint64(math.Ceil(min(q, 1) * float64(s.count)))
	if rank >= s.count {
		return s.max
	}
	var seen uint64
	for _, b := range s.buckets {
		seen += b.count
		if seen >= rank && b.slot != overflowSlot {
			return min(seconds(middle(b.slot)), s.max)
		}
	}
	return s.max
}

// Merge returns the histogram of both sets of durations together. It is exact:
// the same as if one Histogram had recorded them all.
func (s HistogramSnapshot) Merge(other HistogramSnapshot) HistogramSnapshot {
	var t tally
	t.add(s)
	t.add(other)
	return t.snapshot()
}

// Sub returns what was recorded after earlier, an earlier snapshot of the same
// histogram. Its maximum is exact if it is also the maximum of s; otherwise
// it is known only by its bucket, to 1.1 %.
func (s HistogramSnapshot) Sub(earlier HistogramSnapshot) HistogramSnapshot {
	var t tally
	t.add(s)
	t.sub(earlier)
	if s.max == earlier.max {
		t.max = 0 // older than the difference, as far as can be told
	}
	return t.snapshot()
}

// Underflow returns the count of durations at or below [ZeroThreshold].
func (s HistogramSnapshot) Underflow() uint64 {
	if len(s.buckets) > 0 && s.buckets[0].slot == underflowSlot {
		return s.buckets[0].count
	}
	return 0
}

// Buckets yields the index and count of each bucket that is not empty, by
// rising index: bucket k counts durations in (2^((k-1)/32), 2^(k/32)]
// seconds. Durations beyond the last bucket (68 min) are counted in the next
// one, and those of [HistogramSnapshot.Underflow] are left out.
func (s HistogramSnapshot) Buckets() iter.Seq2[int, uint64] {
	return func(yield func(int, uint64) bool) {
		for _, b := range s.buckets {
			if b.slot != underflowSlot && !yield(indexOf(b.slot), b.count) {
				return
			}
		}
	}
}

// A tally is a histogram spread out for adding up.
type tally struct {
	counts [slots]uint64
	beyond uint64
	max    time.Duration
}

// load sets the counts, not the maximum, which has its own life in a window.
func (t *tally) load(h *Histogram) {
	for i := range h.counts {
		t.counts[i] = h.counts[i].Load()
	}
	t.beyond = h.beyond.Load()
}

func (t *tally) add(s HistogramSnapshot) {
	for _, b := range s.buckets {
		t.counts[b.slot] += b.count
	}
	t.beyond += s.beyond
	t.max = max(t.max, s.max)
}

func (t *tally) sub(s HistogramSnapshot) {
	for _, b := range s.buckets {
		t.counts[b.slot] -= min(b.count, t.counts[b.slot])
	}
	t.beyond -= min(s.beyond, t.beyond)
}

func (t *tally) snapshot() HistogramSnapshot {
	filled := 0
	for _, n := range t.counts {
		if n > 0 {
			filled++
		}
	}
	s := HistogramSnapshot{beyond: t.beyond, max: t.max}
	if filled == 0 {
		return HistogramSnapshot{}
	}
	s.buckets = make([]bucket, 0, filled)
	for i, n := range t.counts {
		if n > 0 {
			s.buckets = append(s.buckets, bucket{i, n})
			s.count += n
		}
	}
	// A recorder counts first and raises the maximum second: where it was
	// caught in between, or where the maximum is not known, the highest
	// bucket still says what it must be.
	if top := s.buckets[filled-1].slot; slotOf(s.max) < top {
		s.max = seconds(middle(top))
	}
	return s
}
