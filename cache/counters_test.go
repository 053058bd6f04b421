package cache_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

func TestCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		c := openCache(t, memoryStore(t), cache.Config{})
		n, err := cache.NewCounters(c, "views", cache.For(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		is := func(call string, want int64) func(int64, error) {
			return func(got int64, err error) {
				t.Helper()
				if err != nil || got != want {
					t.Errorf("%s = %d, %v, want %d", call, got, err, want)
				}
			}
		}
		wants(t, "Get of nothing", int64(0), false)(n.Get(ctx, "a"))
		is("Increment", 5)(n.Increment(ctx, "a", 5))
		is("Decrement", -2)(n.Decrement(ctx, "a", 7))
		is("Increment by 0", -2)(n.Increment(ctx, "a", 0))
		is("another's Increment", 1)(n.Increment(ctx, "b", 1))
		wants(t, "Get", int64(-2), true)(n.Get(ctx, "a"))
		if s := n.Stats(); s.Hits != 1 || s.Misses != 1 || s.Name != "views" {
			t.Errorf("Stats() = %+v, want a hit and a miss", s)
		}

		time.Sleep(40 * time.Second)
		is("Increment later", -1)(n.Increment(ctx, "a", 1))
		wants(t, "TimeLeft: a change does not prolong it", 20*time.Second, true)(n.TimeLeft(ctx, "a"))
		if found, err := n.Touch(ctx, "a", cache.For(time.Hour)); !found || err != nil {
			t.Errorf("Touch = %v, %v, want true", found, err)
		}
		if found, err := n.Touch(ctx, "none", cache.TTL{}); found || err != nil {
			t.Errorf("Touch of nothing = %v, %v, want false", found, err)
		}
		wants(t, "TimeLeft after Touch", time.Hour, true)(n.TimeLeft(ctx, "a"))
		time.Sleep(20 * time.Second)
		wants(t, "Get at its end", int64(0), false)(n.Get(ctx, "b"))

		if err := c.Clear(ctx); err != nil {
			t.Fatal(err)
		}
		wants(t, "Get after Clear", int64(-1), true)(n.Get(ctx, "a"))
		if err := n.Delete(ctx, "a", "none"); err != nil {
			t.Fatal(err)
		}
		wants(t, "Get after Delete", int64(0), false)(n.Get(ctx, "a"))
	})
}

func TestCountersRefuse(t *testing.T) {
	ctx := t.Context()
	c := openCache(t, memoryStore(t), cache.Config{})
	n, err := cache.NewCounters(c, "n", cache.Forever())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Increment(ctx, "max", math.MaxInt64); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() (int64, error){
		"an overflow":        func() (int64, error) { return n.Increment(ctx, "max", 1) },
		"no opposite number": func() (int64, error) { return n.Decrement(ctx, "x", math.MinInt64) },
	} {
		if _, err := do(); !errors.Is(err, cache.ErrNotNumber) {
			t.Errorf("%s: %v, want ErrNotNumber", name, err)
		}
	}
	wants(t, "Get after an overflow", int64(math.MaxInt64), true)(n.Get(ctx, "max"))
	wants(t, "TimeLeft", cache.NoExpiry, true)(n.TimeLeft(ctx, "max"))
	if _, err := n.Touch(ctx, "max", cache.For(0)); !errors.Is(err, cache.ErrLife) {
		t.Errorf("Touch with a life of 0 = %v, want ErrLife", err)
	}
	if _, err := cache.NewCounters(c, "m", cache.For(0)); !errors.Is(err, cache.ErrLife) {
		t.Errorf("NewCounters with a life of 0 = %v, want ErrLife", err)
	}
	if _, err := cache.NewCounters(c, "n", cache.TTL{}); err == nil {
		t.Error("NewCounters took a name that is taken")
	}
	s := newSpy(t)
	untold, err := cache.NewCounters(openCache(t, s.spy, cache.Config{}), "n", cache.TTL{}) // no LifeTeller
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := untold.TimeLeft(ctx, "x"); !errors.Is(err, cache.ErrUnsupported) {
		t.Errorf("TimeLeft = %v, want ErrUnsupported", err)
	}
	s.onCall(func(context.Context, string) error { return cache.ErrUnavailable })
	if _, err := untold.Increment(ctx, "x", 1); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Increment = %v, want ErrUnavailable", err)
	}
	if _, found, err := untold.Get(ctx, "x"); found || !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Get = %v, %v, want ErrUnavailable", found, err)
	}
}
