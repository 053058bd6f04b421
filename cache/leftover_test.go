package cache_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

// A lateStore, while it is late, grants what it is asked for when the caller
// has given up.
type lateStore struct {
	*spy
	late atomic.Bool
	mu   struct {
		sync.Mutex
		released map[string]bool
	}
}

func newLateStore(t *testing.T) *lateStore {
	s := &lateStore{spy: newSpy(t).spy}
	s.mu.released = make(map[string]bool)
	return s
}

func (l *lateStore) Claim(ctx context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	items, err := l.spy.Claim(ctx, keys, c)
	if l.late.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return items, err
}

func (l *lateStore) Release(ctx context.Context, keys []string, token cache.Token) error {
	if err := l.spy.Release(ctx, keys, token); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range keys {
		l.mu.released[k] = true
	}
	return nil
}

// wantReleased checks how many keys' leases were given back.
func (l *lateStore) wantReleased(t *testing.T, when string, want int) {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := len(l.mu.released); got != want {
		t.Errorf("%s, the leases of %d keys were given back, want %d", when, got, want)
	}
}

func same(_ context.Context, n int) (int, error) { return n, nil }

// TestALeaseGrantedTooLateIsGivenBack: after the first call that the store
// answers again, and not while it does not.
func TestALeaseGrantedTooLateIsGivenBack(t *testing.T) {
	for _, failures := range []int{1, 5} { // before the breaker opens, and behind it
		synctest.Test(t, func(t *testing.T) {
			s := newLateStore(t)
			f := define(t, openCache(t, s, cache.Config{}), "f", same, cache.FuncConfig[int, int]{})
			s.late.Store(true)
			for n := range failures {
				wants(t, "Get", n, true)(f.Get(t.Context(), n))
			}
			s.wantReleased(t, "while the store does not answer", 0)
			s.late.Store(false)
			if failures < 5 {
				wants(t, "Get of another key", 100, true)(f.Get(t.Context(), 100))
			} else {
				time.Sleep(time.Second) // which a probe is in
			}
			s.wantReleased(t, "when it answers", failures)
			begin := time.Now()
			wants(t, "Get", 0, true)(f.Get(t.Context(), 0))
			if took := time.Since(begin); took != 0 || f.Stats().Waits != 0 {
				t.Errorf("Get of the key took %v, want none: nobody has its lease", took)
			}
		})
	}
}

// TestLeftoversAreBounded in number, in tries, and in what they cost Close.
func TestLeftoversAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLateStore(t)
		var told complaints
		c := openCache(t, s, cache.Config{OnError: told.add})
		f := define(t, c, "f", same, cache.FuncConfig[int, int]{})
		late := func(keys ...int) {
			s.late.Store(true)
			if _, err := f.GetMany(t.Context(), keys); err != nil {
				t.Fatal(err)
			}
			s.late.Store(false)
		}
		answer := func() { // by the store, to one call
			_ = c.Invalidate(t.Context(), "any")
			synctest.Wait()
		}
		keys := make([]int, 1500)
		for i := range keys {
			keys[i] = i
		}
		late(keys...)
		_, _, _ = f.Get(t.Context(), 2000)
		s.wantReleased(t, "of 1500", 1000)

		var down atomic.Bool // from the first release on
		s.onCall(func(_ context.Context, method string) error {
			if method == "Release" {
				down.Store(true)
			}
			if down.Load() {
				return errStore
			}
			return nil
		})
		late(3000)
		late(3001)
		s.taken()
		answer()
		if calls := s.taken(); calls["Release"] != 1 {
			t.Errorf("releases by a store that fails them = %d, want one try", calls["Release"])
		}
		s.onCall(nil)
		answer()
		if calls := s.taken(); calls["Release"] != 1 {
			t.Errorf("releases when the store is back = %d, want the one that was not tried", calls["Release"])
		}

		s.onCall(func(ctx context.Context, method string) error {
			if method == "Release" {
				return hang(ctx, method)
			}
			return nil
		})
		late(5000)
		late(5001)
		told.taken()
		answer()
		answer()
		if calls := s.taken(); calls["Release"] != 1 {
			t.Errorf("releases at a time = %d, want one", calls["Release"])
		}
		begin := time.Now()
		_ = c.Close()
		if took := time.Since(begin); took > 63*time.Millisecond {
			t.Errorf("Close during a release took %v, want StoreTimeout and a quarter at most", took)
		}
		if errs := told.taken(); len(errs) != 1 {
			t.Errorf("OnError was told %v, want that of the release", errs)
		}
	})
}

// TestLateReleasesAreNotSent: what has died by itself is not worth a message.
func TestLateReleasesAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLateStore(t)
		f := define(t, openCache(t, s, cache.Config{LeaseLife: 2 * time.Second, StoreTimeout: 10 * time.Second}), "f", same, cache.FuncConfig[int, int]{})
		s.late.Store(true)
		for n := range 4 {
			wants(t, "Get", n, true)(f.Get(t.Context(), n))
		}
		s.late.Store(false)
		s.taken()
		s.onCall(func(_ context.Context, method string) error {
			if method == "Release" {
				time.Sleep(time.Second)
			}
			return nil
		})
		wants(t, "Get", 100, true)(f.Get(t.Context(), 100))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if calls := s.taken(); calls["Release"] != 2 {
			t.Errorf("releases of a second each = %d, want two within the two seconds of a lease", calls["Release"])
		}
	})
}

// TestAThawedRedisHoldsNoKey freezes a Redis with a claim on its way, which it
// grants when it thaws.
func TestAThawedRedisHoldsNoKey(t *testing.T) {
	testserver.Redis(t) // skips without one
	node, err := server.StartRedisNode(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Kill() })
	long := cache.Config{LeaseLife: time.Hour, MaxWait: time.Hour}
	src := new(source)
	f := memoized(t, redisMember(t, "redis://"+node.Address(), "thaw", long), src, versionsConfig{})
	long.StoreTimeout = busy
	other := memoized(t, redisMember(t, "redis://"+node.Address(), "thaw", long), src, versionsConfig{})
	for i := range 5 {
		held := fmt.Sprint("held", i)
		eventually(t, "Redis is used", busy, func() bool {
			filled := f.Stats().Filled
			get(t, f, fmt.Sprint(i, time.Now()))
			return f.Stats().Filled > filled
		})
		if err := node.Freeze(); err != nil {
			t.Fatal(err)
		}
		wantVersion(t, "Get while Redis is frozen", get(t, f, held), 0)
		if err := node.Thaw(); err != nil {
			t.Fatal(err)
		}
		answer := ask(t.Context(), other, held) // may have to wait for a lease that nobody uses
		eventually(t, "it is given back", 5*busy, func() bool {
			get(t, f, fmt.Sprint(i, time.Now()))
			select {
			case a := <-answer:
				wantVersion(t, "Get after the thaw", a, 0)
				return true
			default:
				return false
			}
		})
	}
}
