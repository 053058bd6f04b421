package cache_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

// A taggedSpy is a spy that reads keys and tags in one call.
type taggedSpy struct{ *spy }

func (s taggedSpy) GetTagged(ctx context.Context, keys []string, namespace string, tags []string) (items []cache.Item, of []int64, now int64, err error) {
	if err := s.enter(ctx, "GetTagged"); err != nil {
		return nil, nil, 0, err
	}
	if items, err = s.Store.GetMany(ctx, keys); err != nil {
		return nil, nil, 0, err
	}
	of, now, err = s.Store.Generations(ctx, namespace, tags)
	return items, of, now, err
}

// untold are stores that tell of no changes.
func untold(t *testing.T) map[string]struct {
	*spy
	cache.Store
} {
	plain, tagged := newSpy(t).spy, newSpy(t).spy
	return map[string]struct {
		*spy
		cache.Store
	}{"plain": {plain, plain}, "tagged": {tagged, taggedSpy{tagged}}}
}

type calls = map[string]int

func (s *spy) wantCalls(t *testing.T, what string, want calls) {
	t.Helper()
	if got := s.taken(); !maps.Equal(got, want) {
		t.Errorf("%s: the calls are %v, want %v", what, got, want)
	}
}

// TestRoundTripsUntold counts what reads cost where changes are not told: the
// store is asked for the tags of all entries at once, and one that can read
// both together is asked for nothing else.
func TestRoundTripsUntold(t *testing.T) {
	keys := []string{"a", "b", "c", "d", "e"}
	for name, st := range untold(t) {
		c := openCache(t, st.Store, cache.Config{})
		f := memoized(t, c, new(source), versionsConfig{
			Tags: func(k string, _ int64) []string { return []string{"all", "tag:" + k} },
		})
		v := valuesOf(t, c, "values", cache.ValuesConfig[int]{Tags: func(k string, _ int) []string { return []string{"tag:" + k} }})
		if err := v.SetMany(t.Context(), map[string]int{"a": 1, "b": 2, "c": 3}, cache.TTL{}); err != nil {
			t.Fatal(err)
		}
		getMany := func() {
			if m, err := f.GetMany(t.Context(), keys); err != nil || len(m) != len(keys) {
				t.Errorf("%s: GetMany = %v, %v, want all of %d", name, m, err, len(keys))
			}
		}
		values := func() {
			if m, err := v.GetMany(t.Context(), keys[:3]); err != nil || len(m) != 3 {
				t.Errorf("%s: GetMany of values = %v, %v, want all of 3", name, m, err)
			}
		}
		st.taken()
		one := calls{"GetTagged": 1}
		hits := map[string]calls{"Get": one, "GetMany": one, "values": one}
		first := calls{"GetTagged": 1, "Generations": 1} // whoever has not met the tags asks for them too
		if name == "plain" {
			first = calls{"GetMany": 1, "Generations": 1}
			hits = map[string]calls{"Get": {"Get": 1, "Generations": 1}, "GetMany": first, "values": first}
		}
		getMany()
		st.wantCalls(t, name+": misses", calls{"Claim": 1, "Generations": 1, "Fill": 1})
		if err := c.Invalidate(t.Context(), "another"); err != nil {
			t.Fatal(err)
		}
		st.taken()
		getMany()
		st.wantCalls(t, name+": the first GetMany", first)
		values()
		st.wantCalls(t, name+": the first GetMany of values", first)
		for range 2 {
			getMany()
			st.wantCalls(t, name+": GetMany", hits["GetMany"])
			values()
			st.wantCalls(t, name+": GetMany of values", hits["values"])
			wantVersion(t, "Get", get(t, f, "c"), 0)
			st.wantCalls(t, name+": Get", hits["Get"])
		}
	}
}

// TestRoundTripsElsewhere counts what entries of another process cost, where
// changes are not told and where only those before this process are not.
func TestRoundTripsElsewhere(t *testing.T) {
	told := newSpy(t)
	stores := untold(t)
	stores["told"] = struct {
		*spy
		cache.Store
	}{told.spy, told}
	for name, st := range stores {
		src := new(source)
		other := memoized(t, openCache(t, st.Store, cache.Config{}), src, versionsConfig{})
		keys := []string{"a", "b", "c", "d", "e"}
		if _, err := other.GetMany(t.Context(), keys); err != nil {
			t.Fatal(err)
		}
		c := openCache(t, st.Store, cache.Config{})
		f := memoized(t, c, src, versionsConfig{})
		if err := c.Invalidate(t.Context(), "another"); err != nil {
			t.Fatal(err)
		}
		get(t, f, "so that the watch is complete")
		if err := c.Invalidate(t.Context(), "another"); err != nil {
			t.Fatal(err)
		}
		st.taken()
		for i, want := range []calls{{"Claim": 1, "Generations": 1}, {"GetMany": 1, "Generations": 1}} {
			if name == "tagged" && i == 1 {
				want = calls{"GetTagged": 1}
			}
			if m, err := f.GetMany(t.Context(), keys); err != nil || len(m) != len(keys) {
				t.Errorf("%s: GetMany = %v, %v, want all of %d", name, m, err, len(keys))
			}
			st.wantCalls(t, fmt.Sprintf("%s: GetMany no. %d", name, i), want)
		}
		if n := src.loads.Load(); n != int64(len(keys))+1 {
			t.Errorf("%s: loads = %d, want one of each key", name, n)
		}
		if name == "told" {
			get(t, f, "so that the watch is complete")
			st.wantCalls(t, "what was loaded while changes were told", calls{"Get": 1})
		}
	}
}

// TestUntoldInvalidations: whichever entries of a lookup are invalidated by
// another process, those are loaded again and the others are not.
func TestUntoldInvalidations(t *testing.T) {
	keys := []string{"a", "b", "c", "d"}
	for name, st := range untold(t) {
		src := new(source)
		tags := func(k string, _ int64) []string { return []string{"all", "tag:" + k} }
		f := memoized(t, openCache(t, st.Store, cache.Config{}), src, versionsConfig{Tags: tags})
		c := openCache(t, st.Store, cache.Config{})
		other := memoized(t, c, src, versionsConfig{Tags: tags})
		want := make(map[string]int64)
		check := func(what string, loads int64) {
			t.Helper()
			before := src.loads.Load()
			got, err := f.GetMany(t.Context(), keys)
			if err != nil || !maps.Equal(got, want) || src.loads.Load()-before != loads {
				t.Errorf("%s: GetMany after %s = %v, %v with %d loads, want %v with %d", name, what, got, err, src.loads.Load()-before, want, loads)
			}
		}
		for _, k := range keys {
			want[k] = 0
		}
		check("nothing", 4)
		check("the loads", 0)
		for i := range 16 {
			var dead []string
			for j, k := range keys {
				if i&(1<<j) != 0 {
					dead = append(dead, "tag:"+k)
					want[k] = src.write(k)
				}
			}
			if err := c.Invalidate(t.Context(), dead...); err != nil {
				t.Fatal(err)
			}
			check(fmt.Sprint(dead), int64(len(dead)))
			check("it", 0)
		}
		for _, k := range keys {
			want[k] = src.write(k)
		}
		if err := other.DeleteAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("DeleteAll", 4)
		for _, k := range keys {
			want[k] = src.write(k)
		}
		if err := c.Invalidate(t.Context(), "all"); err != nil {
			t.Fatal(err)
		}
		check("the tag of all", 4)
	}
}

// TestTagsThatChange: an entry's tags are those that it has now, whatever they
// were when this process met its key. One that is younger than every
// invalidation is not asked about again, nor one whose tags were met.
func TestTagsThatChange(t *testing.T) {
	for name, st := range untold(t) {
		src := new(source)
		tags := func(_ string, version int64) []string { return [][]string{{"a", "b"}, nil, {"c"}}[version%3] }
		f := memoized(t, openCache(t, st.Store, cache.Config{}), src, versionsConfig{Tags: tags})
		c := openCache(t, st.Store, cache.Config{})
		other := memoized(t, c, src, versionsConfig{Tags: tags})
		for version := range int64(6) {
			for range 2 {
				st.taken()
				wantVersion(t, name+": Get", get(t, f, "k"), version)
				if name == "tagged" && version > 0 {
					st.wantCalls(t, "Get of a changed entry", calls{"GetTagged": 1})
				}
				if err := c.Invalidate(t.Context(), "unrelated"); err != nil {
					t.Fatal(err)
				}
			}
			src.write("k")
			if carried := tags("k", version); carried != nil {
				if err := c.Invalidate(t.Context(), slices.Concat(carried[:1], []string{"d"})...); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := other.Refresh(t.Context(), "k"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestUntoldFailures: if the store does not say which entries are dead, it is
// not asked for each, its failure is told once, and the results are computed.
func TestUntoldFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, st := range untold(t) {
			var told complaints
			src := new(source)
			f := memoized(t, openCache(t, st.Store, cache.Config{OnError: told.add}), src, versionsConfig{})
			keys := []string{"a", "b", "c"}
			for range 2 {
				if _, err := f.GetMany(t.Context(), keys); err != nil {
					t.Fatal(err)
				}
			}
			st.onCall(refuse(errStore, "Generations", "GetTagged"))
			st.taken()
			loads := src.loads.Load()
			if m, err := f.GetMany(t.Context(), keys); err != nil || len(m) != 3 || src.loads.Load() != loads+3 {
				t.Errorf("%s: GetMany = %v, %v, want all, loaded", name, m, err)
			}
			method := map[string]string{"plain": "Generations", "tagged": "GetTagged"}[name]
			if calls, errs := st.taken(), told.taken(); calls[method] != 1 || len(errs) != 1 {
				t.Errorf("%s: %v were called, OnError was told %v, want %s and its error once", name, calls, errs, method)
			}
			st.onCall(nil)
			time.Sleep(time.Second)
		}
	})
}

// A shortStore leaves out the generation of the last tag.
type shortStore struct{ cache.Store }

func (s shortStore) Generations(ctx context.Context, namespace string, tags []string) (of []int64, now int64, err error) {
	of, now, err = s.Store.Generations(ctx, namespace, tags)
	return of[:len(of)-1], now, err
}

// TestAShortAnswerIsNone: nothing is believed, and no request fails.
func TestAShortAnswerIsNone(t *testing.T) {
	src := new(source)
	f := memoized(t, openCache(t, shortStore{memoryStore(t)}, cache.Config{}), src, versionsConfig{})
	for i := range int64(3) {
		wantVersion(t, "Get", get(t, f, "k"), i)
		src.write("k")
	}
}
