package cache

import (
	"context"
	"slices"
	"time"
)

// Warm keeps the results for keys fresh until ctx ends: it loads what is not
// there, and loads each anew before it is stale, so that no reader waits. Any
// number of processes may keep the same keys warm: each key is loaded by one of
// them. Run it in a goroutine of its own; it returns the error of ctx. Failed
// loads are told to Config.OnError and tried again.
//
// It looks at all keys ten times in the shortest life among them, at least
// twice a minute and at most ten times a second, and loads anew what is in the
// last fifth of its life or would be stale when it looks next. A key that was
// deleted is back after the next look. Cost: one round trip for each look; the
// loads are run as those of [Func.GetMany], 64 keys at a time.
func (f *Func[K, V]) Warm(ctx context.Context, keys []K) error {
	keys = slices.Clone(keys)
	list, err := f.storeKeys(keys)
	if err != nil {
		return err
	}
	w := &warming[K, V]{Func: f, keys: keys, list: list, pause: minWarm}
	for {
		t := time.NewTimer(jittered(w.look(ctx)))
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// warming is the work of one Warm.
type warming[K comparable, V any] struct {
	*Func[K, V]
	keys  []K
	list  []string      // their names in the store
	pause time.Duration // until the next look if a key is still missing then
}

const (
	// minWarm and maxWarm are between two looks. Not less often: any key may
	// have been deleted. Not more often: the store is to be idle.
	minWarm = 100 * time.Millisecond
	maxWarm = 30 * time.Second

	warmRetry = time.Second // after a failure of the store

	// warmAtOnce is how many keys are loaded together. Not more: they share
	// one Config.LoadTimeout. Not fewer: LoadMany is cheaper for many.
	warmAtOnce = 64
)

// look loads those keys that need it, and returns when to look again.
func (w *warming[K, V]) look(ctx context.Context) time.Duration {
	items, a, err := w.storeGetMany(ctx, w.list)
	next := maxWarm
	if err != nil {
		next = warmRetry
	}
	entries := make([]*entry[V], len(items))
	for i, item := range items {
		if item.State == Found {
			entries[i], _ = w.read(ctx, w.list[i], item.Value, a)
		}
		if e := entries[i]; e != nil && e.soft != 0 {
			next = min(next, time.Duration(e.soft-e.created)*time.Millisecond/10)
		}
	}
	next = max(next, minWarm)
	var missing []K
	var due []*call[K, V]
	now := milliseconds(w.cache.backend.store.Now())
	for i, e := range entries {
		switch {
		case e == nil && err != nil && items[i].State != Found: // nothing is known of it
		case e == nil:
			missing = append(missing, w.keys[i])
		case e.soft != 0 && e.soft-now <= max((e.soft-e.created)/5, 2*next.Milliseconds()):
			c := w.newCall(w.keys[i], w.list[i], w.cache.marks.slot(w.list[i]), false)
			c.replaces = e.created
			due = append(due, c)
		}
	}
	w.load(ctx, missing, due)
	if len(missing) > 0 {
		return min(next, w.later()) // their lives are not known yet, or they failed
	}
	w.pause = minWarm
	return next
}

// load loads keys that are not there, and anew those that are.
func (w *warming[K, V]) load(ctx context.Context, missing []K, due []*call[K, V]) {
	for chunk := range slices.Chunk(due, warmAtOnce) {
		if ctx.Err() != nil {
			return
		}
		w.refresh(ctx, chunk)
		for _, c := range chunk {
			if c.err != nil && ctx.Err() == nil {
				w.cache.report(ctx, c.err)
			}
		}
	}
	for chunk := range slices.Chunk(missing, warmAtOnce) {
		if _, err := w.GetMany(ctx, chunk); err != nil && ctx.Err() == nil {
			w.cache.report(ctx, err)
		}
	}
}

// later returns a pause that doubles from time to time.
func (w *warming[K, V]) later() time.Duration {
	pause := w.pause
	w.pause = min(2*pause, maxWarm)
	return pause
}
