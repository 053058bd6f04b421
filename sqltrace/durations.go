package sqltrace

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// durations counts how long the executions of one statement took, in buckets
// four to a doubling: a percentile is at most 25 % too high. Not finer: it is
// compared with a threshold, and 2000 statements take 0.7 MB as it is.
type durations struct {
	least   atomic.Int64 // plus 1; 0 means none
	buckets [bucketsPerOctave * octaves]atomic.Uint32
}

// The buckets reach from 16 µs to 67 s; what is outside counts in the first or
// the last.
const (
	bucketsPerOctave = 4
	octaves          = 22
	firstOctave      = 14 // 2¹⁴ ns
)

func (d *durations) add(t time.Duration) {
	n := max(0, int64(t)) + 1
	for {
		least := d.least.Load()
		if least != 0 && least <= n || d.least.CompareAndSwap(least, n) {
			break
		}
	}
	d.buckets[bucketOf(uint64(n))].Add(1)
}

// bucketOf takes the two bits below the highest for the quarter of the octave:
// quarters of equal width, not of equal ratio, need no logarithm.
func bucketOf(n uint64) int {
	octave := bits.Len64(n) - 1 - firstOctave
	if octave < 0 {
		return 0
	}
	quarter := int(n>>(octave+firstOctave-2)) & 3
	return min(octave*bucketsPerOctave+quarter, bucketsPerOctave*octaves-1)
}

// upperBound returns the end of bucket i.
func upperBound(i int) time.Duration {
	octave, quarter := i/bucketsPerOctave, i%bucketsPerOctave
	return time.Duration(4+quarter+1) << (octave + firstOctave - 2)
}

// minimum returns the shortest duration, or 0 if there is none.
func (d *durations) minimum() time.Duration {
	return time.Duration(max(0, d.least.Load()-1))
}

// quantile returns an upper bound of the q-quantile, and of how many durations.
func (d *durations) quantile(q float64) (t time.Duration, n int64) {
	var counts [len(d.buckets)]int64
	for i := range d.buckets {
		counts[i] = int64(d.buckets[i].Load())
		n += counts[i]
	}
	rank := int64(math.Ceil(q * float64(n)))
	for i, c := range counts {
		if rank -= c; rank <= 0 && n > 0 {
			return upperBound(i), n
		}
	}
	return 0, n
}

func (d *durations) reset() {
	d.least.Store(0)
	for i := range d.buckets {
		d.buckets[i].Store(0)
	}
}
