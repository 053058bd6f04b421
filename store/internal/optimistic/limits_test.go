package optimistic_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/ratelimittest"
	"github.com/hone-go/hone/store/internal/optimistic"
)

var seed = flag.Uint64("seed", 0, "seed of random charges; 0 takes one")

// A store adds what Limits lacks.
type store struct{ *optimistic.Limits }

func (store) Ping(context.Context) error { return nil }

func newStore(t *table) store { return store{optimistic.New(t, 1000)} }

func TestConformance(t *testing.T) {
	ratelimittest.Run(t, func(t *testing.T) ratelimit.Store { return newStore(newTable()) },
		ratelimittest.AgreementConfig{Seed: *seed, Calls: 20_000})
}

func charge(key string, amount, cost int64) ratelimit.Charge {
	return ratelimit.Charge{
		Limit: ratelimit.Limit{Strategy: ratelimit.FixedWindow, Amount: amount, Period: time.Hour}, Key: key, Cost: cost,
	}
}

func apply(t *testing.T, l ratelimit.Store, op ratelimit.Op, charges ...ratelimit.Charge) []ratelimit.Result {
	t.Helper()
	results := make([]ratelimit.Result, len(charges))
	if err := l.Apply(t.Context(), op, charges, results); err != nil {
		t.Fatal(err)
	}
	return results
}

func remains(t *testing.T, l ratelimit.Store, c ratelimit.Charge, want int64) {
	t.Helper()
	if got := apply(t, l, ratelimit.Peek, c)[0].Remaining; got != want {
		t.Errorf("Remaining of %s = %d, want %d", c.Key, got, want)
	}
}

// atSwap lets f run before the swap of that number, once.
func (t *table) atSwap(number int, f func() error) {
	n := 0
	t.beforeSwap = func(string) error {
		if n++; n == number {
			t.beforeSwap = nil
			return f()
		}
		return nil
	}
}

// TestLateRefusalTakesBack: another process fills the bucket that is charged
// last, between the look at both and its charge.
func TestLateRefusalTakesBack(t *testing.T) {
	records := newTable()
	ours, theirs := newStore(records), newStore(records)
	both := []ratelimit.Charge{charge("a", 5, 2), charge("b", 5, 2)}
	records.atSwap(2, func() error {
		for _, c := range both {
			c.Cost = 4
			apply(t, theirs, ratelimit.Take, c) // one is refused: ours has charged it
		}
		return nil
	})
	results := apply(t, ours, ratelimit.Take, both...)
	refused := 0
	for i, r := range results {
		remaining := int64(5)
		if !r.Allowed {
			refused++
			remaining = 1
		}
		if r.Granted != 0 || r.Remaining != remaining || r.Receipt != (ratelimit.Receipt{}) {
			t.Errorf("result %d = %+v, want Granted 0, Remaining %d, no Receipt", i, r, remaining)
		}
		remains(t, ours, both[i], remaining)
	}
	if refused != 1 {
		t.Errorf("%d of %+v are refused, want 1", refused, results)
	}
}

// TestLateRefusalKeepsAHeldLease: what was held before the call is not given
// back with what the call has charged.
func TestLateRefusalKeepsAHeldLease(t *testing.T) {
	for i := range 8 { // either may be charged first
		records := newTable()
		ours, theirs := newStore(records), newStore(records)
		lease := charge(fmt.Sprint("lease", i), 1, 1)
		lease.Limit.Strategy, lease.ID = ratelimit.Concurrency, ratelimit.ID{1}
		ours.SetNow(1_000_000)
		apply(t, ours, ratelimit.Take, lease)
		ours.SetNow(2_000_000)
		theirs.SetNow(2_000_000)
		other := charge("other", 5, 2)
		records.atSwap(2, func() error {
			apply(t, theirs, ratelimit.Take, charge("other", 5, 4))
			return nil
		})
		if r := apply(t, ours, ratelimit.Take, lease, other); (r[0].Granted > 0) != (r[1].Granted > 0) {
			t.Errorf("Take = %+v, want both or none", r)
		}
		next := lease
		next.ID = ratelimit.ID{2}
		remains(t, ours, next, 0)
	}
}

// TestLostInBetween: what was charged stays charged.
func TestLostInBetween(t *testing.T) {
	records := newTable()
	l := newStore(records)
	both := []ratelimit.Charge{charge("a", 5, 2), charge("b", 5, 2)}
	records.atSwap(2, func() error { return fmt.Errorf("lost: %w", ratelimit.ErrUnavailable) })
	if err := l.Apply(t.Context(), ratelimit.Take, both, make([]ratelimit.Result, 2)); !errors.Is(err, ratelimit.ErrUnavailable) {
		t.Errorf("Apply = %v, want ErrUnavailable", err)
	}
	left := apply(t, l, ratelimit.Peek, both...)
	if sum := left[0].Remaining + left[1].Remaining; sum != 8 {
		t.Errorf("Remaining = %d and %d, want 5 of one and 3 of the other", left[0].Remaining, left[1].Remaining)
	}
}

// TestNeverMore has processes charge random ones of a few buckets, in any
// order: no bucket lets more pass than it has, and what is refused leaves
// nothing behind.
func TestNeverMore(t *testing.T) {
	const buckets, amount = 4, 20
	records := newTable()
	var admitted [buckets]atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		l := newStore(records) // a process
		for range 4 {
			all.Go(func() {
				for range 25 {
					var charges []ratelimit.Charge
					which := rand.Perm(buckets)[:1+rand.IntN(3)]
					for _, i := range which {
						charges = append(charges, charge(fmt.Sprint(i), amount, 1))
					}
					results := make([]ratelimit.Result, len(charges))
					if err := l.Apply(context.Background(), ratelimit.Take, charges, results); err != nil {
						t.Error(err)
					}
					for k, i := range which {
						admitted[i].Add(results[k].Granted)
						if results[k].Granted != results[0].Granted {
							t.Errorf("Take = %+v, want all or none", results)
						}
					}
				}
			})
		}
	}
	all.Wait()
	for i := range admitted {
		n := admitted[i].Load()
		if n > amount {
			t.Errorf("bucket %d let %d of %d pass", i, n, amount)
		}
		remains(t, newStore(records), charge(fmt.Sprint(i), amount, 1), amount-n)
	}
}

// TestTwoBucketsAtOnce: of callers that need the same two, as many get on as
// there is room for.
func TestTwoBucketsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := newTable()
		records.trip = time.Millisecond
		var admitted atomic.Int64
		var all sync.WaitGroup
		for i := range 16 {
			l := newStore(records) // a process
			all.Go(func() {
				charges := []ratelimit.Charge{charge("a", 3, 1), charge("b", 3, 1)}
				if i%2 == 0 {
					charges[0], charges[1] = charges[1], charges[0]
				}
				results := make([]ratelimit.Result, 2)
				if err := l.Apply(context.Background(), ratelimit.Take, charges, results); err != nil {
					t.Error(err)
				}
				admitted.Add(results[0].Granted)
			})
		}
		all.Wait()
		if n := admitted.Load(); n != 3 {
			t.Errorf("16 processes took %d of 3, want 3", n)
		}
	})
}

// TestUnreadableRecordAdmitsNothing: until it is reset.
func TestUnreadableRecordAdmitsNothing(t *testing.T) {
	records := newTable()
	l := newStore(records)
	c := charge("a", 5, 1)
	apply(t, l, ratelimit.Take, c)
	for name, r := range records.of {
		r.Data = []byte("junk")
		records.of[name] = r
	}
	err := l.Apply(t.Context(), ratelimit.Take, []ratelimit.Charge{c}, make([]ratelimit.Result, 1))
	if !errors.Is(err, ratelimit.ErrUnavailable) {
		t.Errorf("Take = %v, want ErrUnavailable", err)
	}
	apply(t, l, ratelimit.Reset, c)
	remains(t, l, c, 5)
}

// TestRecordOutlivesItsBucket by ten seconds, by any clock: whatever is written
// last, the record lives for as long as a charge counts.
func TestRecordOutlivesItsBucket(t *testing.T) {
	for _, tt := range []struct {
		limit ratelimit.Limit
		want  time.Duration
	}{
		{ratelimit.Limit{Strategy: ratelimit.FixedWindow, Amount: 5, Period: time.Hour}, time.Hour},
		{ratelimit.Limit{Strategy: ratelimit.MovingWindow, Amount: 5, Period: time.Hour}, time.Hour},
		{ratelimit.Limit{Strategy: ratelimit.Concurrency, Amount: 5, Period: time.Hour}, time.Hour},
		{ratelimit.Limit{Strategy: ratelimit.SlidingWindow, Amount: 5, Period: time.Hour}, 2 * time.Hour},
		{ratelimit.Limit{Strategy: ratelimit.GCRA, Amount: 5, Period: time.Hour}, time.Hour},
		{ratelimit.Limit{Strategy: ratelimit.GCRA, Amount: 5, Period: time.Hour, Burst: 50}, 10 * time.Hour},
	} {
		records := newTable()
		l := newStore(records)
		check := func(op string) {
			t.Helper()
			for _, r := range records.of {
				if over := r.life - tt.want - 10*time.Second; over < 0 || over > time.Millisecond {
					t.Errorf("life of the record of %s after %s = %s, want %s and 10s", tt.limit, op, r.life, tt.want)
				}
			}
		}
		c := ratelimit.Charge{Limit: tt.limit, Key: "a", Cost: 1, ID: ratelimit.ID{1}}
		c.Receipt = apply(t, l, ratelimit.Take, c)[0].Receipt
		check("Take")
		apply(t, l, ratelimit.Refund, c)
		check("Refund")
	}
}

// TestWaitEndsWithItsContext: whoever waits for another caller's change.
func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := newTable()
		l := newStore(records)
		records.beforeSwap = func(string) error {
			time.Sleep(time.Minute)
			return nil
		}
		go func() {
			results := make([]ratelimit.Result, 1)
			if err := l.Apply(context.Background(), ratelimit.Take, []ratelimit.Charge{charge("a", 5, 1)}, results); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		err := l.Apply(ctx, ratelimit.Take, []ratelimit.Charge{charge("a", 5, 1)}, make([]ratelimit.Result, 1))
		if !errors.Is(err, ratelimit.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Take behind another's = %v, want ErrUnavailable for the deadline", err)
		}
		if d := time.Since(began); d != time.Second {
			t.Errorf("Take behind another's with a deadline of 1s took %s", d)
		}
		time.Sleep(2 * time.Minute) // the other is done
		records.beforeSwap = nil
		apply(t, l, ratelimit.Take, charge("a", 5, 4))
		remains(t, l, charge("a", 5, 1), 0)
		if n := l.Turns(); n != 0 {
			t.Errorf("%d turns are left, want none", n)
		}
	})
}

// TestOneProcessSwapsInTurn: none of its callers is in vain.
func TestOneProcessSwapsInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := newTable()
		records.trip = time.Millisecond
		l := newStore(records)
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				c := []ratelimit.Charge{charge("a", 100, 1)}
				if err := l.Apply(context.Background(), ratelimit.Take, c, make([]ratelimit.Result, 1)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		remains(t, l, charge("a", 100, 1), 36)
		if records.n != 64 || records.vain != 0 {
			t.Errorf("%d swaps and %d in vain, want 64 and 0", records.n, records.vain)
		}
	})
}

func TestSupports(t *testing.T) {
	l := newStore(newTable())
	for _, tt := range []struct {
		strategy ratelimit.Strategy
		amount   int64
		ok       bool
	}{
		{ratelimit.MovingWindow, 1000, true},
		{ratelimit.MovingWindow, 1001, false},
		{ratelimit.Concurrency, 1000, true},
		{ratelimit.Concurrency, 1001, false},
		{ratelimit.GCRA, ratelimit.MaxAmount, true},
		{ratelimit.FixedWindow, ratelimit.MaxAmount, true},
		{ratelimit.SlidingWindow, ratelimit.MaxAmount, true},
	} {
		c := charge("a", tt.amount, 1)
		c.Limit.Strategy = tt.strategy
		err := l.Supports(c.Limit)
		applied := l.Apply(t.Context(), ratelimit.Take, []ratelimit.Charge{c}, make([]ratelimit.Result, 1))
		if (err == nil) != tt.ok || (applied == nil) != tt.ok || !tt.ok && !(errors.Is(err, ratelimit.ErrUnsupported) && errors.Is(applied, ratelimit.ErrUnsupported)) {
			t.Errorf("Supports(%s of %d), Apply = %v, %v, want ok %t", tt.strategy, tt.amount, err, applied, tt.ok)
		}
	}
}
