package memory_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// set stores one value or fails the test.
func set(t testing.TB, s *memory.Store, key, value string, life time.Duration) {
	t.Helper()
	if err := s.Set(context.Background(), []cache.Entry{{Key: key, Value: []byte(value), Life: life}}); err != nil {
		t.Fatal(err)
	}
}

func state(t testing.TB, s *memory.Store, key string) cache.State {
	t.Helper()
	item, err := s.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return item.State
}

// bubble runs f with a store on a clock of its own. That the store's goroutine
// ends with Close is checked too: synctest fails on one that stays.
func bubble(t *testing.T, cfg memory.Config, f func(t *testing.T, s *memory.Store)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := memory.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		f(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLifeEndsToTheNanosecond(t *testing.T) {
	for _, life := range []time.Duration{time.Millisecond, 1500 * time.Microsecond, time.Second, 2 * time.Hour} {
		bubble(t, memory.Config{}, func(t *testing.T, s *memory.Store) {
			set(t, s, "a:k", "1", life)
			time.Sleep(life - 1)
			if got := state(t, s, "a:k"); got != cache.Found {
				t.Errorf("state 1 ns before the end of %v = %d, want Found", life, got)
			}
			// An increment moves the end by nothing.
			if _, err := s.Increment(context.Background(), "a:k", 1, time.Hour); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Nanosecond)
			if got := state(t, s, "a:k"); got != cache.Absent {
				t.Errorf("state at the end of %v = %d, want Absent", life, got)
			}
		})
	}
}

func TestLeaseEndsToTheNanosecond(t *testing.T) {
	bubble(t, memory.Config{}, func(t *testing.T, s *memory.Store) {
		ctx := context.Background()
		claim := func(token byte) cache.State {
			items, err := s.Claim(ctx, []string{"a:k"}, cache.Claim{Token: cache.Token{token}, Life: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			return items[0].State
		}
		claim(1)
		time.Sleep(time.Minute - 1)
		if got := claim(2); got != cache.Held {
			t.Errorf("claim 1 ns before the end of a lease = %d, want Held", got)
		}
		time.Sleep(time.Nanosecond)
		if got := claim(2); got != cache.Granted {
			t.Errorf("claim at the end of a lease = %d, want Granted", got)
		}
	})
}

// TestDeadEntriesGo: within two seconds and with nobody asking, and a watch is
// told of each.
func TestDeadEntriesGo(t *testing.T) {
	for _, life := range []time.Duration{time.Millisecond, 90 * time.Second, 3 * time.Hour} {
		bubble(t, memory.Config{}, func(t *testing.T, s *memory.Store) {
			ended := make(map[string]bool)
			for i := range 1000 {
				set(t, s, fmt.Sprintf("a:%d", i), "1", life)
			}
			set(t, s, "a:forever", "1", cache.NoExpiry)
			_, err := s.Watch("a", cache.Events{Key: func(key string) { ended[key] = true }})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(life + 2*time.Second)
			synctest.Wait()
			if got := s.Stats(); got.Entries != 1 || got.Evictions != 0 {
				t.Errorf("Stats 2s after the end of %v = %+v, want 1 entry and no eviction", life, got)
			}
			if len(ended) != 1000 || ended["a:forever"] {
				t.Errorf("told of %d keys, want the 1000 whose life of %v has ended", len(ended), life)
			}
		})
	}
}

// TestDeadGoBeforePermanent: the store is full twice over of entries that die,
// again and again; what has no end and is never asked for survives all of them.
func TestDeadGoBeforePermanent(t *testing.T) {
	bubble(t, memory.Config{MaxBytes: 4 << 20}, func(t *testing.T, s *memory.Store) {
		const permanent, round = 1000, 700
		value := string(make([]byte, 1000))
		for i := range permanent {
			set(t, s, fmt.Sprintf("a:forever%d", i), value, cache.NoExpiry)
		}
		for r := range 20 {
			for i := range round {
				set(t, s, fmt.Sprintf("a:short%d.%d", r, i), value, time.Second)
			}
			time.Sleep(3 * time.Second)
		}
		for i := range permanent {
			if key := fmt.Sprintf("a:forever%d", i); state(t, s, key) != cache.Found {
				t.Fatalf("%s was evicted while the store had dead entries", key)
			}
		}
	})
}

func TestNowDoesNotStandStill(t *testing.T) {
	bubble(t, memory.Config{}, func(t *testing.T, s *memory.Store) {
		before := s.Now()
		time.Sleep(time.Hour)
		if got := s.Now().Sub(before); got != time.Hour {
			t.Errorf("Now after an hour = %v later", got)
		}
	})
}
