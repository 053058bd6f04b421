package cache

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"
)

// A filling is the work on calls whose keys were not at hand: look once more,
// take the leases, load, store. It runs on a goroutine of its own, which no
// caller's end stops.
type filling[K comparable, V any] struct {
	*Func[K, V]
	ctx      context.Context // of the first caller, without its end
	token    Token
	deadline time.Time // of waits for others

	leased   []*call[K, V] // to load and to store
	unleased []*call[K, V] // to load only
	held     []*call[K, V] // by others
	fallback map[*call[K, V]]*entry[V]
}

// fill finishes every call.
func (f *Func[K, V]) fill(ctx context.Context, calls []*call[K, V]) {
	w := &filling[K, V]{Func: f, ctx: ctx, token: newToken(), deadline: time.Now().Add(f.cache.cfg.MaxWait)}
	defer w.abandon(calls)
	var read, over []*call[K, V]
	for _, c := range calls {
		switch {
		case c.storeless:
			w.unleased = append(w.unleased, c)
		case c.force:
			over = append(over, c)
		default:
			read = append(read, c)
		}
	}
	w.claim(read)
	w.claimOver(over)
	w.loadAll()
	for len(w.held) > 0 {
		w.waitForOne()
		w.loadAll()
	}
}

// abandon ends the calls that a callback left open by runtime.Goexit.
func (w *filling[K, V]) abandon(calls []*call[K, V]) {
	for _, c := range calls {
		select {
		case <-c.done:
		default:
			c.entry, c.err, c.failed = nil, &PanicError{In: w.name + ": a callback"}, true
			w.finish(c)
		}
	}
}

func newToken() (t Token) {
	_, _ = rand.Read(t[:]) // never fails
	return t
}

func names[K comparable, V any](calls []*call[K, V]) []string {
	list := make([]string, len(calls))
	for i, c := range calls {
		list[i] = c.name
	}
	return list
}

// claim reads the calls' keys and takes the leases of those that are not
// there, in one round trip.
func (w *filling[K, V]) claim(calls []*call[K, V]) {
	if len(calls) == 0 {
		return
	}
	stamps := make([]stamp, len(calls))
	for i, c := range calls {
		stamps[i] = w.cache.marks.stamp(c.slot)
	}
	items, _ := w.storeClaim(calls, false) // it has told of the error
	a := w.ages(w.ctx, items, ages{})
	var dead []*call[K, V]
	for i, item := range items {
		switch c := calls[i]; item.State {
		case Absent:
			w.unleased = append(w.unleased, c)
		case Granted:
			w.tally.leases.Add(1)
			w.take(c)
		case Held:
			w.held = append(w.held, c)
		default:
			switch w.serve(c, stamps[i], item.Value, a) {
			case unsure:
				w.unleased = append(w.unleased, c)
			case unusable, onlyIfFail:
				dead = append(dead, c)
			}
		}
	}
	w.claimOver(dead)
}

// take puts a call whose lease was granted among those to load.
func (w *filling[K, V]) take(c *call[K, V]) {
	c.leased.Store(true)
	w.leased = append(w.leased, c)
}

// serve finishes a call with what was in the store, if that can be.
func (w *filling[K, V]) serve(c *call[K, V], s stamp, value []byte, a ages) freshness {
	e, state := w.read(w.ctx, c.name, value, a)
	if e != nil && c.good != nil && e.found && !w.passes(w.ctx, c.good, e.value) {
		state = unusable
	}
	switch state {
	case unusable, unsure:
		return state
	case onlyIfFail:
		if w.fallback == nil {
			w.fallback = make(map[*call[K, V]]*entry[V])
		}
		w.fallback[c] = e
		return state
	case stale:
		w.tally.staleHit(w.ctx)
		w.refreshLater(w.ctx, c.key, c.name, c.slot, e.created)
	case due:
		w.refreshLater(w.ctx, c.key, c.name, c.slot, e.created)
	}
	if e.soft == 0 {
		w.cache.marks.expect(c.slot, -1)
	} else {
		w.cache.marks.expect(c.slot, max(0, e.soft-milliseconds(w.cache.backend.store.Now())))
	}
	w.keepNear(c.key, c.slot, s, e)
	c.entry, c.hit = e, true
	w.finish(c)
	return state
}

// claimOver takes leases although there may be values, which are not to be
// served. Another may have replaced one meanwhile: it is looked at once more,
// unless the call is forced.
func (w *filling[K, V]) claimOver(calls []*call[K, V]) {
	if len(calls) == 0 {
		return
	}
	items, _ := w.storeClaim(calls, true) // it has told of the error
	var check []*call[K, V]
	for i, item := range items {
		switch c := calls[i]; {
		case item.State == Absent:
			w.unleased = append(w.unleased, c)
		case item.State != Granted:
			w.held = append(w.held, c)
		case c.force:
			w.tally.leases.Add(1)
			w.take(c)
		default:
			w.tally.leases.Add(1)
			check = append(check, c)
		}
	}
	w.recheck(check)
}

// recheck reads the values of keys whose leases were just granted.
func (w *filling[K, V]) recheck(calls []*call[K, V]) {
	if len(calls) == 0 {
		return
	}
	stamps := make([]stamp, len(calls))
	for i, c := range calls {
		stamps[i] = w.cache.marks.stamp(c.slot)
	}
	items, a, _ := w.storeGetMany(w.ctx, names(calls)) // it has told of the error
	var done []*call[K, V]
	for i, c := range calls {
		if items[i].State == Found {
			if s := w.serve(c, stamps[i], items[i].Value, a); s >= stale {
				done = append(done, c)
				continue
			}
			w.discard(w.ctx, c.name, items[i].Value, a)
		}
		w.take(c)
	}
	w.release(done)
}

// loadAll runs the function for what is to be loaded, stores it and finishes
// the calls.
func (w *filling[K, V]) loadAll() {
	leased, unleased := w.leased, w.unleased
	w.leased, w.unleased = nil, nil
	all := slices.Concat(leased, unleased)
	if len(all) == 0 {
		return
	}
	generation := w.cache.marks.now.Load()
	if len(leased) > 0 {
		var err error
		if generation, err = w.cache.present(w.ctx, w.tag); err != nil {
			w.cache.report(w.ctx, err)
			w.release(leased)
			leased = nil // what is loaded could not be told from what is outdated
		}
	}
	for _, c := range all {
		c.begun.Store(true)
	}
	stop := w.keepLeases(leased)
	results, errs := w.loadMany(all)
	stop()
	var kept, unused []*call[K, V]
	var entries []Entry
	for i, c := range all {
		keep := i < len(leased)
		if errs[i] != nil {
			w.fail(c, errs[i])
			if keep {
				unused = append(unused, c)
			}
			continue
		}
		c.entry = results[i]
		c.entry.generation = generation
		switch data, ok := w.prepare(c); {
		case ok && keep:
			kept, entries = append(kept, c), append(entries, data)
		case keep:
			unused = append(unused, c)
			fallthrough
		default:
			w.tally.dropped.Add(1)
		}
	}
	w.store(kept, entries)
	w.release(unused)
	for _, c := range all {
		w.finish(c)
	}
}

// fail ends a call whose load has failed, with what it can fall back on.
func (w *filling[K, V]) fail(c *call[K, V], err error) {
	c.failed = true
	if e := w.fallback[c]; e != nil {
		w.tally.staleHit(w.ctx)
		w.cache.report(w.ctx, fmt.Errorf("cache: %s: a stale result was served because the load failed: %w", w.name, err))
		c.entry, c.hit = e, true
		return
	}
	c.err = err
}

// store fills the keys of calls.
func (w *filling[K, V]) store(calls []*call[K, V], entries []Entry) {
	if len(calls) == 0 {
		return
	}
	for _, c := range calls {
		c.leased.Store(false) // whoever changes the key from now on voids nothing
	}
	sctx, err := w.cache.backend.begin(w.ctx)
	var stored []bool
	if err == nil {
		stored, err = w.cache.backend.store.Fill(sctx, entries, w.token)
		err = w.cache.backend.end(err)
	}
	if err != nil {
		w.tally.dropped.Add(int64(len(calls)))
		w.cache.report(w.ctx, fmt.Errorf("cache: storing results of %s: %w", w.name, err))
		return
	}
	for i, ok := range stored {
		if !ok {
			w.tally.voided.Add(1)
			calls[i].voided = true
			continue
		}
		w.cache.marks.key(calls[i].name) // the store may tell it after the callers have gone on
		w.tally.filled.Add(1)
		w.tally.filledBytes.Add(int64(len(entries[i].Value)))
		w.cache.marks.expect(calls[i].slot, entries[i].Life.Milliseconds())
	}
}
