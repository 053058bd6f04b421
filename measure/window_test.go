package measure_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/measure"
)

func TestMinuteRolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecorder(t, measure.Config{})
		rec.Observe("/a", 900*time.Millisecond) // at 0 s
		steps := []struct {
			wait   time.Duration
			record time.Duration
			window time.Duration
			count  uint64
			max    time.Duration
		}{
			{1 * time.Second, 0, time.Second, 1, 900 * time.Millisecond},
			{2 * time.Second, 100 * time.Millisecond, 3 * time.Second, 2, 900 * time.Millisecond},
			{30 * time.Second, 200 * time.Millisecond, 33 * time.Second, 3, 900 * time.Millisecond},
			{27 * time.Second, 0, 60 * time.Second, 3, 900 * time.Millisecond},
			{4999 * time.Millisecond, 0, 64999 * time.Millisecond, 3, 900 * time.Millisecond},
			// At 65 s the first five seconds fall out, the maximum with them.
			{1 * time.Millisecond, 0, 60 * time.Second, 1, 200 * time.Millisecond},
			{29 * time.Second, 0, 64 * time.Second, 1, 200 * time.Millisecond},
			{3 * time.Second, 50 * time.Millisecond, 62 * time.Second, 1, 50 * time.Millisecond},
			{24 * time.Hour, 0, 62 * time.Second, 0, 0},
			{time.Second, 10 * time.Millisecond, 63 * time.Second, 1, 10 * time.Millisecond},
		}
		for _, st := range steps {
			time.Sleep(st.wait)
			if st.record > 0 {
				rec.Observe("/a", st.record)
			}
			snap := rec.Snapshot()
			minute := snap.Series[0].Minute
			if snap.Window() != st.window || minute.Count != st.count || minute.Max != st.max {
				t.Errorf("at %v: window, count, max = %v, %d, %v, want %v, %d, %v",
					snap.Age(), snap.Window(), minute.Count, minute.Max, st.window, st.count, st.max)
			}
			if got, want := minute.Rate, float64(st.count)/st.window.Seconds(); got != want {
				t.Errorf("at %v: rate = %v, want %v: over the true window", snap.Age(), got, want)
			}
		}
		total := only(t, rec).Total
		if total.Count != 5 || total.Max != 900*time.Millisecond {
			t.Errorf("total count, max = %d, %v, want 5, 900ms", total.Count, total.Max)
		}
	})
}

// Against the obvious version: keep every sample with its time.
func TestMinuteAgainstSamples(t *testing.T) {
	r := newRand(t)
	synctest.Test(t, func(t *testing.T) {
		rec := newRecorder(t, measure.Config{})
		start := time.Now()
		type sample struct {
			at time.Duration
			d  time.Duration
		}
		var all []sample
		for range 2000 {
			switch r.IntN(40) {
			case 0:
				time.Sleep(time.Duration(r.Int64N(int64(20 * time.Second))))
			case 1:
				age := time.Since(start)
				first := time.Duration(0)
				if age >= time.Minute {
					first = age.Truncate(5*time.Second) - time.Minute
				}
				var want []time.Duration
				for _, s := range all {
					if s.at >= first {
						want = append(want, s.d)
					}
				}
				snap := rec.Snapshot()
				if len(snap.Series) == 0 {
					continue
				}
				got := snap.Series[0].Minute
				longest := time.Duration(0)
				if len(want) > 0 {
					longest = slices.Max(want)
				}
				if got.Count != uint64(len(want)) || got.Max != longest {
					t.Fatalf("at %v: minute count, max = %d, %v, want %d, %v", age, got.Count, got.Max, len(want), longest)
				}
			default:
				time.Sleep(time.Duration(r.Int64N(int64(400 * time.Millisecond))))
				d := time.Duration(1 + r.Int64N(int64(time.Second)))
				rec.Observe("/", d)
				all = append(all, sample{time.Since(start), d})
			}
		}
		if got := only(t, rec).Total.Count; got != uint64(len(all)) {
			t.Errorf("total count = %d, want %d", got, len(all))
		}
	})
}

// Recording and reading at once, over many epochs, loses nothing.
func TestWindowConcurrently(t *testing.T) {
	w := measure.NewWindow()
	const each, goroutines = 4000, 8
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				w.Record(time.Duration(i)*10*time.Millisecond, time.Duration(1+rand.Int64N(1e9)), 2)
				if i%100 == 0 {
					w.Read(time.Duration(i) * 10 * time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	// 40 s in, so that the minute still holds all of it.
	total, minute, totalBytes, minuteBytes := w.Read(each * 10 * time.Millisecond)
	const n = each * goroutines
	if total.Count() != n || minute.Count() != n || totalBytes != 2*n || minuteBytes != 2*n {
		t.Errorf("total, minute = %d with %d bytes, %d with %d bytes, want %d with %d in both",
			total.Count(), totalBytes, minute.Count(), minuteBytes, n, 2*n)
	}
	if !total.Equal(minute) {
		t.Errorf("minute = %+v, want the same as total %+v", minute, total)
	}
}

func TestMinuteForgetsSums(t *testing.T) {
	w := measure.NewWindow()
	w.Record(0, time.Millisecond, 100)
	w.Record(50*time.Second, time.Millisecond, 20)
	w.Record(70*time.Second, time.Millisecond, 3)
	if _, _, total, minute := w.Read(70 * time.Second); total != 123 || minute != 23 {
		t.Errorf("bytes in total, in the last minute = %d, %d, want 123, 23", total, minute)
	}
}
