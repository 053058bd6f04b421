package cache_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

func TestValuesOperations(t *testing.T) {
	ctx := t.Context()
	v := valuesOf(t, openCache(t, memoryStore(t), cache.Config{}), "v", cache.ValuesConfig[string]{})
	check := func(call string, want any, got any, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("%s = %v, %v, want %v", call, got, err, want)
		}
	}
	wants(t, "Get of nothing", "", false)(v.Get(ctx, "a"))
	check("Set", nil, nil, v.Set(ctx, "a", "1", cache.TTL{}))
	wants(t, "Get", "1", true)(v.Get(ctx, "a"))
	has, err := v.Has(ctx, "a")
	check("Has", true, has, err)
	has, err = v.Has(ctx, "b")
	check("Has of nothing", false, has, err)
	added, err := v.Add(ctx, "a", "2", cache.TTL{})
	check("Add over a value", false, added, err)
	wants(t, "Get after it", "1", true)(v.Get(ctx, "a"))
	added, err = v.Add(ctx, "b", "2", cache.TTL{})
	check("Add", true, added, err)
	keys, err := v.AddMany(ctx, map[string]string{"a": "x", "b": "x", "d": "4", "c": "3"}, cache.TTL{})
	if err != nil || !slices.Equal(keys, []string{"c", "d"}) {
		t.Errorf("AddMany() = %v, %v, want c and d", keys, err)
	}
	check("SetMany", nil, nil, v.SetMany(ctx, map[string]string{"b": "22", "e": "5"}, cache.TTL{}))
	check("SetMany of nothing", nil, nil, v.SetMany(ctx, nil, cache.TTL{}))
	many, err := v.GetMany(ctx, []string{"a", "b", "c", "none", "d", "e", "a"})
	if want := map[string]string{"a": "1", "b": "22", "c": "3", "d": "4", "e": "5"}; err != nil || !maps.Equal(many, want) {
		t.Errorf("GetMany() = %v, %v, want %v", many, err, want)
	}
	deleted, err := v.Delete(ctx, "a")
	check("Delete", true, deleted, err)
	deleted, err = v.Delete(ctx, "a")
	check("Delete of nothing", false, deleted, err)
	n, err := v.DeleteMany(ctx, []string{"a", "none", "b", "c"})
	check("DeleteMany", 2, n, err)
	check("Clear", nil, nil, v.Clear(ctx))
	wants(t, "Get after Clear", "", false)(v.Get(ctx, "d"))
	added, err = v.Add(ctx, "d", "new", cache.TTL{})
	check("Add over what was cleared", true, added, err)
	wants(t, "Get after that", "new", true)(v.Get(ctx, "d"))
}

// TestValuesCost counts round trips.
func TestValuesCost(t *testing.T) {
	s := newSpy(t)
	ctx := t.Context()
	v := valuesOf(t, openCache(t, s, cache.Config{}), "v", cache.ValuesConfig[int]{})
	three := map[string]int{"a": 1, "b": 2, "c": 3}
	if err := v.Set(ctx, "first", 1, cache.TTL{}); err != nil { // which learns the present generation
		t.Fatal(err)
	}
	s.taken()
	steps := []struct {
		name string
		do   func() error
		want map[string]int
	}{
		{"SetMany", func() error { return v.SetMany(ctx, three, cache.TTL{}) }, map[string]int{"Set": 1}},
		{"GetMany", func() error { _, err := v.GetMany(ctx, []string{"a", "b", "x"}); return err }, map[string]int{"GetMany": 1}},
		{"Get", func() error { _, _, err := v.Get(ctx, "a"); return err }, map[string]int{"GetMany": 1}},
		{"Add", func() error { _, err := v.Add(ctx, "d", 1, cache.TTL{}); return err }, map[string]int{"Add": 1}},
		{"Touch", func() error { _, err := v.Touch(ctx, "d", cache.TTL{}); return err }, map[string]int{"Claim": 1, "GetMany": 1, "Fill": 1, "Release": 1}},
		{"DeleteMany", func() error { _, err := v.DeleteMany(ctx, []string{"a", "b"}); return err }, map[string]int{"Delete": 1}},
		{"Clear", func() error { return v.Clear(ctx) }, map[string]int{"Invalidate": 1}},
	}
	for _, tt := range steps {
		if err := tt.do(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := s.taken(); !maps.Equal(got, tt.want) {
			t.Errorf("%s: calls of the store = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestValuesLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		v := valuesOf(t, openCache(t, memoryStore(t), cache.Config{TTL: cache.For(time.Hour)}), "v", cache.ValuesConfig[int]{Jitter: -1})
		left := func(key string, want time.Duration, wantFound bool) {
			t.Helper()
			wants(t, "TimeLeft of "+key, want, wantFound)(v.TimeLeft(ctx, key))
		}
		left("none", 0, false)
		for key, ttl := range map[string]cache.TTL{"default": {}, "minute": cache.For(time.Minute), "forever": cache.Forever()} {
			if err := v.Set(ctx, key, 1, ttl); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20 * time.Second)
		left("default", time.Hour-20*time.Second, true)
		left("minute", 40*time.Second, true)
		left("forever", cache.NoExpiry, true)
		if found, err := v.Touch(ctx, "minute", cache.For(2*time.Minute)); !found || err != nil {
			t.Errorf("Touch = %v, %v, want true", found, err)
		}
		left("minute", 2*time.Minute, true)
		if found, err := v.Touch(ctx, "none", cache.TTL{}); found || err != nil {
			t.Errorf("Touch of nothing = %v, %v, want false", found, err)
		}
		time.Sleep(2*time.Minute - time.Millisecond)
		wants(t, "Get before the end", 1, true)(v.Get(ctx, "minute"))
		time.Sleep(time.Millisecond)
		wants(t, "Get at the end", 0, false)(v.Get(ctx, "minute"))
		left("minute", 0, false)
		if added, err := v.Add(ctx, "minute", 2, cache.TTL{}); !added || err != nil {
			t.Errorf("Add over what has expired = %v, %v, want true", added, err)
		}
	})
}

// TestTouchDoesNotUndoInvalidation: a value that is invalidated while it gets a
// new life stays dead.
func TestTouchDoesNotUndoInvalidation(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{})
	hook := &onDecode{Codec: cache.JSON()}
	v := valuesOf(t, c, "v", cache.ValuesConfig[int]{Codec: hook, Tags: func(string, int) []string { return []string{"tag"} }})
	ctx := t.Context()
	if err := v.Set(ctx, "k", 1, cache.TTL{}); err != nil {
		t.Fatal(err)
	}
	hook.do = func() { // it was found alive
		if err := c.Invalidate(ctx, "tag"); err != nil {
			t.Error(err)
		}
	}
	if _, err := v.Touch(ctx, "k", cache.Forever()); err != nil {
		t.Fatal(err)
	}
	hook.do = nil
	wants(t, "Get", 0, false)(v.Get(ctx, "k"))
}

// onDecode does something before it decodes.
type onDecode struct {
	cache.Codec
	do func()
}

func (c *onDecode) Decode(b []byte, v any) error {
	if c.do != nil {
		c.do()
	}
	return c.Codec.Decode(b, v)
}

// TestTouchYieldsToWriters: what is written meanwhile keeps its life.
func TestTouchYieldsToWriters(t *testing.T) {
	s := newSpy(t)
	v := valuesOf(t, openCache(t, s, cache.Config{}), "v", cache.ValuesConfig[int]{})
	ctx := t.Context()
	if err := v.Set(ctx, "k", 1, cache.TTL{}); err != nil {
		t.Fatal(err)
	}
	s.onCall(func(ctx context.Context, method string) error {
		if method == "Fill" {
			s.onCall(nil)
			return v.Set(ctx, "k", 2, cache.TTL{})
		}
		return nil
	})
	if found, err := v.Touch(ctx, "k", cache.Forever()); !found || err != nil {
		t.Errorf("Touch = %v, %v, want true: there is a value", found, err)
	}
	wants(t, "Get", 2, true)(v.Get(ctx, "k"))
	s.onCall(func(ctx context.Context, method string) error {
		if method == "Fill" {
			s.onCall(nil)
			_, err := v.Delete(ctx, "k")
			return err
		}
		return nil
	})
	if found, err := v.Touch(ctx, "k", cache.Forever()); found || err != nil {
		t.Errorf("Touch of what was deleted meanwhile = %v, %v, want false", found, err)
	}
}

func TestOneAddAdds(t *testing.T) {
	v := valuesOf(t, openCache(t, memoryStore(t), cache.Config{}), "v", cache.ValuesConfig[int]{})
	for _, after := range []string{"nothing", "Clear"} {
		var won atomic.Int64
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				added, err := v.Add(t.Context(), "lock", i, cache.TTL{})
				if err != nil {
					t.Error(err)
				}
				if added {
					won.Add(1)
				}
			})
		}
		group.Wait()
		if got := won.Load(); got != 1 {
			t.Errorf("%d of 50 Adds after %s added, want 1", got, after)
		}
		if err := v.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestValuesRefuse(t *testing.T) {
	ctx := t.Context()
	store := memoryStore(t)
	c := openCache(t, store, cache.Config{})
	v := valuesOf(t, c, "v", cache.ValuesConfig[string]{})
	bad := cache.For(-time.Second)
	if err := v.SetMany(ctx, map[string]string{"a": "1"}, bad); !errors.Is(err, cache.ErrLife) {
		t.Errorf("SetMany with %v = %v, want ErrLife", bad, err)
	}
	if _, err := v.AddMany(ctx, map[string]string{"a": "1"}, bad); !errors.Is(err, cache.ErrLife) {
		t.Errorf("AddMany with %v = %v, want ErrLife", bad, err)
	}
	if err := v.Set(ctx, "k", "1", cache.TTL{}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Touch(ctx, "k", bad); !errors.Is(err, cache.ErrLife) {
		t.Errorf("Touch with %v = %v, want ErrLife", bad, err)
	}
	panics := valuesOf(t, c, "panics", cache.ValuesConfig[string]{Tags: func(string, string) []string { panic("no tags") }})
	var p *cache.PanicError
	if err := panics.Set(ctx, "k", "1", cache.TTL{}); !errors.As(err, &p) {
		t.Errorf("Set whose Tags panics = %v, want a *PanicError", err)
	}
	wants(t, "Get after it", "", false)(panics.Get(ctx, "k"))
	chans := valuesOf(t, c, "chans", cache.ValuesConfig[chan int]{})
	if err := chans.Set(ctx, "k", make(chan int), cache.TTL{}); err == nil {
		t.Error("Set of a channel succeeded, want the codec's error")
	}
	_ = store.Close()
	if _, _, err := v.Get(ctx, "k"); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Get of a closed store = %v, want ErrUnavailable", err)
	}
	if err := v.Set(ctx, "k", "1", cache.TTL{}); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Set in a closed store = %v, want ErrUnavailable", err)
	}
}

// TestValuesBesideAnError: what could be read is given with the error that says
// that the rest could not.
func TestValuesBesideAnError(t *testing.T) {
	s := newSpy(t)
	half := &halfStore{Store: s.spy}
	v := valuesOf(t, openCache(t, half, cache.Config{}), "v", cache.ValuesConfig[int]{})
	if err := v.SetMany(t.Context(), map[string]int{"a": 1, "b": 2}, cache.TTL{}); err != nil {
		t.Fatal(err)
	}
	half.broken = true
	m, err := v.GetMany(t.Context(), []string{"a", "b", "none"})
	if want := map[string]int{"a": 1}; !maps.Equal(m, want) || !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("GetMany = %v, %v, want %v and ErrUnavailable", m, err, want)
	}
	if s := v.Stats(); s.Hits != 1 || s.Misses != 0 {
		t.Errorf("%d hits and %d misses, want one hit: of the others nothing is known", s.Hits, s.Misses)
	}
	half.broken = false
	s.onCall(refuse(errStore, "Generations")) // so that nobody knows whether they are dead
	if _, found, err := v.Get(t.Context(), "a"); found || !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Get of what may be dead = %v, %v, want ErrUnavailable", found, err)
	}
}

// A halfStore, when broken, gives the first item and an error.
type halfStore struct {
	cache.Store
	broken bool
}

func (h *halfStore) GetMany(ctx context.Context, keys []string) ([]cache.Item, error) {
	items, err := h.Store.GetMany(ctx, keys)
	if h.broken {
		clear(items[1:])
		err = errStore
	}
	return items, err
}
