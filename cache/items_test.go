package cache_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/redis"
)

// TestForeignKeysAreReplaced puts a list where a result was: a read finds it,
// tells, and goes on as on a miss, so that the next one is a hit.
func TestForeignKeysAreReplaced(t *testing.T) {
	url, ns := testserver.Redis(t), redisNamespace()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{strings.TrimPrefix(url, "redis://")}, DisableCache: true, ForceSingleClient: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	command := func(words ...string) rueidis.RedisResult {
		r := client.Do(t.Context(), client.B().Arbitrary(words...).Build())
		if r.Error() != nil {
			t.Fatalf("%q: %v", words, r.Error())
		}
		return r
	}
	var told complaints
	cfg := cache.Config{OnError: told.add, StoreTimeout: time.Minute}
	used := memoized(t, redisMember(t, url, ns, cfg), new(source), versionsConfig{})
	fresh := memoized(t, redisMember(t, url, ns, cfg), new(source), versionsConfig{})
	wantVersion(t, "the first Get", get(t, used, "k"), 0)
	names, err := command("KEYS", ns+":version:*").AsStrSlice()
	if err != nil || len(names) != 1 {
		t.Fatalf("KEYS = %q, %v, want one", names, err)
	}
	many := func(f *versions) (int64, bool, error) {
		m, err := f.GetMany(t.Context(), []string{"k"})
		v, found := m["k"]
		return v, found, err
	}
	reads := []struct {
		name string
		f    *versions
		read func(*versions) (int64, bool, error)
	}{
		{"Get", used, func(f *versions) (int64, bool, error) { return f.Get(t.Context(), "k") }},
		{"GetMany", used, many},
		{"Refresh", used, func(f *versions) (int64, bool, error) { return f.Refresh(t.Context(), "k") }},
		{"Get by who has not seen the key", fresh, func(f *versions) (int64, bool, error) { return f.Get(t.Context(), "k") }},
	}
	for _, r := range reads {
		command("DEL", names[0])
		command("RPUSH", names[0], "foreign")
		told.taken()
		before := r.f.Stats()
		if v, found, err := r.read(r.f); v != 0 || !found || err != nil {
			t.Errorf("%s = %d, %v, %v, want 0, true, nil", r.name, v, found, err)
		}
		if errs := told.taken(); len(errs) != 1 || !errors.Is(errs[0], cache.ErrEntry) || !errors.Is(errs[0], redis.ErrForeign) {
			t.Errorf("%s: OnError was told %v, want ErrEntry for ErrForeign once", r.name, errs)
		}
		wantVersion(t, r.name+": the next Get", get(t, r.f, "k"), 0)
		s := r.f.Stats()
		if s.Undecodable != before.Undecodable+1 || s.Loads != before.Loads+1 || s.Filled != before.Filled+1 || s.Hits != before.Hits+1 {
			t.Errorf("%s: Stats() = %+v after %+v, want one entry thrown away, one load, one fill, one hit", r.name, s, before)
		}
	}
}

// A partial store gives no answer for keys that it does not reach, beside the
// items of the others.
type partial struct {
	cache.Store
	reached func(key string) bool
	names   map[string]bool // all keys it has met
}

func (p *partial) part(keys []string, f func([]string) ([]cache.Item, error)) ([]cache.Item, error) {
	items := make([]cache.Item, len(keys))
	var failed error
	for i, k := range keys {
		p.names[k] = true
		if p.reached != nil && !p.reached(k) {
			failed = errStore
			continue
		}
		one, err := f(keys[i : i+1])
		if err != nil {
			return nil, err
		}
		items[i] = one[0]
	}
	return items, failed
}

func (p *partial) GetMany(ctx context.Context, keys []string) ([]cache.Item, error) {
	return p.part(keys, func(k []string) ([]cache.Item, error) { return p.Store.GetMany(ctx, k) })
}

func (p *partial) Claim(ctx context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	return p.part(keys, func(k []string) ([]cache.Item, error) { return p.Store.Claim(ctx, k, c) })
}

// TestItemsBesideAnErrorAreUsed: where a part of the store fails, what the rest
// has said is used: values are served, and leases are filled.
func TestItemsBesideAnErrorAreUsed(t *testing.T) {
	st := &partial{Store: memoryStore(t), names: make(map[string]bool)}
	src := new(source)
	c := member(t, st, cache.Config{})
	f := memoized(t, c, src, versionsConfig{})
	wantVersion(t, "Get", get(t, f, "lost"), 0)
	lost := maps.Clone(st.names)
	wantVersion(t, "Get", get(t, f, "there"), 0)
	st.reached = func(key string) bool { return !lost[key] }
	want := map[string]int64{"lost": 0, "there": 0}
	if m, err := f.GetMany(t.Context(), []string{"lost", "there"}); err != nil || !maps.Equal(m, want) {
		t.Errorf("GetMany = %v, %v, want %v", m, err, want)
	}
	if n := src.loads.Load(); n != 3 {
		t.Errorf("loads = %d, want 3: only what was not reached is loaded again", n)
	}
	want = map[string]int64{"lost": 0, "there": 0, "new": 0}
	if m, err := f.GetMany(t.Context(), []string{"lost", "there", "new"}); err != nil || !maps.Equal(m, want) {
		t.Errorf("GetMany = %v, %v, want %v", m, err, want)
	}
	if n, filled := src.loads.Load(), f.Stats().Filled; n != 5 || filled != 3 {
		t.Errorf("%d loads, %d stored, want 5 and 3: the lease beside the error was used", n, filled)
	}
	wantVersion(t, "Get", get(t, f, "new"), 0)
	if n := src.loads.Load(); n != 5 {
		t.Errorf("loads = %d, want 5: it was stored", n)
	}
}

// TestNothingIsTagged: what is remembered not to be there appears once its tag
// is invalidated.
func TestNothingIsTagged(t *testing.T) {
	there := false
	load := func(context.Context, string) (string, error) {
		if !there {
			return "", cache.ErrNotFound
		}
		return "row", nil
	}
	c := openCache(t, memoryStore(t), cache.Config{})
	f := define(t, c, "row", load, cache.FuncConfig[string, string]{
		NotFound: cache.Forever(), Tags: func(k, _ string) []string { return []string{"row:" + k} },
	})
	wants(t, "Get before", "", false)(f.Get(t.Context(), "k"))
	there = true
	wants(t, "Get before the invalidation", "", false)(f.Get(t.Context(), "k"))
	if err := c.Invalidate(t.Context(), "row:k"); err != nil {
		t.Fatal(err)
	}
	wants(t, "Get after the invalidation", "row", true)(f.Get(t.Context(), "k"))
}

// TestAClosedCacheLeavesItsStoreAlone, a local one too.
func TestAClosedCacheLeavesItsStoreAlone(t *testing.T) {
	st := &counted{Store: localStore(t)}
	c := member(t, st, cache.Config{})
	src := new(source)
	f := memoized(t, c, src, versionsConfig{})
	wantVersion(t, "Get", get(t, f, "k"), 0)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	st.reset()
	wantVersion(t, "Get after Close", get(t, f, "k"), 0)
	if err := f.Delete(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Delete after Close = %v, want ErrUnavailable", err)
	}
	if calls := st.reset(); len(calls) != 0 || c.Reachable() {
		t.Errorf("after Close: calls %v, Reachable() = %v, want none, false", calls, c.Reachable())
	}
}
