package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// flights are the loads of one function that are under way in this process.
type flights[K comparable, V any] struct {
	mu struct {
		sync.Mutex
		calls      map[string]*call[K, V]
		refreshing map[string]struct{} // keys loaded anew in the background
	}
}

// A call is one key's load, which all that ask for the key wait for. What
// stands below done is written before done is closed and read after.
type call[K comparable, V any] struct {
	key   K
	name  string // in the store
	slot  uint32
	stamp stamp // from when it began
	force bool  // load, whatever is stored
	// storeless is set where the store has just failed: once is enough for a
	// request.
	storeless bool
	good      func(V) bool // of [Func.Renew]: which stored values will do; nil is all
	begun     atomic.Bool  // the load has: who forces one cannot join any more
	leased    atomic.Bool  // a change of the key by others voids the lease
	done      chan struct{}

	replaces  int64 // of a refresh: when the entry to replace was created
	refreshed bool  // it is no more, by this call or another

	entry    *entry[V] // nil if err is not
	err      error
	hit      bool      // nothing was loaded: it was in the store
	failed   bool      // the load has, even if there was an entry to fall back on
	voided   bool      // the key was changed during the load
	finished bool      // guarded by flights.mu
	until    time.Time // to when a failure is remembered
}

func (f *Func[K, V]) newCall(key K, name string, slot uint32, force bool) *call[K, V] {
	return &call[K, V]{key: key, name: name, slot: slot, stamp: f.cache.marks.stamp(slot), force: force, done: make(chan struct{})}
}

// join returns the call for a key to wait for, and whether the caller must run
// it: then it is a new one. What began before the key was changed is not
// joined, unless the result tells; and by who forces a load, none that has
// begun.
func (f *Func[K, V]) join(key K, name string, slot uint32, force, storeless bool) (c *call[K, V], run bool) {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	if c := f.flights.mu.calls[name]; c != nil && c.serves(force, f.cache.marks.good(slot, c.stamp)) {
		return c, false
	}
	c = f.newCall(key, name, slot, force)
	c.storeless = storeless
	f.flights.mu.calls[name] = c
	return c, true
}

// serves reports whether a call can be joined, if nothing has happened to the
// key since it began, or something has. The flights are locked.
func (c *call[K, V]) serves(force, good bool) bool {
	switch {
	case force:
		return c.force && !c.begun.Load() && !c.finished
	case c.finished: // giving the lease back has counted as a change
		return time.Now().Before(c.until)
	}
	return good || c.leased.Load() // granting the lease has, too
}

// drop keeps calls from being joined: their keys were changed here.
func (f *Func[K, V]) drop(names []string) {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	for _, name := range names {
		delete(f.flights.mu.calls, name)
	}
}

// finish hands the result of a call to all that wait for it.
func (f *Func[K, V]) finish(c *call[K, V]) {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	if c.finished {
		return
	}
	c.finished = true
	if c.failed && f.cfg.Errors.kind == ttlDuration {
		life := f.cfg.Errors.spread(f.cfg.Jitter)
		c.until = time.Now().Add(life)
		time.AfterFunc(life, func() {
			f.flights.mu.Lock()
			defer f.flights.mu.Unlock()
			f.leaveLocked(c)
		})
	} else {
		f.leaveLocked(c)
	}
	close(c.done)
}

// leaveLocked removes a call from those that can be joined.
func (f *Func[K, V]) leaveLocked(c *call[K, V]) {
	if f.flights.mu.calls[c.name] == c {
		delete(f.flights.mu.calls, c.name)
	}
}

// await waits for a call, at most until ctx ends. again says that what it
// brought may have been changed before the caller asked. Who has asked before
// the call began takes it as it is.
func (f *Func[K, V]) await(ctx context.Context, c *call[K, V], askedBefore bool) (e *entry[V], again bool, err error) {
	select {
	case <-c.done:
	default:
		select {
		case <-c.done:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
	if c.err != nil {
		return nil, false, c.err
	}
	e = c.entry
	if askedBefore {
		return e, false, nil
	}
	g := f.cache.marks.generation(e.tags)
	return e, c.voided || e.generation != 0 && g > e.generation, nil
}

// startRefresh reports whether a refresh of the key may begin, and notes it.
func (f *Func[K, V]) startRefresh(name string) bool {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	if _, ok := f.flights.mu.refreshing[name]; ok {
		return false
	}
	f.flights.mu.refreshing[name] = struct{}{}
	return true
}

func (f *Func[K, V]) endRefresh(name string) {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	delete(f.flights.mu.refreshing, name)
}
