package ratelimit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// TestCountOnlyFailures has a hundred logins at once, of which some fail, try
// until they were let in. Never do more than five failures count at a time, and
// a success never does.
func TestCountOnlyFailures(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		for _, s := range strategies[:4] { // a lease does not outlive the login
			r := ruleOf(t, l, s.String(), ratelimit.Limit{Strategy: s, Amount: 5, Period: 1000 * time.Hour}, ratelimit.RuleConfig{})
			var mu sync.Mutex
			var failures, successes, inside, most int64 // guarded by mu: a login moves from one to another at once
			var logins sync.WaitGroup
			for i := range 100 {
				logins.Go(func() {
					for range 50 {
						v, _, err := l.Reserve(t.Context(), r.Use("alice", 1))
						if err != nil {
							t.Error(err)
							return
						}
						if v == nil {
							time.Sleep(time.Millisecond)
							continue
						}
						mu.Lock()
						inside++
						most = max(most, inside+failures)
						mu.Unlock()
						time.Sleep(time.Millisecond)
						failed, end := i%9 == 0, v.Cancel
						mu.Lock()
						inside--
						if failed {
							failures++
							end = v.Commit
						} else {
							successes++
						}
						mu.Unlock()
						if err := end(t.Context()); err != nil {
							t.Error(err)
						}
						return
					}
				})
			}
			logins.Wait()
			if failures > 5 || most > 5 {
				t.Errorf("%s: %d failures counted, and %d with those under way, want at most 5", s, failures, most)
			}
			wantLeft(t, r, "alice", 5-failures)
			if successes == 0 {
				t.Errorf("%s: nobody got in", s)
			}
		}
	})
}

// TestSuccessesNeverCount makes more than the limit, one after the other.
func TestSuccessesNeverCount(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		for _, s := range strategies {
			r := ruleOf(t, l, s.String(), ratelimit.Limit{Strategy: s, Amount: 2, Period: time.Hour}, ratelimit.RuleConfig{})
			for i := range 20 {
				v, _, err := l.Reserve(t.Context(), r.Use("alice", 1))
				if err != nil || v == nil {
					t.Fatalf("%s: Reserve %d = %v, %v after as many successes", s, i, v, err)
				}
				time.Sleep(time.Millisecond)
				if err := v.Cancel(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			wantLeft(t, r, "alice", 2)
		}
	})
}

func TestAReservationEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, newRemote(t), ratelimit.Config{})
		r := newRule(t, l, "r", "10/hour fixed", ratelimit.RuleConfig{})
		take(t, l, true, r.Use("k", 4))
		reserve := func() *ratelimit.Reservation {
			v, d, err := l.Reserve(t.Context(), r.Use("k", 1))
			if err != nil || v == nil || !d.Allowed {
				t.Fatalf("Reserve = %v, %t, %v", v, d.Allowed, err)
			}
			return v
		}
		end := func(f func(ctx context.Context) error) {
			if err := f(t.Context()); err != nil {
				t.Error(err)
			}
		}
		v := reserve()
		end(v.Commit)
		end(v.Cancel)
		wantLeft(t, r, "k", 5)
		v = reserve()
		end(v.Cancel)
		end(v.Cancel)
		end(v.Commit)
		wantLeft(t, r, "k", 5)
		var all sync.WaitGroup
		v = reserve()
		for range 20 {
			all.Go(func() { end(v.Cancel) })
		}
		all.Wait()
		wantLeft(t, r, "k", 5)
		if v, d, err := l.Reserve(t.Context(), r.Use("k", 6)); v != nil || d.Allowed || err != nil {
			t.Errorf("Reserve of more than is left = %v, %t, %v, want nil, false, nil", v, d.Allowed, err)
		}
	})
}

// TestConcurrencyLeases follows the leases of a limit on what is under way.
func TestConcurrencyLeases(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		r := newRule(t, l, "r", "2 concurrent for 30s", ratelimit.RuleConfig{})
		tried := newRule(t, l, "tried", "1 concurrent for 30s", ratelimit.RuleConfig{DryRun: true})
		hourly := newRule(t, l, "hourly", "100/hour", ratelimit.RuleConfig{})
		reserve := func(want bool) *ratelimit.Reservation {
			t.Helper()
			v, d, err := l.Reserve(t.Context(), r.Use("k", 1), hourly.Use("k", 1), tried.Use("k", 1))
			if err != nil || d.Allowed != want {
				t.Fatalf("Reserve = %t, %v, want %t: %s", d.Allowed, err, want, quotas(&d))
			}
			return v
		}
		extend := func(v *ratelimit.Reservation, want bool) {
			t.Helper()
			if held, err := v.Extend(t.Context()); err != nil || held != want {
				t.Errorf("Extend = %t, %v, want %t", held, err, want)
			}
		}
		a, b := reserve(true), reserve(true)
		reserve(false)
		time.Sleep(20 * time.Second)
		extend(a, true)
		extend(b, true) // though the rule that is tried out refused it
		time.Sleep(20 * time.Second)
		extend(a, true)
		reserve(false)
		time.Sleep(10 * time.Second) // b's ends
		c := reserve(true)
		extend(b, false)
		if err := b.Commit(t.Context()); err != nil {
			t.Error(err)
		}
		reserve(false) // b has nothing to release
		if err := a.Commit(t.Context()); err != nil {
			t.Error(err)
		}
		d := reserve(true)
		for _, v := range []*ratelimit.Reservation{c, d} {
			if err := v.Commit(t.Context()); err != nil {
				t.Error(err)
			}
		}
		wantLeft(t, r, "k", 2)
		wantLeft(t, hourly, "k", 96) // Commit released the leases alone
	})
}

func TestRefundIf(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		a := newRule(t, l, "a", "10/hour fixed", ratelimit.RuleConfig{})
		b := newRule(t, l, "b", "10/hour fixed", ratelimit.RuleConfig{})
		d := take(t, l, true, a.Use("k", 3), b.Use("k", 4))
		if err := l.RefundIf(t.Context(), &d, func(q *ratelimit.Quota) bool { return q.Rule == b }); err != nil {
			t.Fatal(err)
		}
		wantLeft(t, a, "k", 7)
		wantLeft(t, b, "k", 10)
		d = take(t, l, false, a.Use("k", 8), b.Use("k", 1))
		if err := l.Refund(t.Context(), &d); err != nil {
			t.Fatal(err)
		}
		wantLeft(t, a, "k", 7) // a refusal has nothing to give back
	})
}

// TestARefundLiftsTheRefusal checks that what can be taken back is not refused
// from memory.
func TestARefundLiftsTheRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newRemote(t)
		mine, others := newLimiter(t, store, ratelimit.Config{}), newLimiter(t, store, ratelimit.Config{})
		refunds := ratelimit.RuleConfig{Refunds: true}
		r, same := newRule(t, mine, "r", "1/hour", refunds), newRule(t, others, "r", "1/hour", refunds)
		v, _, err := mine.Reserve(t.Context(), r.Use("k", 1))
		if err != nil || v == nil {
			t.Fatal(err)
		}
		take(t, others, false, same.Use("k", 1))
		if err := v.Cancel(t.Context()); err != nil {
			t.Fatal(err)
		}
		take(t, others, true, same.Use("k", 1))
	})
}

func TestRefundWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newRemote(t)
		l := newLimiter(t, store, ratelimit.Config{})
		r := newRule(t, l, "r", "5/hour fixed", ratelimit.RuleConfig{})
		d := take(t, l, true, r.Use("k", 2))
		store.fail(errDown)
		if err := l.Refund(t.Context(), &d); !errors.Is(err, ratelimit.ErrUnavailable) {
			t.Errorf("Refund without the store = %v, want an error that matches ErrUnavailable", err)
		}
		store.fail(nil)
		wantLeft(t, r, "k", 3) // fewer are admitted, never more
	})
}
