package cache

import (
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/internal/envelope"
)

// marks is what a process knows of changes, without a list of keys or tags: an
// array of counters for keys, and one of generations for tags, each indexed by
// a hash. What shares an index with something else is at worst read again.
//
// A reader takes a [stamp] before it asks the store; what it read is as good
// as the stamp is unchanged. So a change that races a read always wins.
type marks struct {
	base    time.Time
	trusted atomic.Int64 // to which time of clock coherent is known to hold
	// changes rises after each change below: what was good at a number of
	// changes is good as long as that stands. A hit reads this line alone.
	changes atomic.Uint64
	_       [24]byte // the rest of a cache line

	seed  maphash.Seed
	epoch atomic.Uint64 // rises when anything may have changed
	keys  [markSlots]struct {
		changes atomic.Uint32
		// until is when an entry seen under a key will be gone, in seconds of
		// clock: before that, it is worth a plain read.
		until atomic.Uint32
	}

	tags      [markSlots]atomic.Int64 // the generation of the latest invalidation
	allTags   atomic.Int64            // of the latest one of all tags
	now       atomic.Int64            // the present generation as far as known; 0: unknown
	since     atomic.Int64            // from which generation on every invalidation is in tags; 0: unknown
	watch     atomic.Pointer[watching]
	lossMu    sync.Mutex // makes one of epoch and since
	waitersMu struct {
		sync.Mutex
		byKey map[string][]chan struct{}
	}
	waiting atomic.Int32 // channels in waitersMu
}

type watching struct{ Watch }

// markSlots is the length of the arrays. Not smaller: at 100 invalidations a
// second, after five minutes, one of nine tags would already share its index
// with an invalidated one. Not larger: it is 4 MB.
const markSlots = 1 << 18

// stamp says which changes were known when a read began.
type stamp struct {
	epoch uint64
	key   uint32
}

func newMarks() *marks {
	m := &marks{seed: maphash.MakeSeed(), base: time.Now()}
	m.waitersMu.byKey = make(map[string][]chan struct{})
	return m
}

func (m *marks) slot(key string) uint32 { return uint32(maphash.String(m.seed, key)) % markSlots }

func (m *marks) tagSlot(tag envelope.Tag) uint32 {
	return uint32(maphash.Bytes(m.seed, tag[:])) % markSlots // as slot
}

func (m *marks) stamp(slot uint32) stamp { return stamp{m.epoch.Load(), m.keys[slot].changes.Load()} }

// likely reports whether there is a value under a key that hashes to the slot,
// as far as this process knows.
func (m *marks) likely(slot uint32) bool {
	return m.keys[slot].until.Load() > uint32(m.clock()/time.Second)
}

// expect notes that there is a value for so many milliseconds; below 0, without
// an end.
func (m *marks) expect(slot uint32, milliseconds int64) {
	at := uint32(math.MaxUint32)
	if milliseconds >= 0 {
		at = uint32(min(int64(m.clock()/time.Second)+milliseconds/1000, math.MaxUint32))
	}
	m.keys[slot].until.Store(at)
}

// unexpect notes that there is no value.
func (m *marks) unexpect(slot uint32) { m.keys[slot].until.Store(0) }

// good reports whether nothing has happened to the key since the stamp.
func (m *marks) good(slot uint32, s stamp) bool {
	return m.epoch.Load() == s.epoch && m.keys[slot].changes.Load() == s.key
}

// key notes a change of a key, and wakes those who wait for it.
func (m *marks) key(key string) {
	m.keys[m.slot(key)].changes.Add(1)
	m.changes.Add(1)
	if m.waiting.Load() == 0 {
		return
	}
	m.waitersMu.Lock()
	chans := m.waitersMu.byKey[key]
	delete(m.waitersMu.byKey, key)
	m.waiting.Add(-int32(len(chans)))
	m.waitersMu.Unlock()
	for _, ch := range chans {
		close(ch)
	}
}

// tag notes the invalidation of a tag, or of all if it is "".
func (m *marks) tag(tag string, generation int64) {
	if tag == "" {
		raise(&m.allTags, generation)
	} else {
		raise(&m.tags[m.slot(tag)], generation)
	}
	m.changes.Add(1)
	m.present(generation)
}

// present notes that a generation has been seen.
func (m *marks) present(generation int64) { raise(&m.now, generation) }

// lost notes that anything may have changed.
func (m *marks) lost() {
	m.lossMu.Lock()
	m.epoch.Add(1)
	m.since.Store(0)
	m.lossMu.Unlock()
	m.changes.Add(1)
	m.waitersMu.Lock()
	waiters := m.waitersMu.byKey
	m.waitersMu.byKey = make(map[string][]chan struct{})
	m.waiting.Store(0)
	m.waitersMu.Unlock()
	for _, chans := range waiters {
		for _, ch := range chans {
			close(ch)
		}
	}
}

// complete notes that every invalidation after a generation is known, unless
// something was lost since the epoch.
func (m *marks) complete(epoch uint64, generation int64) {
	m.lossMu.Lock()
	defer m.lossMu.Unlock()
	if m.epoch.Load() == epoch {
		m.since.Store(generation)
	}
}

// generation returns the latest generation in which any of the tags, or one
// that shares its index, was invalidated.
func (m *marks) generation(slots []uint32) int64 {
	g := m.allTags.Load()
	for _, s := range slots {
		g = max(g, m.tags[s].Load())
	}
	return g
}

// latest is generation for the tags themselves and one slot.
func (m *marks) latest(slot uint32, tags envelope.Tags) int64 {
	g := max(m.allTags.Load(), m.tags[slot].Load())
	for tag := range tags.All() {
		g = max(g, m.tags[m.tagSlot(tag)].Load())
	}
	return g
}

// wait returns a channel that is closed when the key changes or something was
// lost. The caller must ask once more after the call, and forget it in the end.
func (m *marks) wait(key string) chan struct{} {
	ch := make(chan struct{})
	m.waitersMu.Lock()
	defer m.waitersMu.Unlock()
	m.waitersMu.byKey[key] = append(m.waitersMu.byKey[key], ch)
	m.waiting.Add(1)
	return ch
}

// forget undoes wait.
func (m *marks) forget(key string, ch chan struct{}) {
	m.waitersMu.Lock()
	defer m.waitersMu.Unlock()
	chans := m.waitersMu.byKey[key]
	for i, c := range chans {
		if c == ch {
			chans[i] = chans[len(chans)-1]
			m.waitersMu.byKey[key] = chans[:len(chans)-1]
			m.waiting.Add(-1)
			break
		}
	}
	if len(m.waitersMu.byKey[key]) == 0 {
		delete(m.waitersMu.byKey, key)
	}
}

// clock returns the time since the marks were made.
func (m *marks) clock() time.Duration { return time.Since(m.base) }

// coherent reports whether all changes up to maxStale ago are known, at the
// given time of clock. As Told never goes back, it is asked only when its last
// answer has run out.
func (m *marks) coherent(now, maxStale time.Duration) bool {
	return now <= time.Duration(m.trusted.Load()) || now <= m.believed(maxStale)
}

// believed returns the time of clock until which coherent is known to hold.
func (m *marks) believed(maxStale time.Duration) time.Duration {
	w := m.watch.Load()
	if w == nil {
		return -1
	}
	until := w.Told().Sub(m.base) + maxStale
	m.trusted.Store(int64(until))
	return until
}

func raise(v *atomic.Int64, to int64) {
	for {
		old := v.Load()
		if old >= to || v.CompareAndSwap(old, to) {
			return
		}
	}
}
