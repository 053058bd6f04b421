package memory

import (
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/hone-go/hone/cache"
)

// A Store keeps entries in this process. It implements [cache.Store],
// [cache.LifeTeller], [cache.Watcher] and [cache.Local], and is safe for
// concurrent use, by several Caches too. Close it to stop its goroutine.
//
// It keeps the slices that it is given, and returns them: nobody may change
// them.
type Store struct {
	values  *otter.Cache[string, record]
	stripes []stripe
	seed    maphash.Seed
	classes sizeClasses
	start   time.Time

	maxEntry     int
	maxTags      int
	stripeLeases int

	slack     int64
	unevicted atomic.Int64 // bytes written since a writer last evicted
	evicted   atomic.Uint64

	changes changes
	closed  atomic.Bool

	spaces struct {
		sync.RWMutex
		of map[string]*generations
	}
}

var (
	_ cache.Store      = (*Store)(nil)
	_ cache.LifeTeller = (*Store)(nil)
	_ cache.Watcher    = (*Store)(nil)
	_ cache.Local      = (*Store)(nil)
)

// Stats says what a [Store] holds.
type Stats struct {
	Entries   int    // with those that are dead and not yet gone
	Bytes     int64  // what they take
	Evictions uint64 // living entries that had to make room, since New
}

// New returns an empty store. It starts a goroutine, which removes dead entries
// once a second until Close.
func New(cfg Config) (*Store, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Store{
		stripes:      make([]stripe, stripeCount),
		seed:         maphash.MakeSeed(),
		classes:      learnSizeClasses(),
		start:        time.Now(),
		maxEntry:     int(min(cfg.MaxBytes/largestShare, maxEntryBytes)),
		maxTags:      cfg.MaxTags,
		stripeLeases: (cfg.MaxLeases + stripeCount - 1) / stripeCount,
		slack:        cfg.MaxBytes / slackShare,
	}
	s.changes.frontier.now = s.elapsed
	s.spaces.of = make(map[string]*generations)
	var err error
	s.values, err = otter.New(&otter.Options[string, record]{
		MaximumWeight:    uint64(cfg.MaxBytes),
		Weigher:          func(_ string, r record) uint32 { return r.weight },
		ExpiryCalculator: otter.ExpiryWritingFunc(expiry),
		OnAtomicDeletion: s.left,
	})
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	return s, nil
}

// expiry tells otter the life of a record that is being written.
func expiry(e otter.Entry[string, record]) time.Duration {
	switch e.Value.life {
	case keepLife:
		return e.ExpiresAfter()
	case cache.NoExpiry:
		return math.MaxInt64 // otter's word for it
	}
	return e.Value.life
}

// left is told of every record that goes. It runs under otter's lock on a
// bucket; what it calls takes none but a watch's, whose functions must not call
// the store.
func (s *Store) left(e otter.DeletionEvent[string, record]) {
	switch e.Cause {
	case otter.CauseOverflow:
		s.evicted.Add(1)
		s.changes.tellKey(e.Key)
	case otter.CauseExpiration:
		s.changes.tellKey(e.Key)
	}
}

// elapsed is the store's clock: it never jumps.
func (s *Store) elapsed() int64 { return int64(time.Since(s.start)) }

// check returns the error of a closed store.
func (s *Store) check() error {
	if s.closed.Load() {
		return fmt.Errorf("memory: the store is closed: %w", cache.ErrUnavailable)
	}
	return nil
}

// Now returns the wall time when the store was made plus what has passed since:
// it does not follow a wall clock that is set.
func (s *Store) Now() time.Time { return s.start.Add(time.Since(s.start)) }

// Ping fails only once the store is closed.
func (s *Store) Ping(context.Context) error { return s.check() }

// Local reports true.
func (s *Store) Local() bool { return true }

// Stats returns what the store holds now. Cost: it waits for a running
// eviction.
func (s *Store) Stats() Stats {
	return Stats{
		Entries:   s.values.EstimatedSize(),
		Bytes:     int64(s.values.WeightedSize()),
		Evictions: s.evicted.Load(),
	}
}

// Close drops all entries and stops the store's goroutine. Watches are told
// nothing of it, and nothing after it.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.changes.close()
	s.values.StopAllGoroutines()
	s.values.InvalidateAll()
	return nil
}
