package cache

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// GetMany returns the results for keys that there are; a key that is not in
// the map was not found. Whatever is not at hand is loaded together: by one
// call of FuncConfig.LoadMany, or else some keys at a time. If a load fails,
// the results of the other keys are returned with a [*KeyErrors]. Everything else
// is as for [Func.Get], for each key.
//
// Cost: as [Func.Get], for all keys together.
func (f *Func[K, V]) GetMany(ctx context.Context, keys []K) (map[K]V, error) {
	b := &batch[K, V]{Func: f, ctx: ctx, values: make(map[K]V, len(keys)), seen: make(map[K]struct{}, len(keys))}
	for _, key := range keys {
		if _, ok := b.seen[key]; !ok {
			b.seen[key] = struct{}{}
			b.add(key)
		}
	}
	b.readLikely()
	b.join()
	if b.errs != nil {
		return b.values, b.errs
	}
	return b.values, nil
}

// KeyErrors says for which keys a [Func.GetMany] could not get a result.
type KeyErrors[K comparable] struct {
	Func   string
	Errors map[K]error
}

// Error names no key: it may be personal.
func (e *KeyErrors[K]) Error() string {
	for _, err := range e.Errors {
		return fmt.Sprintf("cache: %s failed for %d keys, for one of them with: %v", e.Func, len(e.Errors), err)
	}
	return "cache: " + e.Func + " failed"
}

// Unwrap returns the errors of all keys.
func (e *KeyErrors[K]) Unwrap() []error { return slices.Collect(maps.Values(e.Errors)) }

// batch is the work of one GetMany.
type batch[K comparable, V any] struct {
	*Func[K, V]
	ctx    context.Context
	values map[K]V
	seen   map[K]struct{}
	errs   *KeyErrors[K]

	likely, other []*call[K, V] // not yet joined
}

func (b *batch[K, V]) put(key K, e *entry[V]) {
	if e.found {
		b.values[key] = e.value
	}
}

func (b *batch[K, V]) failed(key K, err error) {
	if b.errs == nil {
		b.errs = &KeyErrors[K]{Func: b.name, Errors: make(map[K]error)}
	}
	b.errs.Errors[key] = err
}

// add answers a key from what is near, or sorts it.
func (b *batch[K, V]) add(key K) {
	name, err := b.storeKey(key)
	if err != nil {
		b.cache.report(b.ctx, err)
	}
	if err != nil || b.bypassed(b.ctx, key) {
		v, found, err := b.direct(b.ctx, key)
		if err != nil {
			b.failed(key, err)
		} else if found {
			b.values[key] = v
		}
		return
	}
	slot := b.cache.marks.slot(name)
	force := b.forced(b.ctx, key)
	if !force && b.cache.near != nil && !b.cfg.NoNear {
		if e, due := b.lookNear(key); e != nil {
			b.tally.nearHit(b.ctx)
			if due {
				b.refreshNear(b.ctx, e)
			}
			if e.found {
				b.values[key] = e.value
			}
			return
		}
	}
	c := &call[K, V]{key: key, name: name, slot: slot, force: force}
	if !force && b.cache.marks.likely(slot) {
		b.likely = append(b.likely, c)
	} else {
		b.other = append(b.other, c)
	}
}

// readLikely reads the keys, if all of them are likely to be in the store.
// Otherwise a claim reads them, with those that are not.
func (b *batch[K, V]) readLikely() {
	if len(b.likely) == 0 || len(b.other) > 0 {
		b.other = append(b.other, b.likely...)
		return
	}
	for _, c := range b.likely {
		c.stamp = b.cache.marks.stamp(c.slot)
	}
	items, a, err := b.storeGetMany(b.ctx, names(b.likely))
	for i, c := range b.likely {
		var e *entry[V]
		state := unusable
		if items[i].State == Found {
			e, state = b.read(b.ctx, c.name, items[i].Value, a)
		}
		switch state {
		case unsure, unusable, onlyIfFail:
			b.cache.marks.unexpect(c.slot)
			c.storeless = err != nil && items[i].State != Found || state == unsure
			b.other = append(b.other, c)
			continue
		case stale:
			b.tally.staleHit(b.ctx)
			b.refreshLater(b.ctx, c.key, c.name, c.slot, e.created)
		case due:
			b.refreshLater(b.ctx, c.key, c.name, c.slot, e.created)
		}
		b.tally.sharedHit(b.ctx)
		b.keepNear(c.key, c.slot, c.stamp, e)
		b.put(c.key, e)
	}
}

// join waits for the calls that are under way, and runs the others together.
func (b *batch[K, V]) join() {
	var run []*call[K, V]
	calls, mine := make([]*call[K, V], len(b.other)), make([]bool, len(b.other))
	for i, o := range b.other {
		calls[i], mine[i] = b.Func.join(o.key, o.name, o.slot, o.force, o.storeless)
		if mine[i] {
			run = append(run, calls[i])
		}
	}
	if len(run) > 0 {
		b.launch(b.ctx, run)
	}
	for i, c := range calls {
		e, again, err := b.await(b.ctx, c, mine[i])
		o := b.other[i]
		if again {
			e, err = b.share(b.ctx, o.key, o.name, o.slot, o.force, false)
		} else {
			b.tallyShared(b.ctx, c, err)
		}
		if err != nil {
			b.failed(o.key, err)
			continue
		}
		b.put(o.key, e)
	}
}
