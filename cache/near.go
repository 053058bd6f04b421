package cache

import (
	"context"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/maypok86/otter/v2"
)

// near holds decoded values, of all functions, by a hash of the key. The bound
// is common to them, so that what is asked for most stays.
type near struct {
	entries   *otter.Cache[uint64, nearValue]
	slack     int64
	unevicted atomic.Int64 // bytes written since a writer last evicted
}

// A nearValue is a *nearEntry of some types.
type nearValue interface{ weight() uint32 }

// nearOverhead is what an entry takes beside the nearEntry and what that points
// to, in bytes: otter's node, its place in the hash table and in the frequency
// sketch, and what the allocator rounds up. TestNearHoldsItsBudget measures it.
const nearOverhead = 160

// allocatorShare is the part of a value that the allocator adds, as its size
// classes are an eighth apart.
const allocatorShare = 16

// nearSlackShare is the part of the budget after which a writer itself waits
// for the eviction that the writes have made necessary: otter evicts in the
// background, and its queue counts writes, not bytes. Not larger: that much may
// be above the budget. Not smaller: it would wait often.
const nearSlackShare = 100

func newNear(maxBytes int64) (*near, error) {
	entries, err := otter.New(&otter.Options[uint64, nearValue]{
		MaximumWeight: uint64(maxBytes),
		Weigher:       func(_ uint64, v nearValue) uint32 { return v.weight() },
		OnDeletion: func(e otter.DeletionEvent[uint64, nearValue]) {
			if e.WasEvicted() {
				if v, ok := e.Value.(interface{ evicted() }); ok {
					v.evicted()
				}
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return &near{entries: entries, slack: maxBytes / nearSlackShare}, nil
}

func (n *near) set(hash uint64, v nearValue) {
	n.entries.Set(hash, v)
	if n.unevicted.Add(int64(v.weight())) > n.slack {
		n.unevicted.Store(0)
		n.entries.CleanUp()
	}
}

// nearEntry is a value as it was read from the store.
type nearEntry[K comparable, V any] struct {
	// First what every hit reads.
	f     *Func[K, V]
	key   K
	early time.Duration // on the marks' clock: when there is more to see to
	seen  atomic.Uint64 // the marks' changes that it is known to have outlived
	found bool
	bytes uint32
	value V

	slot       uint32 // of the store's key
	stamp      stamp  // from before it was read
	created    int64  // milliseconds of the store's clock
	generation int64
	tags       []uint32 // slots of its tags

	// On the marks' clock: when it is stale, and when it must not be served any
	// more. early is when a refresh may begin.
	soft, end time.Duration
	took      time.Duration // by the load
	again     atomic.Int64  // on the marks' clock: when to see to a refresh again
}

func (e *nearEntry[K, V]) weight() uint32 { return e.bytes }
func (e *nearEntry[K, V]) evicted()       { e.f.tally.evicted.Add(1) }

func (f *Func[K, V]) nearHash(key K) uint64 { return maphash.Comparable(f.seed, key) }

// lookNear returns the entry of a key, or nil if there is none that may be
// served. due says that it should be refreshed. Cost: no allocation.
func (f *Func[K, V]) lookNear(key K) (e *nearEntry[K, V], due bool) {
	v, ok := f.cache.near.entries.GetIfPresent(f.nearHash(key))
	if !ok {
		return nil, false
	}
	m := f.cache.marks
	now := m.clock() // before the entry is read: the processor need not wait for one to have the other
	e, ok = v.(*nearEntry[K, V])
	if !ok || e.f != f || e.key != key {
		return nil, false // two keys of one hash
	}
	if !m.coherent(now, f.cache.cfg.Near.MaxStale) || !e.outlived(m) {
		return nil, false
	}
	if now < e.early {
		return e, false
	}
	if now >= e.end {
		return nil, false
	}
	return e, f.refreshNow(e.took, e.soft-now)
}

// outlived reports whether no change so far concerns the entry. It looks only
// if there was one since it last did.
func (e *nearEntry[K, V]) outlived(m *marks) bool {
	changes := m.changes.Load() // before the look: a later one is looked for the next time
	if e.seen.Load() == changes {
		return true
	}
	if !m.good(e.slot, e.stamp) || m.generation(e.tags) > e.generation {
		return false
	}
	e.seen.Store(changes)
	return true
}

// keepNear puts an entry that was just read into the near cache.
func (f *Func[K, V]) keepNear(key K, slot uint32, s stamp, e *entry[V]) {
	if f.cache.near == nil || f.cfg.NoNear || !f.cache.marks.good(slot, s) {
		return
	}
	m := f.cache.marks
	size := e.size
	if f.cfg.Size != nil && e.found {
		var ok bool
		if size, ok = f.safeSize(e.value); !ok {
			return
		}
	}
	at := m.clock() - f.cache.backend.store.Now().Sub(time.UnixMilli(0)) // the store's time 0
	clock := func(ms int64) time.Duration {
		if ms == 0 {
			return math.MaxInt64
		}
		return at + time.Duration(ms)*time.Millisecond
	}
	n := &nearEntry[K, V]{
		f: f, key: key, value: e.value, found: e.found,
		slot: slot, stamp: s, created: e.created, generation: e.generation, tags: e.tags,
		soft: clock(e.soft), took: e.took,
	}
	n.end = n.soft
	n.early = math.MaxInt64
	if n.soft != math.MaxInt64 {
		n.end += f.cfg.StaleWhileRevalidate
		n.early = n.soft - f.earlyAtMost(e.took)
	}
	n.bytes = n.size(size)
	f.cache.near.set(f.nearHash(key), n)
}

// size returns the bytes that an entry takes whose value points to so many.
func (e *nearEntry[K, V]) size(value int) uint32 {
	bytes := int64(value) + int64(value)/allocatorShare + int64(unsafe.Sizeof(*e)) + int64(len(e.tags))*4 + nearOverhead
	if s, ok := any(e.key).(string); ok {
		bytes += int64(len(s))
	}
	return uint32(min(bytes, math.MaxUint32))
}

// xfetchReach is how many multiples of took·beta before the end an early
// refresh can begin: −ln(u) is above 36 with a probability below 3e-16.
const xfetchReach = 36

func (f *Func[K, V]) earlyAtMost(took time.Duration) time.Duration {
	if f.cfg.Beta <= 0 {
		return 0
	}
	return time.Duration(xfetchReach * f.cfg.Beta * float64(took))
}

// refreshNow decides whether a reader with left to go before the entry is
// stale refreshes it. It is XFetch (Vattani, Chierichetti, Lowenstein: Optimal
// Probabilistic Cache Stampede Prevention, VLDB 2015,
// https://cseweb.ucsd.edu/~avattani/papers/cache_stampede.pdf): with took = δ,
// the time of the last load, u uniform in (0, 1] and β = Beta, it does so iff
//
//	now − δ·β·ln(u) ≥ expiry.
//
// Several readers may decide so: a lease lets one of them through.
func (f *Func[K, V]) refreshNow(took, left time.Duration) bool {
	if left <= 0 {
		return true
	}
	if f.cfg.Beta <= 0 {
		return false
	}
	u := 1 - rand.Float64() // Float64 is in [0, 1)
	return -math.Log(u)*f.cfg.Beta*float64(took) >= float64(left)
}

// safeSize asks the configuration for a value's size.
func (f *Func[K, V]) safeSize(v V) (size int, ok bool) {
	err := guard("Size", func() { size = f.cfg.Size(v) })
	if err != nil {
		f.cache.report(context.Background(), err)
		return 0, false
	}
	return max(0, size), true
}
