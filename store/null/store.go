package null

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/cache"
)

// A Store keeps nothing. Its zero value is ready. It implements [cache.Store]
// and [cache.Local], and is safe for concurrent use. No call waits, and no call
// fails before Close.
type Store struct {
	invalidations atomic.Int64
	closed        atomic.Bool
}

var (
	_ cache.Store = (*Store)(nil)
	_ cache.Local = (*Store)(nil)
)

// New returns a store that keeps nothing.
func New() *Store { return new(Store) }

func (s *Store) check() error {
	if s.closed.Load() {
		return fmt.Errorf("null: the store is closed: %w", cache.ErrUnavailable)
	}
	return nil
}

// Get finds nothing.
func (s *Store) Get(context.Context, string) (cache.Item, error) {
	return cache.Item{}, s.check()
}

// GetMany finds nothing.
func (s *Store) GetMany(_ context.Context, keys []string) ([]cache.Item, error) {
	return make([]cache.Item, len(keys)), s.check()
}

// Set stores nothing.
func (s *Store) Set(context.Context, []cache.Entry) error { return s.check() }

// Add reports true, since there is no value, and stores nothing.
func (s *Store) Add(context.Context, cache.Entry) (added bool, err error) {
	err = s.check()
	return err == nil, err
}

// Delete removes nothing.
func (s *Store) Delete(context.Context, []string) (deleted int, err error) { return 0, s.check() }

// Increment returns delta, as it would for a missing counter, and counts
// nothing.
func (s *Store) Increment(_ context.Context, _ string, delta int64, _ time.Duration) (int64, error) {
	return delta, s.check()
}

// Touch finds nothing.
func (s *Store) Touch(context.Context, string, time.Duration) (found bool, err error) {
	return false, s.check()
}

// Claim grants every claim.
func (s *Store) Claim(_ context.Context, keys []string, _ cache.Claim) ([]cache.Item, error) {
	items := make([]cache.Item, len(keys))
	for i := range items {
		items[i].State = cache.Granted
	}
	return items, s.check()
}

// Extend reports that all leases stand.
func (s *Store) Extend(_ context.Context, keys []string, _ cache.Token, _ time.Duration) (held int, err error) {
	return len(keys), s.check()
}

// Fill stores nothing, and says so.
func (s *Store) Fill(_ context.Context, entries []cache.Entry, _ cache.Token) (stored []bool, err error) {
	return make([]bool, len(entries)), s.check()
}

// Release does nothing: no lease keeps anybody from another.
func (s *Store) Release(context.Context, []string, cache.Token) error { return s.check() }

// Generations returns the present generation for every tag: whatever was loaded
// before the last invalidation, of whichever tag or namespace, is dead.
func (s *Store) Generations(_ context.Context, _ string, tags []string) (of []int64, now int64, err error) {
	now = 1 + s.invalidations.Load()
	of = make([]int64, len(tags))
	for i := range of {
		of[i] = now
	}
	return of, now, s.check()
}

// Invalidate starts a new generation for all tags of all namespaces.
func (s *Store) Invalidate(context.Context, string, []string) (now int64, err error) {
	return 1 + s.invalidations.Add(1), s.check()
}

// Now returns the time.
func (s *Store) Now() time.Time { return time.Now() }

// Ping fails only after Close.
func (s *Store) Ping(context.Context) error { return s.check() }

// Local reports true.
func (s *Store) Local() bool { return true }

// Close makes later calls fail.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}
