package cache

import (
	"context"
	"time"
)

// get is Get without the near cache's short cut.
func (f *Func[K, V]) get(ctx context.Context, key K) (value V, found bool, err error) {
	if f.bypassed(ctx, key) {
		return f.direct(ctx, key)
	}
	name, err := f.storeKey(key)
	if err != nil {
		f.cache.report(ctx, err)
		return f.direct(ctx, key)
	}
	force := f.forced(ctx, key)
	if !force && f.cache.near != nil && !f.cfg.NoNear && !f.near { // as Get did not look
		if e, due := f.lookNear(key); e != nil {
			f.tally.nearHit(ctx)
			if due {
				f.refreshNear(ctx, e)
			}
			return e.value, e.found, nil
		}
	}
	slot := f.cache.marks.slot(name)
	storeless := false
	if !force {
		e, err := f.lookShared(ctx, key, name, slot)
		if e != nil {
			return e.value, e.found, nil
		}
		storeless = err != nil
	}
	e, err := f.share(ctx, key, name, slot, force, storeless)
	if err != nil {
		return value, false, err
	}
	return e.value, e.found, nil
}

// share joins the call for a key, or runs one, and waits for it. What was
// changed before share was called is not in the result: if it may be, another
// call is joined or run, which can only have begun since.
func (f *Func[K, V]) share(ctx context.Context, key K, name string, slot uint32, force, storeless bool) (*entry[V], error) {
	for since := false; ; since = true {
		c, run := f.join(key, name, slot, force, storeless)
		if run {
			f.launch(ctx, []*call[K, V]{c})
		}
		e, again, err := f.await(ctx, c, run || since)
		if !again {
			f.tallyShared(ctx, c, err)
			return e, err
		}
	}
}

// tallyShared counts what a waiter has got from a call.
func (f *Func[K, V]) tallyShared(ctx context.Context, c *call[K, V], err error) {
	if err == nil && c.hit {
		f.tally.sharedHit(ctx)
	} else {
		f.tally.miss(ctx)
	}
}

// launch fills calls on a goroutine that the end of ctx does not stop.
func (f *Func[K, V]) launch(ctx context.Context, calls []*call[K, V]) {
	detached := context.WithoutCancel(ctx)
	fill := func() { f.fill(detached, calls) }
	f.cache.start(fill, func() { go fill() })
}

// lookShared reads a key that is likely to be in the store. It returns nil if
// there is nothing to serve, and an error if the store failed.
func (f *Func[K, V]) lookShared(ctx context.Context, key K, name string, slot uint32) (*entry[V], error) {
	m := f.cache.marks
	if !m.likely(slot) {
		return nil, nil // a claim reads and grants the lease in one round trip
	}
	s := m.stamp(slot)
	item, a, err := f.getOne(ctx, name)
	if isForeign(err) {
		err = f.repair(ctx, []string{name}, err)
	}
	if err != nil {
		f.cache.report(ctx, err)
		return nil, err
	}
	if item.State != Found {
		m.unexpect(slot)
		return nil, nil
	}
	e, state := f.read(ctx, name, item.Value, a)
	switch state {
	case unsure:
		return nil, ErrUnavailable
	case unusable, onlyIfFail:
		m.unexpect(slot) // so that the claim comes first
		return nil, nil
	case stale:
		f.tally.staleHit(ctx)
		f.refreshLater(ctx, key, name, slot, e.created)
	case due:
		f.refreshLater(ctx, key, name, slot, e.created)
	}
	f.tally.sharedHit(ctx)
	f.keepNear(key, slot, s, e)
	return e, nil
}

// direct runs the function as if there were no cache.
func (f *Func[K, V]) direct(ctx context.Context, key K) (value V, found bool, err error) {
	f.tally.bypassed.Add(1)
	e, err := f.run(ctx, key)
	if err != nil {
		return value, false, err
	}
	return e.value, e.found, nil
}

// run runs the function once, on this goroutine, and counts it.
func (f *Func[K, V]) run(ctx context.Context, key K) (*entry[V], error) {
	e := &entry[V]{found: true}
	var lerr error
	returned := false
	defer func() {
		if !returned { // nor does guard, after a Goexit
			f.panicked(ctx, &PanicError{In: f.name})
		}
	}()
	err := guard(f.name, func() {
		begin := time.Now()
		defer func() { // a Goexit does not come back
			e.took = time.Since(begin)
			f.tally.loaded(ctx, e.took)
		}()
		e.value, lerr = f.load(ctx, key)
	})
	returned = true
	switch {
	case err != nil:
		f.panicked(ctx, err)
		return nil, err
	case lerr != nil && isNotFound(lerr):
		f.tally.notFound.Add(1)
		var none V
		e.value, e.found = none, false
	case lerr != nil:
		f.tally.errors.Add(1)
		return nil, lerr
	}
	return e, nil
}

// panicked counts and tells of a load that did not return.
func (f *Func[K, V]) panicked(ctx context.Context, err error) {
	f.tally.panics.Add(1)
	f.tally.errors.Add(1)
	f.cache.report(ctx, err)
}

// bypassed asks FuncConfig.Unless.
func (f *Func[K, V]) bypassed(ctx context.Context, key K) bool {
	if f.cfg.Unless == nil {
		return false
	}
	yes := true
	if err := guard(f.name+": Unless", func() { yes = f.cfg.Unless(ctx, key) }); err != nil {
		f.cache.report(ctx, err)
		return true
	}
	return yes
}

// forced asks FuncConfig.Fresh.
func (f *Func[K, V]) forced(ctx context.Context, key K) bool {
	if f.cfg.Fresh == nil {
		return false
	}
	yes := true
	if err := guard(f.name+": Fresh", func() { yes = f.cfg.Fresh(ctx, key) }); err != nil {
		f.cache.report(ctx, err)
		return true
	}
	return yes
}
