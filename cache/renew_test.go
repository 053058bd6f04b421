package cache_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

// TestRenew: of many readers that do not take what is stored, in two
// processes, one has the function run; readers that take it run nothing.
func TestRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int64
		load := func(context.Context, string) (int64, error) {
			time.Sleep(time.Second)
			return loads.Add(1), nil
		}
		store := memoryStore(t)
		var processes []*cache.Func[string, int64]
		for range 2 {
			c := openCache(t, store, cache.Config{Near: cache.Near{MaxBytes: 1 << 20}})
			f, err := cache.Memoize(c, "f", load, cache.FuncConfig[string, int64]{})
			if err != nil {
				t.Fatal(err)
			}
			processes = append(processes, f)
		}
		if v, _, err := processes[0].Get(t.Context(), "k"); v != 1 || err != nil {
			t.Fatalf("Get = %d, %v, want 1", v, err)
		}
		above := func(n int64) func(int64) bool { return func(v int64) bool { return v > n } }
		if v, _, err := processes[1].Renew(t.Context(), "k", above(0)); v != 1 || err != nil {
			t.Errorf("Renew of what is good = %d, %v, want 1", v, err)
		}
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				if v, found, err := processes[i%2].Renew(t.Context(), "k", above(1)); v != 2 || !found || err != nil {
					t.Errorf("Renew = %d, %t, %v, want 2", v, found, err)
				}
			})
		}
		group.Wait()
		if got := loads.Load(); got != 2 {
			t.Errorf("%d loads, want 2", got)
		}
		for range 5 {
			processes[0].RenewLater(t.Context(), "k", above(2))
		}
		if v, found := processes[0].Look(t.Context(), "k"); v != 2 || !found {
			t.Errorf("Look during RenewLater = %d, %t, want 2", v, found)
		}
		time.Sleep(2 * time.Second)
		if v, _ := processes[1].Look(t.Context(), "k"); v != 3 || loads.Load() != 3 {
			t.Errorf("Look after RenewLater = %d after %d loads, want 3 after 3", v, loads.Load())
		}
	})
}

// TestRenewPanics: a question that panics counts as no.
func TestRenewPanics(t *testing.T) {
	var told complaints
	c := openCache(t, memoryStore(t), cache.Config{OnError: told.add})
	loads := 0
	f, err := cache.Memoize(c, "f", func(context.Context, int) (int, error) { loads++; return loads, nil }, cache.FuncConfig[int, int]{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, _ = f.Get(t.Context(), 1)
	if v, _, err := f.Renew(t.Context(), 1, func(int) bool { panic("asked") }); v != 2 || err != nil {
		t.Errorf("Renew = %d, %v, want 2", v, err)
	}
}

// TestLookLoadsNothing also says what it finds.
func TestLookLoadsNothing(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{})
	f, err := cache.Memoize(c, "f", func(context.Context, int) (int, error) { t.Error("Look ran the function"); return 0, nil }, cache.FuncConfig[int, int]{})
	if err != nil {
		t.Fatal(err)
	}
	if _, found := f.Look(t.Context(), 1); found {
		t.Error("Look found what is not there")
	}
	if err := f.Set(t.Context(), 1, 7); err != nil {
		t.Fatal(err)
	}
	if v, found := f.Look(t.Context(), 1); v != 7 || !found {
		t.Errorf("Look = %d, %t, want 7", v, found)
	}
}

// TestSetSince: an invalidation between the moment and the call counts.
func TestSetSince(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{})
	f, err := cache.Memoize(c, "f", func(context.Context, int) (int, error) { return 0, nil }, cache.FuncConfig[int, int]{
		Tags: func(k, _ int) []string { return []string{"tag"} },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		tag  string
		want bool
	}{{"another", true}, {"tag", false}} {
		before, err := f.Moment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Invalidate(t.Context(), tt.tag); err != nil {
			t.Fatal(err)
		}
		if err := f.SetSince(t.Context(), 1, 7, before); err != nil {
			t.Fatal(err)
		}
		if _, found := f.Look(t.Context(), 1); found != tt.want {
			t.Errorf("after the invalidation of %q, Look found it = %t, want %t", tt.tag, found, tt.want)
		}
	}
}
