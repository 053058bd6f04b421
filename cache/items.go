package cache

import (
	"context"
	"errors"
	"fmt"
)

// storeGetMany is the store's GetMany. What is not the cache's is deleted: it
// is Absent then, and no error. With an error, items has a Found one for each
// key that was read, and says nothing of the others. The ages are those of all
// items.
func (f *Func[K, V]) storeGetMany(ctx context.Context, list []string) ([]Item, ages, error) {
	items, a, err := f.getMany(ctx, list)
	if isForeign(err) {
		err = f.repairAbsent(ctx, list, items)
	}
	if err != nil {
		f.cache.report(ctx, err)
	}
	return items, f.ages(ctx, items, a), err
}

// getMany is the store's GetMany or, if it has it, GetTagged.
func (f *Func[K, V]) getMany(ctx context.Context, list []string) (items []Item, a ages, err error) {
	sctx, err := f.cache.backend.begin(ctx)
	if err != nil {
		return make([]Item, len(list)), a, err
	}
	if f.joint == nil {
		items, err = f.cache.backend.store.GetMany(sctx, list)
		return sized(items, len(list)), a, f.cache.backend.end(err)
	}
	tags := []string{string(f.tag[:])}
	for _, name := range list {
		tags = appendTags(tags, f.cache.hints.recall(f.cache.marks.slot(name)))
	}
	tags = unique(tags)
	items, of, now, err := f.joint.GetTagged(sctx, list, f.cache.namespace, tags)
	if err = f.cache.backend.end(err); err == nil {
		f.cache.marks.present(now)
		a.add(tags, of, now)
	}
	return sized(items, len(list)), a, err
}

// getOne is getMany for one key.
func (f *Func[K, V]) getOne(ctx context.Context, name string) (Item, ages, error) {
	if f.joint != nil {
		items, a, err := f.getMany(ctx, []string{name})
		return items[0], a, err
	}
	sctx, err := f.cache.backend.begin(ctx)
	if err != nil {
		return Item{}, ages{}, err
	}
	item, err := f.cache.backend.store.Get(sctx, name)
	return item, ages{}, f.cache.backend.end(err)
}

// repairAbsent deletes those of the keys without an item under which there is
// what the store cannot read. The others may have a lease, and keep it.
func (f *Func[K, V]) repairAbsent(ctx context.Context, list []string, items []Item) error {
	for i, item := range items {
		if item.State != Absent {
			continue
		}
		again, _, err := f.getMany(ctx, list[i:i+1])
		if items[i] = again[0]; isForeign(err) {
			err = f.repair(ctx, list[i:i+1], err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// storeClaim is the store's Claim. What is not the cache's is deleted, and
// claimed then. With an error, the items that are not Absent are right.
func (w *filling[K, V]) storeClaim(calls []*call[K, V], refresh bool) ([]Item, error) {
	list := names(calls)
	items, err := w.tryClaim(list, refresh)
	if isForeign(err) {
		err = w.claimAbsent(list, items, refresh, err)
	}
	if err != nil {
		w.cache.report(w.ctx, err)
	}
	return items, err
}

func (w *filling[K, V]) tryClaim(list []string, refresh bool) ([]Item, error) {
	sctx, err := w.cache.backend.begin(w.ctx)
	if err != nil {
		return make([]Item, len(list)), err
	}
	items, err := w.cache.backend.store.Claim(sctx, list, Claim{Token: w.token, Life: w.leaseLife(), Refresh: refresh})
	items, err = sized(items, len(list)), w.cache.backend.end(err)
	if !w.cache.backend.local && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		w.cache.leftovers.add(absent(list, items), w.token)
	}
	return items, err
}

// absent returns the keys without an item.
func absent(list []string, items []Item) []string {
	var keys []string
	for i, item := range items {
		if item.State == Absent {
			keys = append(keys, list[i])
		}
	}
	return keys
}

// claimAbsent claims once more what a claim could not read, for the cause.
func (w *filling[K, V]) claimAbsent(list []string, items []Item, refresh bool, cause error) error {
	var places []int
	var foreign []string
	for i, item := range items {
		if item.State == Absent {
			places, foreign = append(places, i), append(foreign, list[i])
		}
	}
	if err := w.repair(w.ctx, foreign, cause); err != nil {
		return err
	}
	again, err := w.tryClaim(foreign, refresh)
	for i, item := range again {
		items[places[i]] = item
	}
	return err
}

// repair deletes what is under keys and is not the cache's, and counts and
// tells of it.
func (f *Func[K, V]) repair(ctx context.Context, keys []string, cause error) error {
	f.tally.undecodable.Add(int64(len(keys)))
	f.cache.report(ctx, fmt.Errorf("%w of %s: %w", ErrEntry, f.name, cause))
	_, err := f.cache.remove(ctx, keys)
	return err
}

// isForeign reports whether a store's error says that what is under a key is
// not the cache's: see [Store].
func isForeign(err error) bool {
	if err == nil {
		return false
	}
	for _, other := range []error{ErrUnavailable, ErrKey, ErrLife, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

// sized is items, or that nothing is known of n keys.
func sized(items []Item, n int) []Item {
	if len(items) != n {
		return make([]Item, n)
	}
	return items
}
