package cache_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/ledger"
)

// TestLedger: a request's account says what its lookups came to, by function.
func TestLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCache(t, memoryStore(t), cache.Config{Jitter: -1, Near: cache.Near{MaxBytes: 1 << 20}})
		f := define(t, c, "square", func(_ context.Context, n int) (int, error) {
			time.Sleep(time.Second)
			if n < 0 {
				return 0, errors.New("below 0")
			}
			return n * n, nil
		}, cache.FuncConfig[int, int]{TTL: cache.For(time.Minute), StaleWhileRevalidate: time.Minute, Beta: -1})
		v := valuesOf(t, c, "v", cache.ValuesConfig[int]{})

		var l ledger.Ledger
		l.Open(t.Context(), time.Now())
		for _, n := range []int{7, 7, 7, -1} { // a miss, a hit in the store, one near, a failure
			_, _, _ = f.Get(&l, n)
		}
		_, _ = f.GetMany(&l, []int{7, 8})
		_, _, _ = v.Get(&l, "none")
		time.Sleep(time.Minute) // 7 is stale
		_, _, _ = f.Get(&l, 7)
		synctest.Wait()
		time.Sleep(time.Second) // it is loaded anew
		synctest.Wait()
		got := l.Lookups()
		want := []ledger.Lookups{
			{Name: "square", Hits: 4, Stale: 1, Misses: 3, Loads: 4, LoadTime: 4 * time.Second},
			{Name: "v", Misses: 1},
		}
		if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("Lookups() = %+v, want %+v", got, want)
		}
		l.End(time.Now(), ledger.Summary{})
		_, _, _ = f.Get(&l, 7)
		if again := l.Lookups(); again[0] != want[0] {
			t.Errorf("Lookups() after the end = %+v, want %+v", again[0], want[0])
		}
	})
}

// TestNearHitDoesNotAllocate: with a ledger and without one.
func TestNearHitDoesNotAllocate(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{Near: cache.Near{MaxBytes: 1 << 20}})
	f := define(t, c, "f", func(_ context.Context, k string) (string, error) { return k, nil }, cache.FuncConfig[string, string]{Beta: -1})
	var l ledger.Ledger
	l.Open(t.Context(), time.Now())
	for _, ctx := range []context.Context{t.Context(), &l} {
		get := func() { _, _, _ = f.Get(ctx, "key") }
		get()
		get()
		if n := testing.AllocsPerRun(200, get); n != 0 {
			t.Errorf("a near hit in %T allocates %v times, want 0", ctx, n)
		}
	}
	if s := f.Stats(); s.NearHits < 400 {
		t.Errorf("Stats() = %+v, want near hits", s)
	}
}
