package cache_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// A counted store counts its calls by name.
type counted struct {
	*memory.Store
	mu    sync.Mutex
	calls map[string]int
	// lost, if set, has leases die as if their holder could not be heard.
	lost bool
}

func (s *counted) note(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = make(map[string]int)
	}
	s.calls[name]++
}

// reset returns the calls since the last reset.
func (s *counted) reset() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func (s *counted) Get(ctx context.Context, key string) (cache.Item, error) {
	s.note("Get")
	return s.Store.Get(ctx, key)
}

func (s *counted) GetMany(ctx context.Context, keys []string) ([]cache.Item, error) {
	s.note("GetMany")
	return s.Store.GetMany(ctx, keys)
}

func (s *counted) Set(ctx context.Context, e []cache.Entry) error {
	s.note("Set")
	return s.Store.Set(ctx, e)
}

func (s *counted) Delete(ctx context.Context, keys []string) (int, error) {
	s.note("Delete")
	return s.Store.Delete(ctx, keys)
}

func (s *counted) Claim(ctx context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	s.note("Claim")
	return s.Store.Claim(ctx, keys, c)
}

func (s *counted) Extend(ctx context.Context, keys []string, token cache.Token, life time.Duration) (int, error) {
	s.note("Extend")
	if s.lost {
		return 0, nil
	}
	return s.Store.Extend(ctx, keys, token, life)
}

func (s *counted) Fill(ctx context.Context, e []cache.Entry, token cache.Token) ([]bool, error) {
	s.note("Fill")
	return s.Store.Fill(ctx, e, token)
}

func (s *counted) Generations(ctx context.Context, ns string, tags []string) ([]int64, int64, error) {
	s.note("Generations")
	return s.Store.Generations(ctx, ns, tags)
}

func (s *counted) Invalidate(ctx context.Context, ns string, tags []string) (int64, error) {
	s.note("Invalidate")
	return s.Store.Invalidate(ctx, ns, tags)
}

// TestRoundTrips counts what a call costs once the watch has told the present
// generation.
func TestRoundTrips(t *testing.T) {
	st := &counted{Store: localStore(t)}
	src := new(source)
	tagged := versionsConfig{Tags: func(k string, _ int64) []string { return []string{"tag:" + k} }}
	f := memoized(t, member(t, st, cache.Config{}), src, tagged)
	near := memoized(t, member(t, st, cache.Config{Near: cache.Near{MaxBytes: 1 << 20}}), src, tagged)
	get(t, f, "first")
	get(t, near, "first")
	call := func(f *versions, key string) func() {
		return func() { _, _, _ = f.Get(t.Context(), key) }
	}
	steps := []struct {
		name string
		do   func()
		want map[string]int
	}{
		{"miss", call(f, "k"), map[string]int{"Claim": 1, "Fill": 1}},
		{"hit", call(f, "k"), map[string]int{"Get": 1}},
		{"delete", func() { _ = f.Delete(t.Context(), "k") }, map[string]int{"Delete": 1}},
		{"miss after a delete", call(f, "k"), map[string]int{"Claim": 1, "Fill": 1}},
		{"set", func() { _ = f.Set(t.Context(), "s", 1) }, map[string]int{"Set": 1}},
		{"hit after a set", call(f, "s"), map[string]int{"Get": 1}},
		{"first hit elsewhere", call(near, "k"), map[string]int{"Claim": 1}},
		{"near hit", call(near, "k"), nil},
		{"many misses", func() { _, _ = f.GetMany(t.Context(), []string{"m1", "m2", "m3"}) }, map[string]int{"Claim": 1, "Fill": 1}},
		{"many hits", func() { _, _ = f.GetMany(t.Context(), []string{"m1", "m2", "m3"}) }, map[string]int{"GetMany": 1}},
		{"refresh", func() { _, _, _ = f.Refresh(t.Context(), "k") }, map[string]int{"Claim": 1, "Fill": 1}},
	}
	st.reset()
	for _, s := range steps {
		s.do()
		got := st.reset()
		for name, n := range got {
			if n != s.want[name] {
				t.Errorf("%s: %d calls of %s, want %d", s.name, n, name, s.want[name])
			}
		}
		for name, n := range s.want {
			if got[name] != n {
				t.Errorf("%s: %d calls of %s, want %d", s.name, got[name], name, n)
			}
		}
	}
}

func TestOnlyTheHolderLoads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := localStore(t)
		g := newGate()
		src := &source{before: g.wait}
		var answers []<-chan got
		for range 4 {
			f := memoized(t, member(t, st, cache.Config{LoadTimeout: time.Minute, MaxWait: time.Minute}), src, versionsConfig{})
			for range 20 {
				answers = append(answers, ask(t.Context(), f, "k"))
			}
		}
		time.Sleep(20 * time.Second) // many lives of a lease
		begin := time.Now()
		close(g.open)
		for _, a := range answers {
			wantVersion(t, "Get", <-a, 0)
		}
		if n := src.loads.Load(); n != 1 {
			t.Errorf("loads = %d, want 1", n)
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("the others waited %v after the fill, want 0: it is pushed", waited)
		}
	})
}

// TestALostLeaseIsFollowed has a holder that goes on, but whose lease dies.
func TestALostLeaseIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &counted{Store: localStore(t), lost: true}
		g := newGate()
		src := &source{before: func(ctx context.Context, key string, v int64) error {
			if v == 0 {
				return g.wait(ctx, key, v)
			}
			return nil
		}}
		const life = 3 * time.Second
		paused := memoized(t, member(t, st, cache.Config{LeaseLife: life}), src, versionsConfig{})
		other := memoized(t, member(t, st, cache.Config{LeaseLife: life}), src, versionsConfig{})
		first := ask(t.Context(), paused, "k")
		<-g.reached
		src.write("k")
		follower := <-ask(t.Context(), other, "k")
		wantVersion(t, "Get of the follower", follower, 1)
		if follower.took > life+life/10 {
			t.Errorf("the follower took %v, want LeaseLife = %v at most", follower.took, life)
		}
		close(g.open)
		<-first
		for _, f := range []*versions{paused, other} {
			wantVersion(t, "Get after the paused load's end", get(t, f, "k"), 1)
		}
	})
}

func TestWaitingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := localStore(t)
		g := newGate()
		slow := memoized(t, member(t, st, cache.Config{LoadTimeout: time.Hour}), &source{before: g.wait}, versionsConfig{})
		src := new(source)
		other := memoized(t, member(t, st, cache.Config{MaxWait: 10 * time.Second}), src, versionsConfig{})
		first := ask(t.Context(), slow, "k")
		<-g.reached
		src.write("k")
		a := <-ask(t.Context(), other, "k")
		wantVersion(t, "Get of what another loads for an hour", a, 1)
		if a.took < 9*time.Second || a.took > 11*time.Second {
			t.Errorf("it took %v, want MaxWait = 10s", a.took)
		}
		close(g.open)
		wantVersion(t, "Get of the slow one", <-first, 0)
		if item, err := other.Stats(), error(nil); item.Filled != 0 || err != nil {
			t.Errorf("who had no lease has stored %d results, want 0", item.Filled)
		}
	})
}

// TestWaitersDoNotPoll where the store tells: they look now and then, as the
// holder of the lease may have died.
func TestWaitersDoNotPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, slow := newSpy(t), newGate()
		holder := memoized(t, member(t, st.spy.Store, cache.Config{}), &source{before: slow.wait}, versionsConfig{})
		f := memoized(t, member(t, st, cache.Config{LeaseLife: 4 * time.Second}), new(source), versionsConfig{})
		loading := ask(t.Context(), holder, "k")
		<-slow.reached
		waiting := ask(t.Context(), f, "k")
		time.Sleep(5 * time.Second)
		if calls := st.taken(); calls["Claim"] < 5 || calls["Claim"] > 8 {
			t.Errorf("calls in 5 s = %v, want a Claim each quarter of LeaseLife", calls)
		}
		close(slow.open)
		<-loading
		wantVersion(t, "Get", <-waiting, 0)
	})
}
