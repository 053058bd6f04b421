package cache

import (
	"sync/atomic"
	"time"
	"weak"
)

// A Handle is a short way to a value in the near cache, without its key. It keeps
// no value alive, and the near cache counts what is read through it. The zero
// value leads nowhere. It is safe for concurrent use.
type Handle[K comparable, V any] struct {
	entry weak.Pointer[nearEntry[K, V]]
	over  *atomic.Bool // its time is up; nil in the zero value
}

// handleMargin is how long before its time a way ends. Not shorter: the timer
// that ends it may be late by as much. Not longer: the time may be soon.
const handleMargin = time.Millisecond

// Handle returns the short way to the value of a key, and the value. found is
// false if none is near. The way ends a millisecond before until, a time of the
// store's clock (see [Cache.Now]), or before that would have been if the clock is
// set anew; earlier, if the value is to be refreshed, or Near.MaxStale after the
// store's last sign of life. A timer ends it, so on a busy machine it may be late,
// as a reader may be that has looked at the clock before.
//
// Cost: that of [Func.Look] without a round trip, up to four allocations, and the
// timer. It is no look-up in [Stats].
func (f *Func[K, V]) Handle(key K, until time.Time) (h Handle[K, V], value V, found bool) {
	if !f.near {
		return h, value, false
	}
	m := f.cache.marks
	now := m.clock() // before the store's: until comes too soon rather than too late
	left := until.Sub(f.cache.Now())
	e, _ := f.lookNear(key)
	if e == nil || !e.found {
		return h, value, false
	}
	left = min(left, e.early-now, m.believed(f.cache.cfg.Near.MaxStale)-now) - handleMargin
	if left <= 0 {
		return h, value, false
	}
	h = Handle[K, V]{weak.Make(e), new(atomic.Bool)}
	time.AfterFunc(left, func() { h.over.Store(true) })
	return h, e.value, true
}

// Look returns what [Func.Look] would from the near cache, or false if that is
// to be asked: the value has left, or may have been changed, or the time is up.
// It counts as that does, but enters nothing in a ledger. Cost: no reading of the
// clock, no allocation.
func (h Handle[K, V]) Look() (value V, found bool) {
	e := h.look()
	if e == nil {
		return value, false
	}
	e.count()
	e.f.tally.stripe().near.Add(1)
	return e.value, true
}

// Holds reports whether Look would return a value. It does not count.
func (h Handle[K, V]) Holds() bool { return h.look() != nil }

func (h Handle[K, V]) look() *nearEntry[K, V] {
	if h.over == nil || h.over.Load() {
		return nil
	}
	e := h.entry.Value()
	if e == nil || e.gone.Load() || !e.outlived(e.f.cache.marks) {
		return nil
	}
	return e
}
