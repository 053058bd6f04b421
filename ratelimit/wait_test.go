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

// TestWait has many wait for one limit: each period admits no more than its
// amount, and all are admitted in the end.
func TestWait(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		r := newRule(t, l, "r", "5/second moving", ratelimit.RuleConfig{})
		began := time.Now()
		var mu sync.Mutex
		var admitted []time.Duration
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				if d, err := r.Wait(t.Context(), "k", 1); err != nil || !d.Allowed {
					t.Errorf("Wait = %t, %v", d.Allowed, err)
				}
				mu.Lock()
				defer mu.Unlock()
				admitted = append(admitted, time.Since(began))
			})
		}
		all.Wait()
		for i := 5; i < len(admitted); i++ {
			// The store counts in whole microseconds.
			if gap := admitted[i] - admitted[i-5]; gap < time.Second-time.Microsecond {
				t.Errorf("six were admitted within %v, want at most five in a second", gap)
			}
		}
		if took := admitted[len(admitted)-1]; took > 15*time.Second {
			t.Errorf("the last of 40 waited %v at 5 a second", took)
		}
	})
}

func TestWaitFails(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		r := newRule(t, l, "r", "1 per 10s fixed", ratelimit.RuleConfig{})
		take(t, l, true, r.Use("k", 1))
		within := func(d time.Duration) context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			t.Cleanup(cancel)
			return ctx
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		later, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		for _, c := range []struct {
			name string
			ctx  context.Context
			cost int64
			took time.Duration
		}{
			{"a cost above the limit", t.Context(), 2, 0},
			{"a deadline before the time", within(5 * time.Second), 1, 0},
			{"an ended context", ended, 1, 0},
			{"a context that ends meanwhile", later, 1, 1500 * time.Millisecond},
		} {
			began := time.Now()
			d, err := r.Wait(c.ctx, "k", c.cost)
			if !errors.Is(err, ratelimit.ErrWouldWait) || d.Allowed {
				t.Errorf("%s: Wait = %t, %v, want an error that matches ErrWouldWait", c.name, d.Allowed, err)
			}
			if err := c.ctx.Err(); err != nil && c.took > 0 && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", c.name, err)
			}
			if took := time.Since(began); took != c.took {
				t.Errorf("%s: Wait took %v, want %v", c.name, took, c.took)
			}
		}
		wantLeft(t, r, "k", 0)
		if _, err := r.Wait(within(9*time.Second), "k", 1); err != nil {
			t.Errorf("Wait = %v with a deadline after the time", err)
		}
	})
}

// TestWaitMeetsItsDeadline checks that what spreads those who wait makes nobody
// miss a deadline that could be met.
func TestWaitMeetsItsDeadline(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		r := newRule(t, l, "r", "1 per 800ms fixed", ratelimit.RuleConfig{})
		for i := range 200 {
			take(t, l, true, r.Use("k", 1))
			ctx, cancel := context.WithTimeout(t.Context(), 801*time.Millisecond)
			_, err := r.Wait(ctx, "k", 1)
			cancel()
			if err != nil {
				t.Fatalf("round %d: Wait = %v, 1 ms before the deadline", i, err)
			}
			time.Sleep(time.Second)
		}
	})
}

// TestWaitSeesARelease checks that who waits for a lease does not wait for its
// end.
func TestWaitSeesARelease(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		r := newRule(t, l, "r", "1 concurrent for 1h", ratelimit.RuleConfig{})
		d := take(t, l, true, r.Use("k", 1))
		time.AfterFunc(3*time.Second, func() { _ = l.Release(context.Background(), &d) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := r.Wait(ctx, "k", 1); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("Wait took %v for a place that was free after 3s", took)
		}
	})
}

func TestWaitWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newRemote(t)
		store.fail(errDown)
		l := newLimiter(t, store, ratelimit.Config{})
		r := newRule(t, l, "r", "1/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed})
		if _, err := r.Wait(t.Context(), "k", 1); !errors.Is(err, ratelimit.ErrUnavailable) || errors.Is(err, ratelimit.ErrWouldWait) {
			t.Errorf("Wait without the store = %v, want ErrUnavailable", err)
		}
	})
}
