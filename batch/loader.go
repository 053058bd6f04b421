package batch

import (
	"context"
	"fmt"
	"slices"
)

// A Fetch returns the values of the keys that have one; for the others,
// loads return [ErrMissing]. The keys are distinct and at least one; the slice
// is the fetch's to keep and change. Values of keys that were not asked for
// are ignored. The map is the loader's from then on and must not change. An
// error is that of every key, unless it is a [KeyErrors], which is that of the
// keys in it.
//
// [Relation.One] is a Fetch, and so is [Relation.Many].
type Fetch[K comparable, V any] func(ctx context.Context, keys []K) (map[K]V, error)

// A Loader collects the keys that the goroutines of a [Group] ask for, fetches
// them together, and remembers the values for its life, which is that of a
// request: a key is fetched once, however often it is asked for.
//
// Each batch is fetched in a goroutine of its own, which [Group.Wait] waits
// for, with a context made from the group's. Batches of one or more loaders
// run at the same time, and each holds a connection; of one loader no more
// than [LoaderConfig.MaxFetches]. No load fails because
// another one was cancelled: a fetch is cancelled when all who wait for it
// have gone, or the group's context ends.
//
// Values and [ErrMissing] are remembered. Other errors are not: they reach
// those who wait, and whoever asks later starts a new fetch.
//
// A Loader is safe for concurrent use. There is nothing to close.
type Loader[K comparable, V any] struct {
	group     *Group
	fetch     Fetch[K, V]
	maxBatch  int
	maxFlying int

	// Guarded by group.mu:
	cache  map[K]*flight[K, V]
	large  bool            // the cache was given room
	open   *flight[K, V]   // collects keys; nil if there are none
	flying int             // flights being fetched
	line   []*flight[K, V] // sent, and waiting for one of those to land
}

// NewLoader makes a Loader for one request. Neither group nor fetch may be
// nil.
func NewLoader[K comparable, V any](group *Group, fetch Fetch[K, V], cfg LoaderConfig) (*Loader[K, V], error) {
	if err := required("NewLoader", named{"group", group == nil}, named{"fetch", fetch == nil}); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Loader[K, V]{group: group, fetch: fetch, maxBatch: cfg.MaxBatch, maxFlying: cfg.MaxFetches}, nil
}

// Load returns the value of the key. If that is not known yet, it waits for
// the batch that the key is added to, or is already in; the batch is sent as
// [Group] says, at once where no other goroutine of the group is running.
//
// An error is [ErrMissing], that of the fetch as it is, a [*PanicError] if the
// fetch panicked, or one that matches ctx.Err(), which ends the wait and not
// the fetch. A ctx that has ended adds no key; a value that is known is
// returned nevertheless.
//
// Cost of a value that is known: a mutex and two map look-ups, no allocation.
func (l *Loader[K, V]) Load(ctx context.Context, key K) (V, error) {
	return l.wait(ctx, key, l.lookup(key))
}

// LoadMany returns the values of the keys, in their order; keys may repeat.
// If any has failed or is missing, the error is a [KeyErrors] that says which
// and why, the values of the others are valid, and its own is zero. If ctx
// ended, there are no values, and the error matches ctx.Err().
func (l *Loader[K, V]) LoadMany(ctx context.Context, keys []K) ([]V, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	m := l.group.member(ctx)
	byKey, flights := l.enterMany(m, keys)
	if err := l.await(ctx, m, flights); err != nil {
		return nil, err
	}
	values := make([]V, len(keys))
	var errs KeyErrors[K]
	for i, key := range keys {
		value, err := byKey[i].result(key)
		values[i] = value
		if err != nil {
			if errs == nil {
				errs = make(KeyErrors[K])
			}
			errs[key] = err
		}
	}
	if errs != nil {
		return values, errs
	}
	return values, nil
}

// Queue adds the key to the next batch without waiting for it, so that one
// goroutine can ask for much before it waits for any of it. The batch is sent
// as for [Loader.Load]. It is not cancelled before the group's context ends,
// for nobody knows whether the Promise will be used.
func (l *Loader[K, V]) Queue(key K) Promise[K, V] {
	l.group.mu.Lock()
	defer l.group.mu.Unlock()
	f := l.flightLocked(key, 1)
	f.promised = true
	l.group.settleLocked()
	return Promise[K, V]{l, key, f}
}

// A Promise is a value that was asked for with [Loader.Queue]. It is safe for
// concurrent use and may be waited for any number of times. Its zero value is
// not usable.
type Promise[K comparable, V any] struct {
	loader *Loader[K, V]
	key    K
	flight *flight[K, V]
}

// Wait returns what [Loader.Load] would. If the fetch failed, so does every
// Wait of this Promise.
func (p Promise[K, V]) Wait(ctx context.Context) (V, error) {
	return p.loader.wait(ctx, p.key, p.flight)
}

// Flush sends what was collected so far, without waiting for goroutines that
// could add to it.
func (l *Loader[K, V]) Flush() {
	l.group.mu.Lock()
	defer l.group.mu.Unlock()
	if l.open != nil {
		l.sendLocked()
	}
}

// Prime makes the value known, if the key is neither known nor being fetched,
// and reports whether it did.
func (l *Loader[K, V]) Prime(key K, value V) bool {
	l.group.mu.Lock()
	defer l.group.mu.Unlock()
	if l.cache[key] != nil {
		return false
	}
	f := &flight[K, V]{values: map[K]V{key: value}, sent: true, landed: true, done: make(chan struct{})}
	close(f.done)
	l.rememberLocked(key, f)
	return true
}

// Clear forgets the key, so that the next load fetches it again; it is called
// after the row was written. A fetch under way still answers those who asked
// before, and its value is not remembered. A key that was collected and not
// yet sent is left there, since its fetch begins after Clear.
func (l *Loader[K, V]) Clear(key K) {
	l.group.mu.Lock()
	defer l.group.mu.Unlock()
	if f := l.cache[key]; f != nil && f.sent {
		delete(l.cache, key)
	}
}

func (l *Loader[K, V]) lookup(key K) *flight[K, V] {
	l.group.mu.Lock()
	defer l.group.mu.Unlock() // a K of interface type may panic in the map
	return l.cache[key]
}

// wait returns the result of the key when its flight has landed. The flight is
// nil if the key was not in the cache.
func (l *Loader[K, V]) wait(ctx context.Context, key K, f *flight[K, V]) (V, error) {
	if f == nil || !f.ready() {
		var err error
		if f, err = l.join(ctx, key, f); err != nil {
			var zero V
			return zero, err
		}
	}
	return f.result(key)
}

// join waits for the flight of the key, adding the key to one if it is nil,
// and returns it.
func (l *Loader[K, V]) join(ctx context.Context, key K, f *flight[K, V]) (*flight[K, V], error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	m := l.group.member(ctx)
	f = l.enter(m, key, f)
	return f, l.await(ctx, m, []*flight[K, V]{f})
}

func (l *Loader[K, V]) enter(m *member, key K, f *flight[K, V]) *flight[K, V] {
	l.group.mu.Lock()
	defer l.group.mu.Unlock()
	if f == nil || f.dropped {
		f = l.flightLocked(key, 1)
	}
	if !f.landed {
		f.enterLocked(m)
		l.enteredLocked(f.sent)
	}
	return f
}

// enterMany is enter for many keys. It returns the flight of each key, and
// those among them that have not landed.
func (l *Loader[K, V]) enterMany(m *member, keys []K) (byKey, flights []*flight[K, V]) {
	byKey = make([]*flight[K, V], len(keys))
	l.group.mu.Lock()
	defer l.group.mu.Unlock()
	if len(l.cache) == 0 && len(keys) > fewKeys {
		l.large = true
		l.cache = make(map[K]*flight[K, V], len(keys))
	}
	for i, key := range keys {
		f := l.flightLocked(key, len(keys)-i)
		byKey[i] = f
		// Neighbours share a flight: that is asked first.
		if f.landed || i > 0 && byKey[i-1] == f || slices.Contains(flights, f) {
			continue
		}
		flights = append(flights, f)
	}
	sent := true
	for _, f := range flights {
		f.enterLocked(m)
		sent = sent && f.sent
	}
	l.enteredLocked(sent)
	return byKey, flights
}

// enteredLocked follows the entering of flights; sent says that all of them
// are on their way.
func (l *Loader[K, V]) enteredLocked(sent bool) {
	l.group.settleLocked()
	if !sent {
		l.group.armLocked()
	}
}

// await returns when all flights have landed or ctx has ended; then the caller
// leaves those that have not.
func (l *Loader[K, V]) await(ctx context.Context, m *member, flights []*flight[K, V]) error {
	for _, f := range flights {
		select {
		case <-f.done:
		case <-ctx.Done():
			if l.abandon(m, flights) {
				return fmt.Errorf("batch: %w", ctx.Err())
			}
			return nil // all had landed, so there is an answer
		}
	}
	return nil
}

// abandon takes the caller off the flights, ends those that nobody waits for
// any more, and reports whether one had not landed.
func (l *Loader[K, V]) abandon(m *member, flights []*flight[K, V]) bool {
	var cancels []context.CancelFunc
	defer func() {
		for _, cancel := range cancels {
			cancel()
		}
	}()
	l.group.mu.Lock()
	defer l.group.mu.Unlock()
	left := false
	for _, f := range flights {
		if f.landed {
			continue
		}
		left = true
		i := slices.Index(f.waiting, m)
		f.waiting = slices.Delete(f.waiting, i, i+1)
		l.group.unparkLocked(m)
		if len(f.waiting) > 0 || f.promised {
			continue
		}
		l.dropLocked(f)
		if f.cancel != nil {
			cancels = append(cancels, f.cancel)
		}
	}
	return left
}
