package cache

import (
	"context"
	"errors"
	"fmt"
)

// storeGetMany is the store's GetMany. What is not the cache's is deleted: it
// is Absent then, and no error. With an error, items has a Found one for each
// key that was read, and says nothing of the others.
func (f *Func[K, V]) storeGetMany(ctx context.Context, list []string) ([]Item, error) {
	items, err := f.getMany(ctx, list)
	if isForeign(err) {
		err = f.repairAbsent(ctx, list, items)
	}
	if err != nil {
		f.cache.report(ctx, err)
	}
	return items, err
}

func (f *Func[K, V]) getMany(ctx context.Context, list []string) ([]Item, error) {
	sctx, err := f.cache.backend.begin(ctx)
	if err != nil {
		return make([]Item, len(list)), err
	}
	items, err := f.cache.backend.store.GetMany(sctx, list)
	return sized(items, len(list)), f.cache.backend.end(err)
}

// repairAbsent deletes those of the keys without an item under which there is
// what the store cannot read. The others may have a lease, and keep it.
func (f *Func[K, V]) repairAbsent(ctx context.Context, list []string, items []Item) error {
	for i, item := range items {
		if item.State != Absent {
			continue
		}
		again, err := f.getMany(ctx, list[i:i+1])
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
	return sized(items, len(list)), w.cache.backend.end(err)
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
