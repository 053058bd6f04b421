package batch

import (
	"context"
	"errors"
	"maps"
	"runtime/debug"
	"slices"
)

// A flight is one batch: it collects keys, is sent, and lands. The fields
// above done are guarded by the group's mutex. Those below are written before
// landed is set and done is closed, and read after one or the other was seen.
type flight[K comparable, V any] struct {
	keys     []K       // distinct
	waiting  []*member // one for each load that waits
	promised bool      // somebody may wait later
	sent     bool
	dropped  bool // all who waited had gone before it landed
	landed   bool
	cancel   context.CancelFunc // nil before the fetch begins

	done chan struct{}

	values map[K]V
	errs   KeyErrors[K]
	err    error // of every key
}

// ready reports whether the flight has landed, without the mutex.
func (f *flight[K, V]) ready() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// result returns what the fetch said of a key of the flight.
func (f *flight[K, V]) result(key K) (V, error) {
	var zero V
	if f.err != nil {
		return zero, f.err
	}
	if len(f.errs) > 0 && f.errs[key] != nil {
		return zero, f.errs[key]
	}
	value, ok := f.values[key]
	if !ok {
		return zero, ErrMissing
	}
	return value, nil
}

// enterLocked makes m wait for the flight. It is taken off by land or abandon.
func (f *flight[K, V]) enterLocked(m *member) {
	if f.waiting == nil {
		f.waiting = make([]*member, 0, fewKeys)
	}
	f.waiting = append(f.waiting, m)
	m.group.parkLocked(m)
}

// flightLocked returns the flight of the key; a key that is new is added to
// the open one, which is sent when it is full. coming says how many keys the
// caller has, this one included.
func (l *Loader[K, V]) flightLocked(key K, coming int) *flight[K, V] {
	if f := l.cache[key]; f != nil {
		return f
	}
	f := l.open
	if f == nil {
		if l.maxBatch > 0 {
			coming = min(coming, l.maxBatch)
		}
		f = &flight[K, V]{keys: make([]K, 0, max(coming, fewKeys)), done: make(chan struct{})}
		l.open = f
		l.group.openedLocked(l)
	}
	l.rememberLocked(key, f)
	f.keys = append(f.keys, key)
	if len(f.keys) == l.maxBatch {
		l.sendLocked()
	}
	return f
}

// fewKeys is what a flight and a cache have room for at first. Not fewer: a map
// and two slices would grow within a load, whose goroutine has a stack too
// small for that, which would grow too. Not more: most requests load few keys,
// and 14 are what a map holds before it grows beyond 16 slots.
const fewKeys = 14

// A cache that holds fewKeys is given room for largeCache at once. Grown by
// itself it is copied three times on the way there, which for a request with
// 100 keys is a tenth of the loader's time. Not larger: it is some 2 KiB.
const largeCache = 100

func (l *Loader[K, V]) rememberLocked(key K, f *flight[K, V]) {
	if l.cache == nil { // not before: a request may make many loaders and use few
		l.cache = make(map[K]*flight[K, V], fewKeys)
	}
	if len(l.cache) == fewKeys && !l.large {
		l.large = true
		grown := make(map[K]*flight[K, V], largeCache)
		maps.Copy(grown, l.cache)
		l.cache = grown
	}
	l.cache[key] = f
}

// forgetLocked takes the key out of the cache, unless it was cleared, and
// perhaps asked for anew, since it was in this flight.
func (l *Loader[K, V]) forgetLocked(key K, f *flight[K, V]) {
	if l.cache[key] == f {
		delete(l.cache, key)
	}
}

// sendLocked sends the open flight, or has it wait in line for one that flies
// to land.
func (l *Loader[K, V]) sendLocked() {
	f := l.open
	l.closeLocked()
	f.sent = true
	l.group.mu.fetches++
	if l.maxFlying > 0 && l.flying == l.maxFlying {
		l.line = append(l.line, f)
		return
	}
	l.flying++
	go l.fly(f, slices.Clone(f.keys))
}

// nextLocked gives the place of a flight that has landed to the first in line.
func (l *Loader[K, V]) nextLocked() {
	if len(l.line) == 0 {
		l.flying--
		return
	}
	f := l.line[0]
	l.line = slices.Delete(l.line, 0, 1)
	go l.fly(f, slices.Clone(f.keys))
}

func (l *Loader[K, V]) closeLocked() {
	l.open = nil
	l.group.closedLocked(l)
}

// dropLocked forgets a flight that nobody waits for. Its keys leave the cache
// at once, so that nobody joins a fetch that is being cancelled.
func (l *Loader[K, V]) dropLocked(f *flight[K, V]) {
	f.dropped = true
	if !f.sent {
		l.closeLocked()
	}
	for _, key := range f.keys {
		l.forgetLocked(key, f)
	}
}

// fly fetches the keys and lands the flight, whatever the fetch does.
func (l *Loader[K, V]) fly(f *flight[K, V], keys []K) {
	ctx, cancel := context.WithCancel(l.group.ctx)
	var values map[K]V
	err := errExit // until the fetch returns
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		cancel()
		f.values = values
		if err != nil && !errors.As(err, &f.errs) {
			f.err = err
		}
		l.land(f)
	}()
	if l.begin(f, cancel) {
		values, err = l.fetch(ctx, keys)
	}
}

// begin reports whether anybody still waits for the flight.
func (l *Loader[K, V]) begin(f *flight[K, V], cancel context.CancelFunc) bool {
	l.group.mu.Lock()
	defer l.group.mu.Unlock()
	f.cancel = cancel
	return !f.dropped
}

// land wakes those who wait. They count as running from here on, not from when
// they run: the first of them must not find itself alone and send a batch that
// the others would have joined.
func (l *Loader[K, V]) land(f *flight[K, V]) {
	g := l.group
	g.mu.Lock()
	defer g.mu.Unlock()
	if f.err != nil || len(f.errs) > 0 {
		for _, key := range f.keys {
			if f.err != nil || f.errs[key] != nil {
				l.forgetLocked(key, f)
			}
		}
	}
	for _, m := range f.waiting {
		g.unparkLocked(m)
	}
	f.waiting, f.keys = nil, nil
	f.landed = true
	close(f.done) // never blocks
	l.nextLocked()
	g.mu.fetches--
	g.endedLocked()
}
