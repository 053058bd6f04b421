package cache

import (
	"context"
	"time"
)

// Now returns the time by the store's clock, which is the same for all
// processes to within a round trip's time. Cost: no round trip.
func (c *Cache) Now() time.Time { return c.backend.store.Now() }

// Look returns what is stored for a key, without running the function or
// refreshing anything. The process may know that the key is not there, or find
// it sooner to ask together with a lease: so false does not mean that there is
// nothing. Cost: no allocation on a near hit, at most one round trip.
func (f *Func[K, V]) Look(ctx context.Context, key K) (value V, found bool) {
	if f.cache.near != nil && !f.cfg.NoNear {
		if e, _ := f.lookNear(key); e != nil {
			f.tally.nearHit(ctx)
			return e.value, e.found
		}
	}
	name, err := f.storeKey(key)
	if err != nil {
		f.cache.report(ctx, err)
		return value, false
	}
	e, _ := f.lookShared(ctx, key, name, f.cache.marks.slot(name))
	if e == nil {
		return value, false
	}
	return e.value, e.found
}

// Renew runs the function for a key unless what is stored passes good: it is
// for results that say themselves how long they can be used. However many ask
// at once, in however many processes, the function runs once. The result may
// not pass good either: another reader's, whose function has begun before. Cost
// and errors: as [Func.Get].
func (f *Func[K, V]) Renew(ctx context.Context, key K, good func(V) bool) (value V, found bool, err error) {
	name, err := f.storeKey(key)
	if err != nil {
		f.cache.report(ctx, err)
		return f.direct(ctx, key)
	}
	slot := f.cache.marks.slot(name)
	e, err := f.shareUnless(ctx, key, name, slot, good)
	if err != nil {
		return value, false, err
	}
	return e.value, e.found, nil
}

// RenewLater is Renew in the background, unless this process is already at it.
// ctx bounds nothing; its values reach the function.
func (f *Func[K, V]) RenewLater(ctx context.Context, key K, good func(V) bool) {
	name, err := f.storeKey(key)
	if err != nil || !f.startRefresh(name) {
		return
	}
	detached := context.WithoutCancel(ctx)
	slot := f.cache.marks.slot(name)
	f.cache.start(func() {
		defer f.endRefresh(name)
		f.tally.refreshes.Add(1)
		if _, err := f.shareUnless(detached, key, name, slot, good); err != nil {
			f.pause(f.newCall(key, name, slot, false)) // or the next reader would run into the same at once
		}
	}, func() { f.endRefresh(name) })
}

// shareUnless is share for readers that do not take every stored value.
func (f *Func[K, V]) shareUnless(ctx context.Context, key K, name string, slot uint32, good func(V) bool) (*entry[V], error) {
	for since := false; ; since = true {
		c, run := f.joinUnless(key, name, slot, good)
		if run {
			f.launch(ctx, []*call[K, V]{c})
		}
		e, again, err := f.await(ctx, c, run || since)
		if err == nil && c.hit && !run && e.found && !f.passes(ctx, good, e.value) {
			again = true // found by a reader that does take it
		}
		if !again {
			f.tallyShared(ctx, c, err)
			return e, err
		}
	}
}

// joinUnless is join for a reader that does not take every stored value.
func (f *Func[K, V]) joinUnless(key K, name string, slot uint32, good func(V) bool) (c *call[K, V], run bool) {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	if c := f.flights.mu.calls[name]; c != nil && c.serves(false, f.cache.marks.good(slot, c.stamp)) {
		return c, false
	}
	c = f.newCall(key, name, slot, false)
	c.good = good
	f.flights.mu.calls[name] = c
	return c, true
}

// passes asks a reader whether it takes a value.
func (f *Func[K, V]) passes(ctx context.Context, good func(V) bool, v V) bool {
	var yes bool
	if err := guard(f.name+": good", func() { yes = good(v) }); err != nil {
		f.cache.report(ctx, err)
		return false
	}
	return yes
}

// A Moment is a generation: see [Func.SetSince].
type Moment struct{ generation int64 }

// Moment returns the present moment. Cost: no round trip in a process that is
// told of changes.
func (f *Func[K, V]) Moment(ctx context.Context) (Moment, error) {
	generation, err := f.cache.present(ctx, f.tag)
	return Moment{generation}, err
}

// SetSince is Set of a result that was computed from what was true at a moment:
// what has been invalidated by tag since then stays so.
func (f *Func[K, V]) SetSince(ctx context.Context, key K, value V, since Moment) error {
	return f.set(ctx, key, value, since.generation)
}
