package ratelimit_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

var seed = flag.Uint64("seed", 0, "seed of the random fleets; 0 takes one")

// A fleet is processes that share a store, in virtual time. They pause, crash
// and join at random, and ask for three times what the limit lets pass.
type fleet struct {
	t     *testing.T
	store ratelimit.Store
	limit ratelimit.Limit
	lease float64
	base  time.Time

	mu       sync.Mutex
	rng      *rand.Rand
	admitted []time.Duration // when, for each unit
	ends     []time.Duration // of the store's windows
	requests int
	leased   int
	calls    int
}

// quiet is how often the fleet is quiet, for a third of it.
const quiet = 30 * time.Second

// A link is one process's way to the store.
type link struct {
	*fleet
	cut context.Context // ends when the process crashes
}

func (k link) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	k.mu.Lock()
	k.calls++
	k.mu.Unlock()
	time.Sleep(k.upTo(20 * time.Millisecond))
	if k.cut.Err() != nil {
		return errDown
	}
	k.mu.Lock() // one at a time, so that the windows are in order
	err := k.store.Apply(ctx, op, charges, results)
	if op == ratelimit.Take && results[0].Granted > 0 {
		end := (time.Since(k.base) + results[0].ResetAfter).Round(time.Millisecond)
		if n := len(k.ends); n == 0 || k.ends[n-1] != end {
			k.ends = append(k.ends, end)
		}
	}
	k.mu.Unlock()
	time.Sleep(k.upTo(10 * time.Millisecond))
	return err
}

func (k link) Supports(l ratelimit.Limit) error { return k.store.Supports(l) }

func (k link) Ping(context.Context) error {
	if k.cut.Err() != nil {
		return errDown
	}
	return nil
}

func (f *fleet) upTo(d time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(f.rng.Int64N(int64(d)))
}

// process asks until ctx ends.
func (f *fleet) process(ctx context.Context, perSecond float64) {
	life, crash := context.WithCancel(ctx)
	defer crash()
	l := newLimiter(f.t, link{f, life}, ratelimit.Config{Namespace: "fleet", Timeout: time.Second})
	r := ruleOf(f.t, l, "r", f.limit, ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed, Lease: f.lease})
	gap := time.Duration(2 * float64(time.Second) / perSecond)
	crashes := time.Now().Add(20*time.Second + f.upTo(100*time.Second))
	for ctx.Err() == nil && time.Now().Before(crashes) {
		time.Sleep(f.upTo(gap))
		if f.upTo(time.Second) < 3*time.Millisecond {
			time.Sleep(f.upTo(2 * time.Second)) // units grow old meanwhile
		}
		if at := time.Since(f.base) % quiet; at > quiet*2/3 {
			time.Sleep(quiet - at) // nobody asks, and the bucket fills
		}
		f.mu.Lock()
		f.requests++
		f.mu.Unlock()
		d, err := r.Take(ctx, "key", 1)
		if err != nil && ctx.Err() == nil {
			f.t.Error(err)
		}
		if d.Allowed {
			f.mu.Lock()
			f.admitted = append(f.admitted, time.Since(f.base))
			if d.Closest().Source == ratelimit.FromLease {
				f.leased++
			}
			f.mu.Unlock()
		}
	}
}

func (f *fleet) run(processes int, whole time.Duration) {
	ctx, stop := context.WithTimeout(f.t.Context(), whole)
	defer stop()
	perSecond := 3 * float64(f.limit.Amount) / f.limit.Period.Seconds() / float64(processes)
	var all sync.WaitGroup
	for range processes {
		all.Go(func() {
			for ctx.Err() == nil { // another takes the place of one that has crashed
				f.process(ctx, perSecond)
			}
		})
	}
	all.Wait()
	slices.Sort(f.admitted)
}

// TestLeasesKeepTheirBound is the proof by trial of what RuleConfig.Lease says:
// in any time, what the limit lets pass, and ε of its least more.
func TestLeasesKeepTheirBound(t *testing.T) {
	const minutes = 4
	for _, limit := range []ratelimit.Limit{
		{Strategy: ratelimit.SlidingWindow, Amount: 2000, Period: time.Minute},
		{Strategy: ratelimit.FixedWindow, Amount: 2000, Period: time.Minute},
		{Strategy: ratelimit.MovingWindow, Amount: 2000, Period: time.Minute},
		{Strategy: ratelimit.GCRA, Amount: 2000, Period: time.Minute},
		{Strategy: ratelimit.GCRA, Amount: 2000, Period: time.Minute, Burst: 500},
		{Strategy: ratelimit.GCRA, Amount: 2000, Period: time.Minute, Burst: 4000},
	} {
		t.Run(limit.String(), func(t *testing.T) {
			s := *seed
			if s == 0 {
				s = rand.Uint64()
			}
			t.Logf("seed %d", s)
			synctest.Test(t, func(t *testing.T) {
				f := &fleet{t: t, store: newMemory(t), limit: limit, lease: 0.1, base: time.Now(), rng: rand.New(rand.NewPCG(s, 0))}
				f.run(6, minutes*time.Minute)
				f.check()
				// Nothing is refused for long that nobody uses.
				if n, want := len(f.admitted), int(0.7*minutes*float64(limit.Amount)); n < want {
					t.Errorf("%d admitted, want at least %d: three times the limit was asked for", n, want)
				}
				if leased := limit.Strategy != ratelimit.MovingWindow; f.leased > 0 != leased {
					t.Errorf("%d of %d requests were admitted by leased units, want some: %t", f.leased, f.requests, leased)
				}
				t.Logf("%d requests, %d admitted, %d of them leased, %d calls", f.requests, len(f.admitted), f.leased, f.calls)
			})
		})
	}
}

// check compares what was admitted with the bound of the limit.
func (f *fleet) check() {
	f.t.Helper()
	amount := float64(f.limit.Amount)
	switch f.limit.Strategy {
	case ratelimit.FixedWindow:
		for _, end := range f.ends {
			first, _ := slices.BinarySearch(f.admitted, end-f.limit.Period)
			after, _ := slices.BinarySearch(f.admitted, end-10*time.Millisecond) // of the answer's way
			if n := after - first; n > int(f.limit.Amount) {
				f.t.Errorf("%d were admitted in the window to %v, want at most %d", n, end, f.limit.Amount)
			}
		}
	case ratelimit.MovingWindow:
		for i := int(f.limit.Amount); i < len(f.admitted); i++ {
			if gap := f.admitted[i] - f.admitted[i-int(f.limit.Amount)]; gap < f.limit.Period-10*time.Millisecond {
				f.t.Fatalf("%d were admitted within %v", f.limit.Amount+1, gap)
			}
		}
	default:
		// n − r·(t−s) ≤ B + ε·min(B, Amount) for all s and t, and one unit of
		// rounding. 10 ms is how long an answer takes.
		rate := amount / f.limit.Period.Seconds()
		most := float64(f.limit.Most())
		bound := most + f.lease*min(most, amount) + 1 + rate*0.01
		least, worst := 0.0, 0.0 // of i − r·t before, and the greatest rise above it
		for i, at := range f.admitted {
			level := float64(i) - rate*at.Seconds()
			least = min(least, level)
			worst = max(worst, level+1-least)
		}
		if worst > bound {
			f.t.Errorf("%.0f above the rate were admitted in some time, want at most %.0f", worst, bound)
		}
		f.t.Logf("at most %.1f above the rate, of %.1f", worst, bound)
	}
}

// warm makes a process hold a slice of a bucket, and returns how many units it
// has spent.
func warm(t *testing.T, r *ratelimit.Rule, key string) (spent int64) {
	t.Helper()
	for range 20 {
		for range 100 {
			d, err := r.Take(t.Context(), key, 1)
			if err != nil || !d.Allowed {
				t.Fatalf("Take = %t, %v, after %d", d.Allowed, err, spent)
			}
			spent++
			if q := d.Closest(); q.Source == ratelimit.FromLease && q.Remaining < 0 {
				t.Fatalf("Remaining = %d of a leased unit", q.Remaining)
			}
			time.Sleep(time.Millisecond)
		}
	}
	synctest.Wait()
	return spent
}

// TestUnspentUnitsComeBack checks the store's count, in every way in which a
// slice can end.
func TestUnspentUnitsComeBack(t *testing.T) {
	const amount, epsilon = 100_000, 0.01
	for _, end := range []string{"its time", "Close", "a crash"} {
		t.Run(end, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemory(t)
				way := &remote{Store: store}
				l := newLimiter(t, way, ratelimit.Config{})
				r := newRule(t, l, "r", "100000/minute fixed", ratelimit.RuleConfig{Lease: epsilon})
				spent := warm(t, r, "k")
				exact := newRule(t, newLimiter(t, &remote{Store: store}, ratelimit.Config{}), "r", "100000/minute fixed", ratelimit.RuleConfig{})
				held := func() int64 {
					d, err := exact.Peek(t.Context(), "k", 1)
					if err != nil {
						t.Fatal(err)
					}
					return amount - spent - d.Closest().Remaining
				}
				if n := held(); n < 50 || n > 2*amount*epsilon {
					t.Fatalf("%d units are held, want some, and at most two slices", n)
				}
				switch end {
				case "its time":
					time.Sleep(time.Second) // a life is 600 ms
				case "Close":
					before := way.calls.Load()
					l.Close()
					if n := way.calls.Load() - before; n > 2 {
						t.Errorf("Close made %d calls for one lease", n)
					}
				case "a crash":
					way.fail(errDown)
					time.Sleep(time.Second)
					if n := held(); n > 2*amount*epsilon {
						t.Errorf("%d units are lost, want at most two slices", n)
					}
					return
				}
				synctest.Wait()
				if n := held(); n != 0 {
					t.Errorf("%d units have not come back", n)
				}
			})
		})
	}
}

// TestLeasedUnitsEnd holds units until their time is over: from then on the
// store decides.
func TestLeasedUnitsEnd(t *testing.T) {
	for _, limit := range []string{"100000/minute", "100000/minute gcra", "100000/minute fixed"} {
		synctest.Test(t, func(t *testing.T) {
			way := newRemote(t)
			var took atomic.Int64
			way.delay = func() { time.Sleep(time.Duration(took.Load())) }
			l := newLimiter(t, way, ratelimit.Config{Timeout: 10 * time.Second})
			r := newRule(t, l, "r", limit, ratelimit.RuleConfig{Lease: 0.01})
			warm(t, r, "k")
			source := func() ratelimit.Source {
				d := take(t, l, true, r.Use("k", 1))
				return d.Closest().Source
			}
			// Units are as old as the question, not as the answer: those that the
			// background asks for arrive half a second later.
			took.Store(int64(500 * time.Millisecond))
			for source() == ratelimit.FromLease {
				time.Sleep(time.Millisecond)
			}
			took.Store(0)
			if s := source(); s != ratelimit.FromLease {
				t.Errorf("%s: Source = %d while units are less than 600 ms old, want FromLease", limit, s)
			}
			time.Sleep(100 * time.Millisecond)
			if s := source(); s != ratelimit.FromStore {
				t.Errorf("%s: units that were asked for 600 ms ago were spent", limit)
			}
		})
	}
}

// TestUnitsEndWithTheirWindow takes units at the end of a fixed window, and asks
// in the next.
func TestUnitsEndWithTheirWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newRemote(t)
		l := newLimiter(t, way, ratelimit.Config{})
		r := newRule(t, l, "r", "100000/minute fixed", ratelimit.RuleConfig{Lease: 0.01})
		spent := warm(t, r, "k") // two seconds
		time.Sleep(57900 * time.Millisecond)
		for range 80 {
			take(t, l, true, r.Use("k", 1))
			time.Sleep(time.Millisecond)
			spent++
		}
		synctest.Wait()
		time.Sleep(25 * time.Millisecond) // into the next window
		if d := take(t, l, true, r.Use("k", 1)); d.Closest().Source != ratelimit.FromStore {
			t.Errorf("a unit of the last window was spent in this one: %s", quotas(&d))
		}
	})
}

// TestLeasesSaveTrips counts the calls of a process that spends the whole
// budget.
func TestLeasesSaveTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newRemote(t)
		l := newLimiter(t, way, ratelimit.Config{})
		r := newRule(t, l, "r", "100000/minute", ratelimit.RuleConfig{Lease: 0.01})
		const requests = 100_000
		for range requests {
			take(t, l, true, r.Use("k", 1))
			time.Sleep(time.Minute / requests)
		}
		if n := way.calls.Load(); n > requests/50 {
			t.Errorf("%d calls for %d requests, want at most 0.02 for each", n, requests)
		} else {
			t.Logf("%.4f calls for each request", float64(n)/requests)
		}
		if s := r.Stats(); s.Leased < requests*49/50 || s.Allowed != requests {
			t.Errorf("Stats() = %+v", s)
		}
	})
}

// TestWhatIsNotLeased checks that the store decides on each.
func TestWhatIsNotLeased(t *testing.T) {
	for _, c := range []struct {
		name, limits string
		config       ratelimit.RuleConfig
		cost         int64
	}{
		{"no lease", "100000/minute", ratelimit.RuleConfig{}, 1},
		{"a small limit", "900/minute", ratelimit.RuleConfig{Lease: 0.01}, 1},
		{"a small burst", "100000/minute burst 900", ratelimit.RuleConfig{Lease: 0.01}, 1},
		{"a short time", "1000 per 100ms", ratelimit.RuleConfig{Lease: 0.01}, 1},
		{"a great cost", "100000/minute", ratelimit.RuleConfig{Lease: 0.01}, 101},
		{"no cost", "100000/minute", ratelimit.RuleConfig{Lease: 0.01}, 0},
		{"a moving window", "100000/minute moving", ratelimit.RuleConfig{Lease: 0.01}, 1},
		{"concurrency", "100000 concurrent", ratelimit.RuleConfig{Lease: 0.01}, 1},
		{"a dry run", "100000/minute", ratelimit.RuleConfig{Lease: 0.01, DryRun: true}, 1},
		{"what is taken back", "100000/minute", ratelimit.RuleConfig{Lease: 0.01, Refunds: true}, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			way := newRemote(t)
			l := newLimiter(t, way, ratelimit.Config{})
			r := newRule(t, l, "r", c.limits, c.config)
			for range 200 {
				take(t, l, true, r.Use("k", c.cost))
				time.Sleep(time.Millisecond)
			}
			if n := way.calls.Load(); n != 200 || l.Leases() != 0 {
				t.Errorf("%s: %d calls for 200 requests, %d leases, want 200 and none", c.name, n, l.Leases())
			}
		})
	}
}

func TestColdKeysStayExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		l := newLimiter(t, &remote{Store: store}, ratelimit.Config{})
		r := newRule(t, l, "r", "100000/minute fixed", ratelimit.RuleConfig{Lease: 0.01})
		take(t, l, true, r.Use("k", 1))
		wantLeft(t, r, "k", 99_999)
	})
}

// TestLeasedKeysAreBounded floods a limiter with keys, and then asks for one
// that comes back when the others are cold.
func TestLeasedKeysAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newRemote(t)
		l := newLimiter(t, way, ratelimit.Config{LeasedKeys: 1000})
		r := newRule(t, l, "r", "100000/minute", ratelimit.RuleConfig{Lease: 0.01})
		for i := range 20_000 {
			take(t, l, true, r.Use(fmt.Sprint(i), 1))
		}
		if n := l.Leases(); n < 500 || n > 1000 {
			t.Errorf("%d leases for 20,000 keys, want at most 1000", n)
		}
		if n := way.calls.Load(); n > 20_000 {
			t.Errorf("%d calls for 20,000 keys", n)
		}
		time.Sleep(10 * time.Second)
		warm(t, r, "new") // there is room for it
		if n := r.Stats().Leased; n < 1000 {
			t.Errorf("%d of 2000 requests were leased after the flood", n)
		}
	})
}

// TestALeasedRefusalGivesBack checks that a request that another rule refuses
// costs no leased unit, nor one that is taken back in time.
func TestALeasedRefusalGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		l := newLimiter(t, &remote{Store: store}, ratelimit.Config{})
		r := newRule(t, l, "r", "100000/minute fixed", ratelimit.RuleConfig{Lease: 0.01})
		narrow := newRule(t, l, "narrow", "1/hour", ratelimit.RuleConfig{})
		spent := warm(t, r, "k")
		take(t, l, true, r.Use("k", 1), narrow.Use("k", 1))
		spent++
		for range 50 {
			take(t, l, false, r.Use("k", 1), narrow.Use("k", 1))
		}
		for range 5 {
			d := take(t, l, true, r.Use("k", 1))
			if err := l.Refund(t.Context(), &d); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		wantLeft(t, r, "k", 100_000-spent)
	})
}

// TestLeasesWithoutTheStore spends what is held, and then does what the rule
// says.
func TestLeasesWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newRemote(t)
		told := 0
		l := newLimiter(t, way, ratelimit.Config{OnError: func(context.Context, error) { told++ }})
		r := newRule(t, l, "r", "100000/minute", ratelimit.RuleConfig{Lease: 0.01, OnStoreError: ratelimit.FailClosed})
		warm(t, r, "k")
		way.fail(errDown)
		admitted := 0
		for {
			d, err := r.Take(t.Context(), "k", 1)
			if err != nil {
				break
			}
			if !d.Allowed || d.Closest().Source != ratelimit.FromLease {
				t.Fatalf("Take without the store: %s", quotas(&d))
			}
			admitted++
			synctest.Wait()
		}
		if admitted == 0 || admitted > 2000 {
			t.Errorf("%d were admitted of what was held, want at most two slices", admitted)
		}
		if told > 10 {
			t.Errorf("OnError was called %d times for one outage", told)
		}
		way.fail(nil)
		time.Sleep(time.Second)
		warm(t, r, "k")
	})
}
