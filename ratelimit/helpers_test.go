package ratelimit_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
)

var strategies = []ratelimit.Strategy{
	ratelimit.SlidingWindow, ratelimit.FixedWindow, ratelimit.MovingWindow, ratelimit.GCRA, ratelimit.Concurrency,
}

// A remote is a store in this process that limiters take for one elsewhere. It
// counts its calls, and fails and hangs on demand.
type remote struct {
	ratelimit.Store
	calls atomic.Int64
	err   atomic.Pointer[error]
	hangs atomic.Bool
	delay func() // before each call
}

func (r *remote) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	r.calls.Add(1)
	if r.delay != nil {
		r.delay()
	}
	if r.hangs.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := r.err.Load(); err != nil {
		return *err
	}
	return r.Store.Apply(ctx, op, charges, results)
}

func (r *remote) Ping(ctx context.Context) error {
	if r.hangs.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := r.err.Load(); err != nil {
		return *err
	}
	return nil
}

// fail makes the store fail with err; nil heals it.
func (r *remote) fail(err error) {
	if err == nil {
		r.err.Store(nil)
		return
	}
	r.err.Store(&err)
}

var errDown = fmt.Errorf("test: %w: connection refused", ratelimit.ErrUnavailable)

func newMemory(t testing.TB) *memory.Limits {
	t.Helper()
	m, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newRemote(t testing.TB) *remote { return &remote{Store: newMemory(t)} }

func newLimiter(t testing.TB, store ratelimit.Store, c ratelimit.Config) *ratelimit.Limiter {
	t.Helper()
	if c.Namespace == "" {
		c.Namespace = "test"
	}
	l, err := ratelimit.New(store, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func newRule(t testing.TB, l *ratelimit.Limiter, name, limits string, c ratelimit.RuleConfig) *ratelimit.Rule {
	t.Helper()
	if c.OnStoreError == 0 {
		c.OnStoreError = ratelimit.FailClosed
	}
	r, err := l.Rule(name, limits, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ruleOf is newRule for one limit.
func ruleOf(t testing.TB, l *ratelimit.Limiter, name string, limit ratelimit.Limit, c ratelimit.RuleConfig) *ratelimit.Rule {
	t.Helper()
	return newRule(t, l, name, limit.String(), c)
}

// take takes, and checks whether it is allowed.
func take(t testing.TB, l *ratelimit.Limiter, want bool, uses ...ratelimit.Use) ratelimit.Decision {
	t.Helper()
	d, err := l.Take(t.Context(), uses...)
	if err != nil {
		t.Fatalf("Take(%s) = %v", describe(uses), err)
	}
	if d.Allowed != want {
		t.Fatalf("Take(%s).Allowed = %t, want %t: %s", describe(uses), d.Allowed, want, quotas(&d))
	}
	return d
}

// wantLeft checks how many units are left to a key, by asking the store itself.
func wantLeft(t testing.TB, r *ratelimit.Rule, key string, want int64) {
	t.Helper()
	d, err := r.Peek(t.Context(), key, 1)
	if err != nil {
		t.Fatal(err)
	}
	if q := d.Closest(); q.Remaining != want {
		t.Errorf("%s: %d units are left to %q, want %d", r.Name(), q.Remaining, key, want)
	}
}

func describe(uses []ratelimit.Use) string {
	text := ""
	for _, u := range uses {
		name := "no rule"
		if u.Rule != nil {
			name = u.Rule.Name()
		}
		text += fmt.Sprintf("%s %q %d; ", name, u.Key, u.Cost)
	}
	return text
}

func quotas(d *ratelimit.Decision) string {
	text := ""
	for q := range d.Quotas() {
		text += fmt.Sprintf("%s %s allowed %t source %d remaining %d retry %v reset %v; ",
			q.Rule.Name(), q.Limit, q.Allowed, q.Source, q.Remaining, q.RetryAfter, q.ResetAfter)
	}
	return text
}

// admitted has so many callers take one unit at once, and returns how many may.
func admitted(t testing.TB, r *ratelimit.Rule, callers int) int64 {
	t.Helper()
	var n atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			d, err := r.Take(t.Context(), "key", 1)
			if err != nil {
				t.Error(err)
			}
			if d.Allowed {
				n.Add(1)
			}
		})
	}
	all.Wait()
	return n.Load()
}
