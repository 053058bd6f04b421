package cache

import (
	"context"
	"hash/maphash"
	"math"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/hone-go/hone/internal/xfetch"
)

// nearOverhead is what an entry takes beside the nearEntry and what that points
// to, in bytes: its places in the hash table, in the heap of ends and among the
// ghosts, and what the allocator rounds up. TestNearHoldsItsBudget measures it.
const nearOverhead = 80

// allocatorShare is the part of a value that the allocator adds, as its size
// classes are an eighth apart.
const allocatorShare = 16

// nearEntry is a value as it was read from the store.
type nearEntry[K comparable, V any] struct {
	// First what every hit reads.
	next  atomic.Pointer[nearEntry[K, V]] // in its chain of the table
	hash  uint64
	key   K
	early time.Duration // on the marks' clock: when there is more to see to
	seen  atomic.Uint64 // the marks' changes that it is known to have outlived
	reads atomic.Uint32 // up to nearReads, since near last looked
	gone  atomic.Bool   // from the table
	found bool
	value V

	f          *Func[K, V]
	slot       uint32 // of the store's key
	stamp      stamp  // from before it was read
	created    int64  // milliseconds of the store's clock
	generation int64
	tags       []uint32 // slots of its tags

	// On the marks' clock: when it is stale (place.end: when it must not be
	// served any more). early is when a refresh may begin.
	soft  time.Duration
	took  time.Duration // by the load
	again atomic.Int64  // on the marks' clock: when to see to a refresh again

	place nearPlace
}

func (e *nearEntry[K, V]) hashed() uint64          { return e.hash }
func (e *nearEntry[K, V]) counter() *atomic.Uint32 { return &e.reads }

func (e *nearEntry[K, V]) remove(evicted bool) {
	e.f.table.remove(e)
	if evicted {
		e.f.tally.evicted.Add(1)
	}
}

// count notes a read. Of several at once, one is enough.
func (e *nearEntry[K, V]) count() {
	if reads := e.reads.Load(); reads < nearReads {
		e.reads.Store(reads + 1)
	}
}

func (f *Func[K, V]) nearHash(key K) uint64 { return maphash.Comparable(f.seed, key) }

// lookNear returns the entry of a key, or nil if there is none that may be
// served. due says that it should be refreshed. Cost: no allocation.
func (f *Func[K, V]) lookNear(key K) (e *nearEntry[K, V], due bool) {
	e = f.table.look(f.nearHash(key), key)
	if e == nil {
		return nil, false
	}
	m := f.cache.marks
	now := m.clock()
	if !m.coherent(now, f.cache.cfg.Near.MaxStale) {
		return nil, false
	}
	if !e.outlived(m) {
		f.cache.near.drop(&e.place)
		return nil, false
	}
	e.count()
	if now < e.early {
		return e, false
	}
	if now >= e.place.end {
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
		f: f, hash: f.nearHash(key), key: key, value: e.value, found: e.found,
		slot: slot, stamp: s, created: e.created, generation: e.generation, tags: e.tags,
		soft: clock(e.soft), took: e.took, early: math.MaxInt64,
	}
	n.place = nearPlace{kept: n, end: n.soft, bytes: n.size(size)}
	if n.soft != math.MaxInt64 {
		n.place.end += f.cfg.StaleWhileRevalidate
		n.early = n.soft - f.earlyAtMost(e.took)
	}
	f.putNear(n, m.clock())
}

// putNear puts an entry into the table, in the place of the one of its key, and
// makes room for it.
func (f *Func[K, V]) putNear(e *nearEntry[K, V], now time.Duration) {
	n := f.cache.near
	if int64(e.place.bytes) > n.maxBytes {
		return // it would put out others, and then itself
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var old *nearPlace
	if replaced := f.table.put(e); replaced != nil {
		old = &replaced.place
	}
	n.addLocked(&e.place, old, now)
}

// size returns the bytes that an entry takes whose value points to so many.
func (e *nearEntry[K, V]) size(value int) uint32 {
	bytes := int64(value) + int64(value)/allocatorShare + int64(unsafe.Sizeof(*e)) + int64(len(e.tags))*4 + nearOverhead
	if s, ok := any(e.key).(string); ok {
		bytes += int64(len(s))
	}
	return uint32(min(bytes, math.MaxUint32))
}

// earlyAtMost is how long before its end an entry may be refreshed.
func (f *Func[K, V]) earlyAtMost(took time.Duration) time.Duration {
	return xfetch.AtMost(took, f.cfg.Beta)
}

// refreshNow decides whether a reader with left to go before the entry is
// stale refreshes it. Several may decide so: a lease lets one of them through.
func (f *Func[K, V]) refreshNow(took, left time.Duration) bool {
	return left <= 0 || xfetch.Due(took, left, f.cfg.Beta)
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
