package cachetest

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/hone-go/hone/cache"
)

func taggedCases() []testCase {
	return []testCase{
		{"GetTagged/AsApart", testTaggedAsApart},
		{"GetTagged/AfterInvalidate", testTaggedAfterInvalidate},
	}
}

// A taggedReader is a store that needs not be a [cache.TagReader] to be tested.
type taggedReader func(ctx context.Context, keys []string, namespace string, tags []string) ([]cache.Item, []int64, int64, error)

// tagged returns the store's GetTagged; of one that has none, both calls.
func (s *suite) tagged() taggedReader {
	if r, ok := s.store.(cache.TagReader); ok {
		return r.GetTagged
	}
	return func(ctx context.Context, keys []string, namespace string, tags []string) ([]cache.Item, []int64, int64, error) {
		items, err := s.store.GetMany(ctx, keys)
		s.must("GetMany", err)
		of, now, err := s.store.Generations(ctx, namespace, tags)
		return items, of, now, err
	}
}

// testTaggedAsApart: it says what GetMany and Generations do, also of what is
// not there, and in a namespace that was never used.
func testTaggedAsApart(s *suite) {
	compare := func() {
		for _, names := range [][]string{nil, {"a"}, {"none", "a", "empty", "leased", "b", "a"}} {
			var keys []string
			for _, name := range names {
				keys = append(keys, s.key(name))
			}
			for _, tags := range [][]string{nil, {"never"}, {"x", "never", "y", "\xff\x00", "x"}} {
				s.compareTagged(keys, tags)
			}
		}
	}
	compare()
	s.set(s.key("a"), "A", time.Hour)
	s.set(s.key("b"), "\x00\xff", cache.NoExpiry)
	s.set(s.key("empty"), "", time.Hour)
	s.lease(s.key("leased"), newToken(), time.Hour)
	s.invalidate("x")
	s.invalidate("y", "z")
	compare()
}

func (s *suite) compareTagged(keys, tags []string) {
	s.Helper()
	items, of, now, err := s.tagged()(s.ctx, keys, s.space, tags)
	s.must("GetTagged", err)
	apart, err := s.store.GetMany(s.ctx, keys)
	s.must("GetMany", err)
	generations, present := s.generations(s.space, tags...)
	if !slices.EqualFunc(items, apart, equalItems) || !slices.Equal(of, generations) || now != present {
		s.Errorf("GetTagged of %q and %q = %v, %v, %d, want %v, %v, %d", keys, tags, items, of, now, apart, generations, present)
	}
}

// testTaggedAfterInvalidate: what was invalidated before the call is in its
// answer.
func testTaggedAfterInvalidate(s *suite) {
	s.set(s.key("a"), "A", time.Hour)
	for range 3 {
		want := s.invalidate("x")
		_, of, now, err := s.tagged()(s.ctx, []string{s.key("a")}, s.space, []string{"x", "never"})
		s.must("GetTagged", err)
		if len(of) != 2 || of[0] != want || of[1] >= want || now < want {
			s.Errorf("GetTagged after Invalidate = %v, %d, want %d, an earlier one, and no earlier one", of, now, want)
		}
	}
}

func equalItems(a, b cache.Item) bool {
	return a.State == b.State && bytes.Equal(a.Value, b.Value) && (a.Value == nil) == (b.Value == nil)
}
