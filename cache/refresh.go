package cache

import (
	"context"
	"errors"
	"time"
)

// Refresh runs the function for a key and replaces the stored result, and
// returns the new one. If a load of the key is under way anywhere, that one is
// waited for first: it may have begun before what is to be seen. If the new
// result was stored, no Get that begins later in this process returns an older
// one. Cost: three round trips and the load.
func (f *Func[K, V]) Refresh(ctx context.Context, key K) (value V, found bool, err error) {
	name, err := f.storeKey(key)
	if err != nil {
		return value, false, err
	}
	slot := f.cache.marks.slot(name)
	e, err := f.share(ctx, key, name, slot, true, false)
	if err != nil {
		return value, false, err
	}
	return e.value, e.found, nil
}

// Set stores a result as if the function had returned it, and keeps loads that
// are under way from storing theirs. Cost: one round trip.
func (f *Func[K, V]) Set(ctx context.Context, key K, value V) error {
	generation, err := f.cache.present(ctx, f.tag)
	if err != nil {
		return err
	}
	return f.set(ctx, key, value, generation)
}

// set stores a result that was computed from what was true at a generation.
func (f *Func[K, V]) set(ctx context.Context, key K, value V, generation int64) error {
	name, err := f.storeKey(key)
	if err != nil {
		return err
	}
	w := &filling[K, V]{Func: f, ctx: ctx}
	c := &call[K, V]{key: key, name: name, entry: &entry[V]{value: value, found: true, generation: generation}}
	data, ok := w.prepare(c)
	if !ok {
		f.tally.dropped.Add(1)
		return f.Delete(ctx, key) // what is stored is not the value either
	}
	err = f.cache.put(ctx, []Entry{data})
	f.drop([]string{name})
	if errors.Is(err, ErrTooLarge) { // what is stored is not the value either
		return errors.Join(err, f.Delete(ctx, key))
	}
	if err != nil {
		return err
	}
	f.tally.filled.Add(1)
	f.tally.filledBytes.Add(int64(len(data.Value)))
	f.cache.marks.expect(f.cache.marks.slot(name), data.Life.Milliseconds())
	return nil
}

// refreshNear has the entry of the near cache loaded anew in the background.
// One of its readers sees to that, each nearRefreshPause: the others have no
// cost of it.
func (f *Func[K, V]) refreshNear(ctx context.Context, e *nearEntry[K, V]) {
	now := f.cache.marks.clock()
	if now >= e.soft {
		f.tally.staleHit(ctx)
	}
	again := e.again.Load()
	if int64(now) < again || !e.again.CompareAndSwap(again, int64(now+nearRefreshPause)) {
		return
	}
	name, err := f.storeKey(e.key)
	if err == nil {
		f.refreshLater(ctx, e.key, name, e.slot, e.created)
	}
}

// nearRefreshPause is short beside refreshPause, which bounds the attempts.
const nearRefreshPause = 50 * time.Millisecond

// refreshPause is how long a key that another process loads anew is left alone
// here. Not shorter: every reader of a stale entry would ask for the lease. Not
// longer: a holder that has died must be followed.
const refreshPause = 500 * time.Millisecond

// refreshLater loads a key anew in the background, unless that is being done,
// here or elsewhere. The entry to replace was created at the given time.
func (f *Func[K, V]) refreshLater(ctx context.Context, key K, name string, slot uint32, created int64) {
	if !f.startRefresh(name) {
		return
	}
	detached := context.WithoutCancel(ctx)
	f.cache.start(func() {
		defer f.endRefresh(name)
		c := f.newCall(key, name, slot, false)
		c.replaces = created
		f.refresh(detached, []*call[K, V]{c})
		if !c.refreshed {
			f.pause(c) // or the next reader would run into the same at once
		}
	}, func() { f.endRefresh(name) })
}

// refresh loads keys anew, of those that it can have the leases of, if their
// entries are still those that the calls replace.
func (f *Func[K, V]) refresh(ctx context.Context, calls []*call[K, V]) {
	w := &filling[K, V]{Func: f, ctx: ctx, token: newToken()}
	items, _ := w.storeClaim(calls, true) // it has told of the error
	var granted, unused []*call[K, V]
	for i, item := range items {
		if item.State == Granted {
			f.tally.leases.Add(1)
			granted = append(granted, calls[i])
		}
	}
	if len(granted) == 0 {
		return
	}
	current, a, err := f.storeGetMany(ctx, names(granted))
	for i, c := range granted {
		if current[i].State == Found {
			if e, _ := f.read(ctx, c.name, current[i].Value, a); e != nil && e.created != c.replaces {
				c.refreshed = true // another was faster
				unused = append(unused, c)
				continue
			}
			f.discard(ctx, c.name, current[i].Value, a)
		} else if err != nil { // another may have been
			unused = append(unused, c)
			continue
		}
		w.leased = append(w.leased, c)
	}
	w.release(unused)
	f.tally.refreshes.Add(int64(len(w.leased)))
	loaded := w.leased
	w.loadAll()
	for _, c := range loaded {
		c.refreshed = c.err == nil
	}
}

// pause waits until the key changes, at most refreshPause.
func (f *Func[K, V]) pause(c *call[K, V]) {
	changed := f.cache.marks.wait(c.name)
	defer f.cache.marks.forget(c.name, changed)
	t := time.NewTimer(refreshPause)
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	case <-f.cache.backend.breaker.Done():
	}
}
