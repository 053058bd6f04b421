package measure_test

import (
	"flag"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/measure"
)

var seed = flag.Uint64("seed", 0, "seed of the random tests; 0 picks one")

func newRand(t testing.TB) *rand.Rand {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("replay with -seed=%d", s)
	return rand.New(rand.NewPCG(s, s))
}

// lastIn returns the longest whole duration in bucket k, ⌊2^(k/32)·10⁹⌋ ns,
// from 120 digits of arithmetic.
func lastIn(k int) time.Duration {
	root := big.NewFloat(2).SetPrec(400)
	for range 5 {
		root.Sqrt(root) // 2^(1/32) after five square roots
	}
	b := big.NewFloat(1e9).SetPrec(400)
	for range max(k, -k) {
		if k > 0 {
			b.Mul(b, root)
		} else {
			b.Quo(b, root)
		}
	}
	// A product that should be whole may end in …999: a nudge far smaller
	// than any gap between a boundary and a whole number puts it right.
	b.Add(b, big.NewFloat(1e-60))
	n, _ := b.Int64()
	return time.Duration(n)
}

func TestBucketBoundaries(t *testing.T) {
	for k := measure.MinIndex; k <= measure.MaxIndex+1; k++ {
		last := lastIn(k)
		if k <= measure.MaxIndex {
			if got := measure.IndexOf(last); got != k {
				t.Errorf("index(%d ns) = %d, want %d: an upper boundary belongs to its bucket", last, got, k)
			}
		}
		first := lastIn(k-1) + 1
		if got := measure.IndexOf(first); got != k {
			t.Errorf("index(%d ns) = %d, want %d", first, got, k)
		}
	}
	for _, d := range []time.Duration{math.MinInt64, -1, 0, 1, lastIn(measure.MinIndex - 1)} {
		if got, want := measure.IndexOf(d), measure.MinIndex-1; got != want {
			t.Errorf("index(%d ns) = %d, want %d: underflow", d, got, want)
		}
	}
	for _, d := range []time.Duration{1<<12*time.Second + 1, math.MaxInt64} {
		if got, want := measure.IndexOf(d), measure.MaxIndex+1; got != want {
			t.Errorf("index(%d ns) = %d, want %d: overflow", d, got, want)
		}
	}
}

// slowIndex is the definition, ⌈32·log₂ seconds⌉.
func slowIndex(d time.Duration) int {
	k := math.Ceil(32 * math.Log2(float64(d)/1e9))
	return int(min(max(k, float64(measure.MinIndex-1)), float64(measure.MaxIndex+1)))
}

func FuzzIndex(f *testing.F) {
	for _, d := range []int64{0, 1, 954, 1e3, 1e6, 1e9, 1e12, 4096e9, math.MaxInt64} {
		f.Add(d)
	}
	f.Fuzz(func(t *testing.T, ns int64) {
		d := time.Duration(ns)
		got := measure.IndexOf(d)
		if d <= 0 {
			if got != measure.MinIndex-1 {
				t.Fatalf("index(%d ns) = %d, want underflow", ns, got)
			}
			return
		}
		want := slowIndex(d)
		if got == want {
			return
		}
		// The logarithm is inexact: at a boundary the exact arithmetic decides.
		if want-got == 1 && d <= lastIn(got) || got-want == 1 && d > lastIn(want) {
			return
		}
		t.Errorf("index(%d ns) = %d, want %d", ns, got, want)
	})
}

// The values at both ends of every bucket are as far off as it gets.
func TestErrorBoundOfEveryBucket(t *testing.T) {
	for k := measure.MinIndex; k <= measure.MaxIndex; k++ {
		for _, d := range []time.Duration{lastIn(k-1) + 1, lastIn(k)} {
			var h measure.Histogram
			h.Record(d)
			h.Record(4096 * time.Second) // so that the maximum does not help
			if got := h.Snapshot().Quantile(0.5); !near(got, d) {
				t.Errorf("Quantile(0.5) of %v = %v, want ± 1.1 %%", d, got)
			}
		}
	}
}

// near reports whether got is within the promised 1.1 % of want; the exact
// bound is 1.083 %, plus half a nanosecond for rounding.
func near(got, want time.Duration) bool {
	return math.Abs(float64(got-want)) <= 0.01084*float64(want)+0.5
}

// distributions are shapes that response times take, in seconds.
func distributions(r *rand.Rand) map[string]func() float64 {
	scale := math.Exp(r.Float64()*16 - 12) // 6 µs … 55 s
	return map[string]func() float64{
		"uniform":     func() float64 { return scale * r.Float64() },
		"exponential": func() float64 { return scale * r.ExpFloat64() },
		"lognormal":   func() float64 { return scale * math.Exp(1.5*r.NormFloat64()) },
		"pareto":      func() float64 { return scale * math.Pow(1-r.Float64(), -1/1.1) },
		"two modes": func() float64 {
			if r.IntN(20) == 0 {
				return scale * (50 + r.Float64())
			}
			return scale * (1 + 0.1*r.Float64())
		},
		"constant": func() float64 { return scale },
		"steps":    func() float64 { return scale * float64(1+r.IntN(5)) },
	}
}

func TestQuantileAgainstSortedSlice(t *testing.T) {
	r := newRand(t)
	for range 40 {
		for name, next := range distributions(r) {
			n := 1 + r.IntN(3000)
			var h measure.Histogram
			exact := make([]time.Duration, n)
			var sum float64
			for i := range exact {
				// Kept inside the range for which the error is promised.
				s := min(max(next(), 1e-6), 4000)
				exact[i] = time.Duration(s * 1e9)
				sum += exact[i].Seconds()
				h.Record(exact[i])
			}
			slices.Sort(exact)
			s := h.Snapshot()
			if s.Count() != uint64(n) || s.Max() != exact[n-1] {
				t.Fatalf("%s: Count, Max = %d, %v, want %d, %v", name, s.Count(), s.Max(), n, exact[n-1])
			}
			for _, q := range []float64{0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1, r.Float64()} {
				rank := max(1, int(math.Ceil(q*float64(n))))
				if got, want := s.Quantile(q), exact[rank-1]; !near(got, want) {
					t.Errorf("%s, n=%d: Quantile(%v) = %v, want %v ± 1.1 %%", name, n, q, got, want)
				}
			}
			mean := time.Duration(sum / float64(n) * 1e9)
			if !near(s.Mean(), mean) {
				t.Errorf("%s, n=%d: Mean() = %v, want %v ± 1.1 %%", name, n, s.Mean(), mean)
			}
		}
	}
}

func TestQuantileEdges(t *testing.T) {
	var empty, short, long, negative, two measure.Histogram
	short.Record(time.Nanosecond)
	long.Record(3 * time.Hour)
	long.Record(2 * time.Hour)
	negative.Record(-time.Second)
	two.Record(5 * time.Minute)
	two.Record(5 * time.Hour)
	tests := []struct {
		name string
		s    measure.HistogramSnapshot
		q    float64
		want time.Duration
		mean time.Duration
	}{
		{"empty", empty.Snapshot(), 0.5, 0, 0},
		{"below the range, never above the maximum", short.Snapshot(), 0.5, 1, 1},
		{"above the range tells the maximum", long.Snapshot(), 0.5, 3 * time.Hour, 150 * time.Minute},
		{"negative counts as zero", negative.Snapshot(), 0.5, 0, 0},
		{"q below 0", two.Snapshot(), -1, two.Snapshot().Quantile(0.5), two.Snapshot().Mean()},
		{"q above 1", two.Snapshot(), 2, 5 * time.Hour, two.Snapshot().Mean()},
		{"q is not a number", two.Snapshot(), math.NaN(), two.Snapshot().Quantile(0.5), two.Snapshot().Mean()},
	}
	for _, tt := range tests {
		if got := tt.s.Quantile(tt.q); got != tt.want {
			t.Errorf("%s: Quantile(%v) = %v, want %v", tt.name, tt.q, got, tt.want)
		}
		if got := tt.s.Mean(); got != tt.mean {
			t.Errorf("%s: Mean() = %v, want %v", tt.name, got, tt.mean)
		}
	}
	if got, want := negative.Snapshot().Count(), uint64(1); got != want {
		t.Errorf("Count() after a negative duration = %d, want %d", got, want)
	}
}

func TestReliable(t *testing.T) {
	var h measure.Histogram
	for i := range 100 {
		if h.Snapshot().Reliable() {
			t.Fatalf("Reliable() of %d samples = true, want false", i)
		}
		h.Record(time.Millisecond)
	}
	if !h.Snapshot().Reliable() {
		t.Error("Reliable() of 100 samples = false, want true")
	}
}

func TestMergeIsTheUnion(t *testing.T) {
	r := newRand(t)
	for range 50 {
		var a, b, both measure.Histogram
		for range r.IntN(500) {
			d := time.Duration(math.Exp(r.Float64() * 43)) // up to 150 years
			both.Record(d)
			if r.IntN(3) == 0 {
				a.Record(d)
			} else {
				b.Record(d)
			}
		}
		got, want := a.Snapshot().Merge(b.Snapshot()), both.Snapshot()
		if !got.Equal(want) {
			t.Fatalf("Merge() = %+v, want %+v", got, want)
		}
		if back := want.Sub(a.Snapshot()); back.Count() != b.Snapshot().Count() || !back.SameBuckets(b.Snapshot()) {
			t.Fatalf("union.Sub(a) = %+v, want the buckets of %+v", back, b.Snapshot())
		}
	}
}

func TestSubMax(t *testing.T) {
	var h measure.Histogram
	h.Record(time.Second)
	first := h.Snapshot()
	h.Record(100 * time.Millisecond)
	second := h.Snapshot()
	h.Record(1234567 * time.Microsecond)
	third := h.Snapshot()
	if got, want := second.Sub(first).Max(), 100*time.Millisecond; !near(got, want) {
		t.Errorf("Sub().Max() below the old maximum = %v, want %v ± 1.1 %%", got, want)
	}
	if got, want := third.Sub(second).Max(), 1234567*time.Microsecond; got != want {
		t.Errorf("Sub().Max() above the old maximum = %v, want %v", got, want)
	}
	h.Record(2 * time.Hour)
	fourth := h.Snapshot()
	h.Record(3 * time.Hour)
	if got, want := h.Snapshot().Sub(fourth).SumSeconds(), 10800.0; got != want {
		t.Errorf("Sub().SumSeconds() beyond the range = %v, want %v", got, want)
	}
	if got := third.Sub(third); !got.Equal(measure.HistogramSnapshot{}) {
		t.Errorf("s.Sub(s) = %+v, want empty", got)
	}
}

func TestBuckets(t *testing.T) {
	var h measure.Histogram
	for _, d := range []time.Duration{0, 1, time.Second, time.Second, time.Second + 1, 3 * time.Hour} {
		h.Record(d)
	}
	got := map[int]uint64{}
	for k, n := range h.Snapshot().Buckets() {
		got[k] = n
	}
	want := map[int]uint64{0: 2, 1: 1, 385: 1}
	if len(got) != len(want) || got[0] != 2 || got[1] != 1 || got[385] != 1 {
		t.Errorf("Buckets() = %v, want %v", got, want)
	}
	if got := h.Snapshot().Underflow(); got != 2 {
		t.Errorf("Underflow() = %d, want 2", got)
	}
}

func TestRecordConcurrently(t *testing.T) {
	var h measure.Histogram
	const each = 5000
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range each {
				h.Record(time.Duration(g*each+i) * time.Microsecond)
			}
		})
	}
	for range 100 {
		if s := h.Snapshot(); s.Quantile(0.5) > s.Max() {
			t.Errorf("Quantile(0.5) = %v while recording, above Max() = %v", s.Quantile(0.5), s.Max())
		}
	}
	wg.Wait()
	s := h.Snapshot()
	if got, want := s.Count(), uint64(8*each); got != want {
		t.Errorf("Count() = %d, want %d", got, want)
	}
	if got, want := s.Max(), (8*each-1)*time.Microsecond; got != want {
		t.Errorf("Max() = %v, want %v", got, want)
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	var h measure.Histogram
	d := time.Duration(1)
	if got := testing.AllocsPerRun(100, func() { d *= 2; h.Record(d) }); got != 0 {
		t.Errorf("Record allocates %v times, want 0", got)
	}
}
