package batch_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hone-go/hone/batch"
)

// A fetcher answers every key with its double, and remembers the batches.
type fetcher struct {
	mu      sync.Mutex
	batches [][]int

	// before is called with the context and keys of each fetch; what it
	// returns, if not nil, replaces the answer.
	before func(ctx context.Context, keys []int) (map[int]int, error)
}

func (f *fetcher) fetch(ctx context.Context, keys []int) (map[int]int, error) {
	f.mu.Lock()
	f.batches = append(f.batches, slices.Sorted(slices.Values(keys)))
	f.mu.Unlock()
	if f.before != nil {
		if values, err := f.before(ctx, keys); values != nil || err != nil {
			return values, err
		}
	}
	return doubled(keys), nil
}

func doubled(keys []int) map[int]int {
	values := make(map[int]int, len(keys))
	for _, key := range keys {
		values[key] = 2 * key
	}
	return values
}

// sent returns the batches so far, as in "[1 2] [3]": sorted by text, since
// those sent together run in any order.
func (f *fetcher) sent() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	texts := make([]string, len(f.batches))
	for i, keys := range f.batches {
		texts[i] = fmt.Sprint(keys)
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

func (f *fetcher) wantSent(t *testing.T, want string) {
	t.Helper()
	if got := f.sent(); got != want {
		t.Errorf("batches = %s, want %s", got, want)
	}
}

func newLoader(t testing.TB, g *batch.Group, f *fetcher, cfg batch.LoaderConfig) *batch.Loader[int, int] {
	t.Helper()
	l, err := batch.NewLoader(g, f.fetch, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// newForever returns a group that waits [forever], and a loader of it.
func newForever(t testing.TB, f *fetcher) (*batch.Group, *batch.Loader[int, int]) {
	t.Helper()
	g := batch.NewGroup(t.Context(), forever)
	return g, newLoader(t, g, f, batch.LoaderConfig{})
}

// load checks that the key has its value, which is its double.
func load(ctx context.Context, l *batch.Loader[int, int], key int) error {
	got, err := l.Load(ctx, key)
	if err != nil || got != 2*key {
		return fmt.Errorf("Load(%d) = %d, %v, want %d", key, got, err, 2*key)
	}
	return nil
}

func wait(t *testing.T, g *batch.Group) {
	t.Helper()
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}
