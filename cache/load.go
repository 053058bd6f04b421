package cache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/envelope"
)

// maxParallel is how many keys are loaded at once without LoadMany. Not
// smaller: most of a load is waiting. Not larger: each may hold a database
// connection.
const maxParallel = 4

// loadMany runs the function for the calls, within LoadTimeout.
func (w *filling[K, V]) loadMany(calls []*call[K, V]) (results []*entry[V], errs []error) {
	ctx, cancel := context.WithTimeoutCause(w.ctx, w.cache.cfg.LoadTimeout, ErrLoadTimeout)
	defer cancel()
	type answer struct {
		results []*entry[V]
		errs    []error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		if w.cfg.LoadMany != nil && len(calls) > 1 {
			a.results, a.errs = w.runMany(ctx, calls)
		} else {
			a.results, a.errs = w.runEach(ctx, calls)
		}
		answers <- a
	}()
	select {
	case a := <-answers:
		for i, err := range a.errs {
			if err != nil && ctx.Err() != nil {
				a.errs[i] = errors.Join(err, w.ended(ctx))
			}
		}
		return a.results, a.errs
	case <-ctx.Done(): // the function ignores its context: it is left alone
		return w.allFailed(len(calls), w.ended(ctx))
	}
}

// ended says why the context of a load has: only that of a Warm does so before
// its time is up.
func (w *filling[K, V]) ended(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, ErrLoadTimeout) {
		return err
	}
	return fmt.Errorf("%w: %s, after %v", ErrLoadTimeout, w.name, w.cache.cfg.LoadTimeout)
}

func (w *filling[K, V]) allFailed(n int, err error) ([]*entry[V], []error) {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return make([]*entry[V], n), errs
}

// runEach runs the function for each call, a few at a time.
func (w *filling[K, V]) runEach(ctx context.Context, calls []*call[K, V]) ([]*entry[V], []error) {
	results, errs := w.allFailed(len(calls), &PanicError{In: w.name}) // what a Goexit leaves behind
	var group sync.WaitGroup
	slots := make(chan struct{}, maxParallel)
	for i, c := range calls {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			results[i], errs[i] = w.run(ctx, c.key)
		})
	}
	group.Wait()
	return results, errs
}

// runMany runs LoadMany once.
func (w *filling[K, V]) runMany(ctx context.Context, calls []*call[K, V]) ([]*entry[V], []error) {
	keys := make([]K, len(calls))
	for i, c := range calls {
		keys[i] = c.key
	}
	var found map[K]V
	var err error
	var panicked error = &PanicError{In: w.name} // what a Goexit leaves behind
	begin := time.Now()
	var group sync.WaitGroup
	group.Go(func() { // of its own, as it may call runtime.Goexit
		panicked = guard(w.name, func() { found, err = w.cfg.LoadMany(ctx, keys) })
	})
	group.Wait()
	took := time.Since(begin)
	w.tally.loaded(ctx, took)
	switch {
	case panicked != nil:
		w.panicked(ctx, panicked)
		return w.allFailed(len(calls), panicked)
	case err != nil && !isNotFound(err):
		w.tally.errors.Add(1)
		return w.allFailed(len(calls), err)
	}
	results := make([]*entry[V], len(calls))
	for i, c := range calls {
		v, ok := found[c.key]
		results[i] = &entry[V]{value: v, found: ok, took: took}
		if !ok {
			w.tally.notFound.Add(1)
		}
	}
	return results, make([]error, len(calls))
}

// prepare makes what is stored of a call's result. It reports false if it is
// not to be stored.
func (w *filling[K, V]) prepare(c *call[K, V]) (Entry, bool) {
	e := c.entry
	ttl, keep := w.cfg.TTL, true
	var tags []string
	err := guard(w.name+": Keep, TTLOf or Tags", func() {
		switch {
		case !e.found:
			ttl, keep = w.cfg.NotFound, w.cfg.NotFound.kind != ttlDefault
		case w.cfg.Keep != nil:
			keep = w.cfg.Keep(w.ctx, c.key, e.value)
		}
		if keep && e.found && w.cfg.TTLOf != nil {
			ttl = w.cfg.TTLOf(c.key, e.value).or(ttl)
		}
		if keep && w.cfg.Tags != nil {
			tags = w.cfg.Tags(c.key, e.value)
		}
	})
	if err == nil && keep {
		if err = ttl.check(); err != nil {
			err = fmt.Errorf("cache: %s: FuncConfig.TTLOf: %w", w.name, err)
		}
	}
	if err == nil && len(tags) > maxTags {
		err = fmt.Errorf("cache: a result of %s has %d tags, want at most %d", w.name, len(tags), maxTags)
	}
	if err != nil || !keep {
		if err != nil {
			w.cache.report(w.ctx, err)
		}
		return Entry{}, false
	}
	data, err := w.pack(c.name, e, ttl, tags)
	if err != nil {
		w.cache.report(w.ctx, err)
		return Entry{}, false
	}
	return data, true
}

// maxTags is how many tags an entry may have. Each takes 16 bytes in it.
const maxTags = 100

// pack encodes a result with its lives and tags.
func (f *Func[K, V]) pack(name string, e *entry[V], ttl TTL, tags []string) (Entry, error) {
	var ids envelope.Tags
	for _, t := range tags {
		ids = ids.Append(tagID(t))
	}
	e.tags = f.tagSlots(ids)
	life := ttl.spread(f.cfg.Jitter)
	e.created = milliseconds(f.cache.backend.store.Now())
	var hard int64
	if life != NoExpiry {
		e.soft = e.created + max(1, life.Milliseconds())
		life = min(MaxLife, life+max(f.cfg.StaleWhileRevalidate, f.cfg.StaleIfError))
		hard = e.created + life.Milliseconds()
	}
	data, err := f.encode(name, e, hard, ids)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Key: name, Value: data, Life: life}, nil
}

// keepLeases extends leases until stop is called.
func (w *filling[K, V]) keepLeases(calls []*call[K, V]) (stop func()) {
	if len(calls) == 0 {
		return func() {}
	}
	list := names(calls)
	interval := w.cache.cfg.LeaseLife / leaseShare
	var mu sync.Mutex
	stopped := false
	var timer *time.Timer
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(interval, func() {
		if sctx, err := w.cache.backend.begin(w.ctx); err == nil {
			_, err = w.cache.backend.store.Extend(sctx, list, w.token, w.leaseLife())
			if err = w.cache.backend.end(err); err != nil {
				w.cache.report(w.ctx, err)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			timer.Reset(interval)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		timer.Stop()
	}
}

// leaseShare is the part of Config.LeaseLife after which a holder extends its
// lease, and the others look whether it is still there: they follow one that
// has died within LeaseLife. Not smaller: one lost message must not cost the
// lease. Not larger: each waiting process asks that often.
const leaseShare = 4

// leaseLife leaves a share of Config.LeaseLife for finding out.
func (f *Func[K, V]) leaseLife() time.Duration {
	life := f.cache.cfg.LeaseLife
	return max(minLife, life-life/leaseShare)
}

// release gives leases back that are not needed.
func (w *filling[K, V]) release(calls []*call[K, V]) {
	if len(calls) == 0 {
		return
	}
	for _, c := range calls {
		c.leased.Store(false)
	}
	sctx, err := w.cache.backend.begin(w.ctx)
	if err != nil {
		return // they die by themselves
	}
	if err := w.cache.backend.end(w.cache.backend.store.Release(sctx, names(calls), w.token)); err != nil {
		w.cache.report(w.ctx, err)
	}
}

// jittered is d, moved by up to a tenth, so that waiters do not ask together.
func jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}
