package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

const shortTimeout = 50 * time.Millisecond // Config's default

// outages are the ways in which a store can be away.
var outages = map[string]func(*remote, bool){
	"it fails": func(r *remote, away bool) {
		if away {
			r.fail(errDown)
		} else {
			r.fail(nil)
		}
	},
	"it hangs": func(r *remote, away bool) { r.hangs.Store(away) },
}

func TestWithoutTheStore(t *testing.T) {
	for name, set := range outages {
		for _, policy := range []ratelimit.OnStoreError{ratelimit.FailOpen, ratelimit.FailClosed, ratelimit.FailShare} {
			t.Run(fmt.Sprintf("%s/policy %d", name, policy), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testOutage(t, policy, set) })
			})
		}
	}
}

func testOutage(t *testing.T, policy ratelimit.OnStoreError, set func(*remote, bool)) {
	way := newRemote(t)
	told := 0
	l := newLimiter(t, way, ratelimit.Config{
		Local: newMemory(t), Instances: 4,
		OnError: func(_ context.Context, err error) {
			told++
			if !errors.Is(err, ratelimit.ErrUnavailable) {
				t.Errorf("OnError(%v), want an error that matches ErrUnavailable", err)
			}
		},
	})
	r := newRule(t, l, "r", "20/hour", ratelimit.RuleConfig{OnStoreError: policy})
	take(t, l, true, r.Use("k", 1))
	set(way, true)
	admitted := 0
	for i := range 30 {
		began := time.Now()
		d, err := r.Take(t.Context(), "k", 1)
		if took := time.Since(began); took > shortTimeout*5/4 || i >= 5 && took != 0 {
			t.Errorf("request %d without the store took %v", i, took)
		}
		if (err != nil) != (policy == ratelimit.FailClosed) || err != nil && !errors.Is(err, ratelimit.ErrUnavailable) {
			t.Fatalf("request %d: Take = %v", i, err)
		}
		if d.Degraded == nil || err != nil && d.Allowed {
			t.Errorf("request %d: Allowed = %t, Degraded = %v", i, d.Allowed, d.Degraded)
		}
		if d.Allowed {
			admitted++
		}
		want := ratelimit.FromPolicy
		if policy == ratelimit.FailShare {
			want = ratelimit.FromShare
		}
		if q := d.Closest(); err == nil && q.Source != want {
			t.Errorf("request %d: Source = %d, want %d", i, q.Source, want)
		}
	}
	if want := map[ratelimit.OnStoreError]int{ratelimit.FailOpen: 30, ratelimit.FailShare: 5}[policy]; admitted != want {
		t.Errorf("%d of 30 were admitted without the store, want %d", admitted, want)
	}
	if s := r.Stats(); s.Degraded != 30 || s.Allowed != int64(admitted)+1 || told != 5 {
		t.Errorf("Stats() = %+v, OnError called %d times, want 30 degraded, and 5 calls", s, told)
	}
	set(way, false)
	time.Sleep(time.Second) // recovery
	d := take(t, l, true, r.Use("k", 1))
	if d.Degraded != nil || d.Closest().Source != ratelimit.FromStore {
		t.Errorf("a second after the store is back: %s, degraded %v", quotas(&d), d.Degraded)
	}
	wantLeft(t, r, "k", 18)
}

// TestPoliciesTogether has a rule of each kind in one request.
func TestPoliciesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newRemote(t)
		l := newLimiter(t, way, ratelimit.Config{Local: newMemory(t), Instances: 2})
		open := newRule(t, l, "open", "1/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailOpen})
		closed := newRule(t, l, "closed", "100/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed})
		tried := newRule(t, l, "tried", "100/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed, DryRun: true})
		share := newRule(t, l, "share", "8/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailShare})
		concurrent := newRule(t, l, "concurrent", "4 concurrent for 10s", ratelimit.RuleConfig{OnStoreError: ratelimit.FailShare})
		way.fail(errDown)

		uses := []ratelimit.Use{share.Use("k", 1), open.Use("k", 1), tried.Use("k", 1)}
		for i := range 10 {
			take(t, l, i < 4, uses...)
		}
		if d, err := l.Take(t.Context(), append(uses, closed.Use("k", 1))...); err == nil || d.Allowed {
			t.Errorf("Take with a rule that fails closed = %t, %v", d.Allowed, err)
		}
		if s := share.Stats(); s.Allowed+s.Refused != 10 {
			t.Errorf("Stats() = %+v of a rule that was not asked the last time, want 10 decisions", s)
		}
		// A charge in the share is taken back, extended and released there.
		v, _, err := l.Reserve(t.Context(), share.Use("j", 4), concurrent.Use("j", 2))
		if err != nil || v == nil {
			t.Fatal(err)
		}
		take(t, l, false, concurrent.Use("j", 1))
		time.Sleep(8 * time.Second)
		if held, err := v.Extend(t.Context()); !held || err != nil {
			t.Errorf("Extend in the share = %t, %v", held, err)
		}
		time.Sleep(8 * time.Second)
		take(t, l, false, concurrent.Use("j", 1))
		if err := v.Cancel(t.Context()); err != nil {
			t.Error(err)
		}
		take(t, l, true, share.Use("j", 4), concurrent.Use("j", 2))
	})
}

// TestSharesStayWithinTheLimit has N processes lose the store at once: together
// they admit no more than the limit, or one unit each.
func TestSharesStayWithinTheLimit(t *testing.T) {
	for _, amount := range []int64{1, 5, 7, 100, 1000} {
		for _, processes := range []int{1, 3, 10, 64} {
			for _, s := range strategies {
				synctest.Test(t, func(t *testing.T) {
					limit := ratelimit.Limit{Strategy: s, Amount: amount, Period: time.Hour}
					store := newMemory(t)
					var ways []*remote
					var rules []*ratelimit.Rule
					for range processes {
						way := &remote{Store: store}
						l := newLimiter(t, way, ratelimit.Config{Local: newMemory(t)})
						ways = append(ways, way)
						rules = append(rules, ruleOf(t, l, "r", limit, ratelimit.RuleConfig{OnStoreError: ratelimit.FailShare}))
					}
					time.Sleep(11 * time.Second) // two beats: all know of each other
					synctest.Wait()
					for _, w := range ways {
						w.fail(errDown)
					}
					var n int64
					for _, r := range rules {
						for {
							d, err := r.Take(t.Context(), "k", 1)
							if err != nil {
								t.Fatal(err)
							}
							if !d.Allowed {
								break
							}
							n++
						}
					}
					if most := max(amount, int64(processes)); n > most || n < int64(processes) {
						t.Errorf("%d processes admitted %d of %s without the store, want %d to %d", processes, n, limit, processes, most)
					}
				})
			}
		}
	}
}

// A loser is a store that can lose what it holds.
type loser struct {
	mu sync.Mutex
	ratelimit.Store
}

func (s *loser) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store.Apply(ctx, op, charges, results)
}

func (s *loser) lose(t *testing.T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Store = newMemory(t)
}

func TestCensus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &loser{Store: newMemory(t)}
		join := func() (*ratelimit.Limiter, *remote) {
			way := &remote{Store: store}
			l := newLimiter(t, way, ratelimit.Config{Local: newMemory(t)})
			newRule(t, l, "r", "1/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailShare})
			synctest.Wait()
			return l, way
		}
		want := func(l *ratelimit.Limiter, n int, when string) {
			t.Helper()
			synctest.Wait()
			if got := l.Instances(); got != n {
				t.Errorf("Instances() = %d %s, want %d", got, when, n)
			}
		}
		a, _ := join()
		want(a, 1, "alone")
		b, _ := join()
		c, cut := join()
		want(c, 3, "at once for who comes last")
		time.Sleep(5 * time.Second)
		want(a, 3, "after a beat")
		b.Close()
		time.Sleep(11 * time.Second)
		want(a, 2, "two beats after one has closed")
		cut.fail(errDown) // c crashes
		time.Sleep(11 * time.Second)
		want(a, 2, "while a crash might be a pause")
		time.Sleep(16 * time.Second)
		want(a, 1, "after a lease and two beats")
		d, _ := join()
		time.Sleep(6 * time.Second)
		// The store loses everything: who is first counts itself alone, and
		// remembers how many there were.
		store.lose(t)
		time.Sleep(2 * time.Second)
		want(a, 2, "a beat after the loss")
		d.Close()

		fixed := newLimiter(t, newRemote(t), ratelimit.Config{Local: newMemory(t), Instances: 7})
		newRule(t, fixed, "r", "1/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailShare})
		want(fixed, 7, "as configured")
	})
}

// TestACallerWhoLeaves checks that a request's own end does not look
// like the store's.
func TestACallerWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newRemote(t)
		var failures atomic.Int64
		l := newLimiter(t, way, ratelimit.Config{OnError: func(context.Context, error) { failures.Add(1) }})
		r := newRule(t, l, "r", "1000/hour", ratelimit.RuleConfig{})
		way.delay = func() { time.Sleep(10 * time.Millisecond) }
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if d, err := r.Take(ctx, "k", 1); err != nil || !d.Allowed {
				t.Errorf("Take with a caller who leaves = %t, %v", d.Allowed, err)
			}
			cancel()
		}
		if n := failures.Load(); n != 0 {
			t.Errorf("%d failures of the store", n)
		}
	})
}

func TestUnsupported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newRemote(t)
		l := newLimiter(t, way, ratelimit.Config{})
		r := newRule(t, l, "r", "1/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailOpen})
		way.fail(fmt.Errorf("test: %w", ratelimit.ErrUnsupported))
		for range 10 {
			if d, err := r.Take(t.Context(), "k", 1); !errors.Is(err, ratelimit.ErrUnsupported) || d.Allowed || d.Degraded != nil {
				t.Errorf("Take = %t, %v, degraded %v, want ErrUnsupported", d.Allowed, err, d.Degraded)
			}
		}
	})
}
