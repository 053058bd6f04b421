package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Add stores a value if there is none, and reports whether it did: of several
// at once, one does. Cost: one round trip; more if what is there has been
// invalidated.
func (v *Values[V]) Add(ctx context.Context, key string, value V, ttl TTL) (added bool, err error) {
	_, entries, err := v.entries(ctx, map[string]V{key: value}, ttl)
	if err != nil {
		return false, err
	}
	return v.add(ctx, entries[0])
}

// AddMany is Add for each of values, and returns the keys of those that were
// added. If one is refused, none is added; if the store fails, some may have
// been. Cost: as Add for each, maxAdds of them at a time.
func (v *Values[V]) AddMany(ctx context.Context, values map[string]V, ttl TTL) (added []string, err error) {
	keys, entries, err := v.entries(ctx, values, ttl)
	if err != nil {
		return nil, err
	}
	done, errs := make([]bool, len(keys)), make([]error, len(keys))
	var group sync.WaitGroup
	slots := make(chan struct{}, maxAdds)
	for i := range entries {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			done[i], errs[i] = v.add(ctx, entries[i])
		})
	}
	group.Wait()
	for i, key := range keys {
		if done[i] {
			added = append(added, key)
		}
	}
	return added, errors.Join(errs...)
}

// maxAdds is how many additions are under way at once. Not smaller: a client
// that pipelines sends as many in one write. Not larger: nor does it send more.
const maxAdds = 64

// add stores an entry if there is no living one.
func (v *Values[V]) add(ctx context.Context, e Entry) (added bool, err error) {
	sctx, err := v.f.cache.backend.begin(ctx)
	if err == nil {
		added, err = v.f.cache.backend.store.Add(sctx, e)
		err = v.f.cache.backend.end(err)
	}
	if err == nil && !added {
		added, err = v.addOverDead(ctx, e)
	}
	if err != nil {
		return false, fmt.Errorf("cache: add: %w", err)
	}
	if added {
		v.f.cache.marks.key(e.Key)
		v.stored(e)
	}
	return added, nil
}

// addOverDead stores an entry over one that was invalidated. The lease lets
// one caller do so.
func (v *Values[V]) addOverDead(ctx context.Context, e Entry) (added bool, err error) {
	w := &filling[string, V]{Func: v.f, ctx: ctx, token: newToken()}
	c := []*call[string, V]{{name: e.Key}}
	dead := func(leased bool) (bool, error) {
		items, a, err := v.f.storeGetMany(ctx, []string{e.Key})
		if err != nil || items[0].State != Found {
			return err == nil, err
		}
		current, _ := v.f.read(ctx, e.Key, items[0].Value, a)
		if current == nil && leased {
			v.f.discard(ctx, e.Key, items[0].Value, a)
		}
		return current == nil, nil
	}
	if yes, err := dead(false); err != nil || !yes {
		return false, err
	}
	items, err := w.storeClaim(c, true)
	if err != nil || items[0].State != Granted {
		return false, err
	}
	if yes, err := dead(true); err != nil || !yes {
		w.release(c)
		return false, err
	}
	return v.fill(ctx, e, w.token)
}

// fill stores an entry on whose key the token has the lease.
func (v *Values[V]) fill(ctx context.Context, e Entry, token Token) (stored bool, err error) {
	sctx, err := v.f.cache.backend.begin(ctx)
	if err != nil {
		return false, err
	}
	list, err := v.f.cache.backend.store.Fill(sctx, []Entry{e}, token)
	if err = v.f.cache.backend.end(err); err != nil {
		return false, err
	}
	v.f.cache.marks.key(e.Key)
	return list[0], nil
}

// Touch gives a value a new life, and reports whether there is one. A value
// that is being written at the same time keeps the life it is written with.
// Cost: three round trips; the value is written again, as its life is a part
// of it.
func (v *Values[V]) Touch(ctx context.Context, key string, ttl TTL) (found bool, err error) {
	w := &filling[string, V]{Func: v.f, ctx: ctx, token: newToken()}
	name, err := v.f.storeKey(key)
	if err != nil {
		return false, err
	}
	c := []*call[string, V]{{name: name}}
	items, err := w.storeClaim(c, true)
	if err != nil {
		return false, err
	}
	if items[0].State != Granted { // another is giving it a new life
		return v.Has(ctx, key)
	}
	defer w.release(c)
	var current *entry[V]
	err = v.get(ctx, []string{key}, func(_ string, e *entry[V]) { current = e })
	if err != nil || current == nil {
		return false, err
	}
	// The generation stays that of the value: an invalidation since then counts.
	e, err := v.entry(key, current, ttl)
	if err != nil {
		return false, err
	}
	stored, err := v.fill(ctx, e, w.token)
	switch {
	case err != nil:
		return false, fmt.Errorf("cache: touch: %w", err)
	case !stored:
		return v.Has(ctx, key) // another has just written or deleted it
	}
	return true, nil
}
