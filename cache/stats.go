package cache

import (
	"context"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/hone-go/hone/internal/ledger"
)

// Stats are the sums of one function or set of values since it was defined.
type Stats struct {
	Name string

	Hits     int64 // answered from the cache, near and stale ones included
	NearHits int64 // of these, from the near cache
	Stale    int64 // of these, past their time to live
	Misses   int64 // not in the cache: answered by a load, its own or another's, or its error

	Loads     int64         // runs of the function
	LoadTime  time.Duration // of all of them
	Errors    int64         // of these, failed
	Panics    int64         // of these, panicked
	Refreshes int64         // of these, before the entry's end or behind a stale answer
	NotFound  int64         // of these, with nothing found
	Bypassed  int64         // of these, because of FuncConfig.Unless

	Waits       int64         // for another process's load
	WaitTime    time.Duration // of all of them
	Leases      int64         // granted
	Filled      int64         // entries stored
	FilledBytes int64         // of them, encoded
	Voided      int64         // results not stored: the key was changed meanwhile
	Dropped     int64         // results not stored: the store failed, or a filter said no
	Undecodable int64         // entries thrown away
	Evicted     int64         // entries that left the near cache to make room
	Deleted     int64         // by Delete and DeleteAll
}

// A tally sums Stats, and enters lookups and loads in the ledger of the request
// that ctx belongs to. The frequent ones are striped, as cores would otherwise
// wait for each other.
type tally struct {
	name string
	hits [hitStripes]hitStripe

	misses, loads, loadTime, errors, panics, refreshes, notFound, bypassed atomic.Int64

	waits, waitTime, leases, filled, filledBytes, voided, dropped, undecodable, evicted, deleted atomic.Int64
}

// hitStripes is how many goroutines can count hits side by side. A power of
// two. Not larger: each function of a cache takes the lines.
const hitStripes = 8

type hitStripe struct {
	near, shared, stale atomic.Int64
	_                   [40]byte // the rest of a cache line
}

// stripe returns the counters for the caller's goroutine: where its stack lies
// is as good as random, and takes no time to find out.
func (t *tally) stripe() *hitStripe {
	var here byte
	at := uintptr(unsafe.Pointer(&here)) / stackStep
	return &t.hits[(at^at/hitStripes)%hitStripes]
}

// stackStep is the size of the smallest stacks that goroutines with calls of
// some depth have: what is below tells frames apart, not goroutines.
const stackStep = 8 << 10

func (t *tally) nearHit(ctx context.Context) {
	t.stripe().near.Add(1)
	t.enter(ctx, ledger.Lookups{Hits: 1})
}

func (t *tally) sharedHit(ctx context.Context) {
	t.stripe().shared.Add(1)
	t.enter(ctx, ledger.Lookups{Hits: 1})
}

// staleHit notes that a hit, counted besides, was stale.
func (t *tally) staleHit(ctx context.Context) {
	t.stripe().stale.Add(1)
	t.enter(ctx, ledger.Lookups{Stale: 1})
}

func (t *tally) miss(ctx context.Context) {
	t.misses.Add(1)
	t.enter(ctx, ledger.Lookups{Misses: 1})
}

// loaded notes a run of the function.
func (t *tally) loaded(ctx context.Context, took time.Duration) {
	t.loads.Add(1)
	t.loadTime.Add(int64(took))
	t.enter(ctx, ledger.Lookups{Loads: 1, LoadTime: took})
}

func (t *tally) enter(ctx context.Context, l ledger.Lookups) {
	if account := ledger.From(ctx); account != nil {
		l.Name = t.name
		account.AddLookups(l)
	}
}

func (t *tally) stats() Stats {
	s := Stats{
		Name:        t.name,
		Misses:      t.misses.Load(),
		Loads:       t.loads.Load(),
		LoadTime:    time.Duration(t.loadTime.Load()),
		Errors:      t.errors.Load(),
		Panics:      t.panics.Load(),
		Refreshes:   t.refreshes.Load(),
		NotFound:    t.notFound.Load(),
		Bypassed:    t.bypassed.Load(),
		Waits:       t.waits.Load(),
		WaitTime:    time.Duration(t.waitTime.Load()),
		Leases:      t.leases.Load(),
		Filled:      t.filled.Load(),
		FilledBytes: t.filledBytes.Load(),
		Voided:      t.voided.Load(),
		Dropped:     t.dropped.Load(),
		Undecodable: t.undecodable.Load(),
		Evicted:     t.evicted.Load(),
		Deleted:     t.deleted.Load(),
	}
	for i := range t.hits {
		near := t.hits[i].near.Load()
		s.NearHits += near
		s.Hits += near + t.hits[i].shared.Load()
		s.Stale += t.hits[i].stale.Load()
	}
	return s
}
