package cache_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

var errStore = errors.Join(errors.New("connection refused"), cache.ErrUnavailable)

// refuse fails every call, or those of some methods.
func refuse(err error, methods ...string) func(context.Context, string) error {
	return func(_ context.Context, method string) error {
		if len(methods) == 0 {
			return err
		}
		for _, m := range methods {
			if m == method {
				return err
			}
		}
		return nil
	}
}

func hang(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestStoreFails: whatever the store does, each request gets the function's
// result, soon, and somebody is told.
func TestStoreFails(t *testing.T) {
	calls := 0
	flap := func(context.Context, string) error {
		if calls++; calls%3 != 0 {
			return errStore
		}
		return nil
	}
	tests := []struct {
		name  string
		hook  func(context.Context, string) error
		bound time.Duration // for each of the first requests
		trips bool
	}{
		{"refuses", refuse(errStore), 0, true},
		{"hangs", hang, 200 * time.Millisecond, true},
		{"flaps", flap, 0, false},
		{"full", refuse(cache.ErrTooLarge, "Set", "Add", "Fill"), 0, false},
		{"read-only", refuse(errStore, "Set", "Add", "Fill", "Claim", "Extend", "Delete", "Release", "Invalidate"), 0, true},
		{"an error of its own", refuse(errors.New("what?")), 0, false},
		{"on reads", refuse(errStore, "Get", "GetMany", "Generations"), 0, false},
		{"on Claim", refuse(errStore, "Claim"), 0, true},
		{"on Fill", refuse(errStore, "Fill"), 0, false},
		{"on Generations", refuse(errStore, "Generations"), 0, false},
		{"on Release", refuse(errStore, "Release"), 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told complaints
				s := newSpy(t)
				c := openCache(t, s.spy, cache.Config{OnError: told.add}) // nothing is told: generations are asked for
				f := define(t, c, "square", func(_ context.Context, n int) (int, error) { return n * n, nil }, cache.FuncConfig[int, int]{NotFound: cache.For(time.Second)})
				for n := range 5 {
					wants(t, "Get before", n*n, true)(f.Get(t.Context(), n))
				}
				s.onCall(tt.hook)
				for n := range 30 {
					begin := time.Now()
					wants(t, "Get", n*n, true)(f.Get(t.Context(), n))
					if took := time.Since(begin); took > tt.bound {
						t.Errorf("Get(%d) took %v, want at most %v", n, took, tt.bound)
					}
					m, err := f.GetMany(t.Context(), []int{n, 1000 + n})
					if want := map[int]int{n: n * n, 1000 + n: (1000 + n) * (1000 + n)}; err != nil || !maps.Equal(m, want) {
						t.Errorf("GetMany = %v, %v, want %v", m, err, want)
					}
				}
				if got := !c.Reachable(); got != tt.trips {
					t.Errorf("the breaker is open: %v, want %v", got, tt.trips)
				}
				if errs := told.taken(); len(errs) == 0 && tt.name != "on Release" {
					t.Error("OnError was told nothing")
				}
				s.onCall(nil)
				time.Sleep(time.Second)
				synctest.Wait()
				if !c.Reachable() {
					t.Error("Reachable() = false a second after the store came back")
				}
				_, _, _ = f.Get(t.Context(), 5000)
				before := f.Stats().Hits
				wants(t, "Get after", 25_000_000, true)(f.Get(t.Context(), 5000))
				if got := f.Stats().Hits; got != before+1 {
					t.Errorf("hits = %d, want %d: the cache works again", got, before+1)
				}
			})
		})
	}
}

// TestBreaker: it opens after five failures in a row, then the store is not
// called but to probe it, and closes within ProbeInterval of its return.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpy(t)
		c := openCache(t, s, cache.Config{ProbeInterval: 200 * time.Millisecond})
		v := valuesOf(t, c, "v", cache.ValuesConfig[int]{})
		s.onCall(hang)
		begin := time.Now()
		for i := range 5 {
			if !c.Reachable() {
				t.Errorf("the breaker is open after %d failures, want 5", i)
			}
			if _, _, err := v.Get(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
				t.Errorf("Get = %v, want ErrUnavailable", err)
			}
		}
		if took := time.Since(begin); c.Reachable() || took > 5*63*time.Millisecond {
			t.Errorf("after %v: Reachable() = %v, want false within 5 timeouts", took, c.Reachable())
		}
		synctest.Wait()
		s.taken()
		begin = time.Now()
		for range 1000 {
			if _, _, err := v.Get(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
				t.Errorf("Get = %v, want ErrUnavailable", err)
			}
			if err := v.Set(t.Context(), "k", 1, cache.TTL{}); !errors.Is(err, cache.ErrUnavailable) {
				t.Errorf("Set = %v, want ErrUnavailable", err)
			}
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("2000 calls behind the open breaker took %v, want none", took)
		}
		time.Sleep(2 * time.Second)
		if calls := s.taken(); len(calls) != 1 || calls["Ping"] < 5 || calls["Ping"] > 11 {
			t.Errorf("calls in 2 s = %v, want a Ping every 200 ms", calls)
		}
		s.onCall(nil)
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if !c.Reachable() {
			t.Error("Reachable() = false a ProbeInterval after the store came back")
		}
		if err := v.Set(t.Context(), "k", 1, cache.TTL{}); err != nil {
			t.Error(err)
		}
	})
}

// TestAnswersAreNoFailures: failures that an answer comes between, though it
// be an error, are not in a row; a refusal without asking is no answer.
func TestAnswersAreNoFailures(t *testing.T) {
	s := newSpy(t)
	c := openCache(t, s, cache.Config{})
	n, err := cache.NewCounters(c, "n", cache.Forever())
	if err != nil {
		t.Fatal(err)
	}
	increments := func(answer error, times int) {
		s.onCall(refuse(answer, "Increment"))
		for range times {
			if _, err := n.Increment(t.Context(), "k", 1); !errors.Is(err, answer) {
				t.Errorf("Increment = %v, want %v", err, answer)
			}
		}
	}
	for _, answer := range []error{cache.ErrNotNumber, errors.New("what?")} {
		increments(errStore, 4)
		increments(answer, 1)
	}
	increments(errStore, 4)
	if !c.Reachable() {
		t.Error("Reachable() = false after four failures in a row, want true")
	}
	increments(cache.ErrKey, 1)
	increments(errStore, 1)
	if c.Reachable() {
		t.Error("Reachable() = true after five failures in a row, want false")
	}
}

// TestCloseEndsProbes: a bubble does not end while one runs.
func TestCloseEndsProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpy(t)
		s.onCall(hang)
		c := openCache(t, s, cache.Config{})
		v := valuesOf(t, c, "v", cache.ValuesConfig[int]{})
		for range 6 {
			_, _, _ = v.Get(t.Context(), "k")
		}
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestNoLeaseNoWrite: a result that was loaded without a lease, because the
// store failed when it was asked for one, is not stored although the store is
// back by then.
func TestNoLeaseNoWrite(t *testing.T) {
	s := newSpy(t)
	c := openCache(t, s, cache.Config{})
	f := define(t, c, "f", func(context.Context, int) (int, error) {
		s.onCall(nil)
		return 1, nil
	}, cache.FuncConfig[int, int]{})
	s.onCall(refuse(errStore, "Claim"))
	wants(t, "Get", 1, true)(f.Get(t.Context(), 1))
	if calls := s.taken(); calls["Fill"] != 0 || calls["Set"] != 0 {
		t.Errorf("calls = %v, want no write", calls)
	}
	if s := f.Stats(); s.Dropped != 1 || s.Filled != 0 {
		t.Errorf("Stats() = %+v, want the result dropped", s)
	}
}

// TestClosedCacheLoads: lookups after Close get their results.
func TestClosedCacheLoads(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{Near: cache.Near{MaxBytes: 1 << 20}})
	f := define(t, c, "f", func(_ context.Context, n int) (int, error) { return n, nil }, cache.FuncConfig[int, int]{})
	wants(t, "Get", 1, true)(f.Get(t.Context(), 1))
	_ = c.Close()
	if c.Reachable() {
		t.Error("Reachable() = true after Close, want false")
	}
	wants(t, "Get after Close", 1, true)(f.Get(t.Context(), 1))
	wants(t, "Get after Close", 2, true)(f.Get(t.Context(), 2))
}

// TestOnErrorPanics: the hook is the user's too.
func TestOnErrorPanics(t *testing.T) {
	s := newSpy(t)
	s.onCall(refuse(errStore))
	c := openCache(t, s, cache.Config{OnError: func(context.Context, error) { panic("hook") }})
	f := define(t, c, "f", func(_ context.Context, n int) (int, error) { return n, nil }, cache.FuncConfig[int, int]{})
	wants(t, "Get", 1, true)(f.Get(t.Context(), 1))
}
