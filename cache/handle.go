package cache

import (
	"time"
	"weak"
)

// A Handle is a short way to a value in the near cache, without its key. It keeps
// no value alive, and the near cache counts what is read through it. The zero
// value leads nowhere. It is safe for concurrent use.
type Handle[K comparable, V any] struct {
	entry weak.Pointer[nearEntry[K, V]]
	until time.Duration // on the marks' clock
}

// Handle returns the short way to the value of a key, and the value. found is
// false if none is near. The way ends at until, a time of the store's clock (see
// [Cache.Now]), or when that would have been if the clock is set anew before.
//
// Cost: that of [Func.Look] without a round trip, and up to one allocation. It
// is no look-up in [Stats].
func (f *Func[K, V]) Handle(key K, until time.Time) (h Handle[K, V], value V, found bool) {
	if !f.near {
		return h, value, false
	}
	now := f.cache.marks.clock() // before the store's: until comes too soon rather than too late
	left := until.Sub(f.cache.Now())
	e, _ := f.lookNear(key)
	if e == nil || !e.found {
		return h, value, false
	}
	return Handle[K, V]{weak.Make(e), now + left}, e.value, true
}

// Look returns what [Func.Look] would from the near cache, or false if that is
// to be asked: the value has left, or may have been changed, or the time is up.
// It counts as that does, but enters nothing in a ledger. Cost: one reading of
// the clock, no allocation.
func (h Handle[K, V]) Look() (value V, found bool) {
	e, now := h.look()
	if e == nil {
		return value, false
	}
	e.count()
	hits := &e.f.tally.hits
	hits[uint(now)%uint(len(hits))].near.Add(1) // its nanoseconds are as good as random
	return e.value, true
}

// Holds reports whether Look would return a value. It does not count.
func (h Handle[K, V]) Holds() bool {
	e, _ := h.look()
	return e != nil
}

func (h Handle[K, V]) look() (e *nearEntry[K, V], now time.Duration) {
	e = h.entry.Value()
	if e == nil || e.gone.Load() {
		return nil, 0
	}
	m := e.f.cache.marks
	now = m.clock()
	if now >= min(h.until, e.early) || !m.coherent(now, e.f.cache.cfg.Near.MaxStale) || !e.outlived(m) {
		return nil, 0
	}
	return e, now
}
