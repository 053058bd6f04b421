package cache

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"reflect"
	"time"

	"github.com/hone-go/hone/internal/cachekey"
	"github.com/hone-go/hone/internal/envelope"
)

// FuncConfig configures a function for [Memoize]. The zero value is ready to
// use.
//
// The callbacks are called without a lock. Unless and Fresh run on the
// goroutine of the reader that asks, with its context; the others on that of a
// load, with the values of the context of the one who began it. One that panics
// is told to Config.OnError, and counts as having given the cautious answer:
// the function is run (Unless, Fresh), or its result is not stored (Keep,
// TTLOf, Tags), or not kept near (Size). The request gets its result.
type FuncConfig[K comparable, V any] struct {
	// TTL is how long a result is fresh. Default Config.TTL.
	TTL TTL
	// TTLOf, if set, computes it from the result; the zero TTL means TTL. A
	// TTL that is not usable (see [For]) keeps the result from being stored.
	TTLOf func(K, V) TTL
	// Jitter overrides Config.Jitter.
	Jitter float64
	// NotFound is how long it is remembered that there is nothing: that the
	// function returned an error that matches [ErrNotFound] or sql.ErrNoRows.
	// Default: not at all.
	NotFound TTL
	// Errors is how long a failure is remembered, in this process: so long,
	// readers get the same error and the function is not run. Default: not at
	// all.
	Errors TTL

	// StaleWhileRevalidate is how long after its time to live a result may
	// still be served, while it is loaded anew in the background: once, however
	// many readers and processes there are. Default 0.
	StaleWhileRevalidate time.Duration
	// StaleIfError is how long after its time to live a result is served if
	// the function fails. Default 0.
	StaleIfError time.Duration
	// Beta is how eagerly a result is loaded anew before its end: see XFetch
	// in [Func.Get]. Default 1; negative is off. Larger is earlier.
	Beta float64

	// Tags names what a result depends on, such as "product:7": see
	// [Cache.Invalidate]. At most 100. For a "nothing" that is remembered (see
	// NotFound) it is called with the zero value, so that what appears later
	// can be told by its key.
	Tags func(K, V) []string
	// Unless, if it returns true, has the function run as if there were no
	// cache: nothing is looked up or stored.
	Unless func(context.Context, K) bool
	// Fresh, if it returns true, has the function run, and its result replace
	// the stored one.
	Fresh func(context.Context, K) bool
	// Keep, if it returns false, keeps a result from being stored.
	Keep func(context.Context, K, V) bool
	// LoadMany, if set, is what [Func.GetMany] loads with. Keys that are not in
	// its result are not found.
	LoadMany func(context.Context, []K) (map[K]V, error)

	// Codec overrides Config.Codec.
	Codec Codec
	// Size returns about how many bytes a value takes in memory, for the near
	// cache's bound. Default: the size of its encoding.
	Size func(V) int
	// NoNear keeps the results out of the near cache.
	NoNear bool
}

// A Func is a cached function. It is safe for concurrent use.
type Func[K comparable, V any] struct {
	cache   *Cache
	name    string
	prefix  string // of its keys
	load    func(context.Context, K) (V, error)
	cfg     FuncConfig[K, V]
	encoder *cachekey.Encoder[K]
	codec   Codec
	tag     envelope.Tag // that all its entries carry
	tagSlot uint32
	noTags  []uint32 // the slots of an entry that carries no other
	seed    maphash.Seed
	table   *nearTable[K, V] // of what is near; guarded by Cache.near
	flights flights[K, V]
	tally   *tally
	joint   TagReader // as Cache.joint
	near    bool
}

// Memoize makes a cached function of load. Results are kept under the name,
// which no other function or set of values of c may have, and the key: give it
// another name, or c another Version, when what the function returns changes.
//
// K must be made of booleans, numbers, strings, arrays and structs of them,
// times, or types that marshal themselves: a type of which two equal keys
// could not be recognised is refused with an error that names the part. V must
// survive the codec. Results are shared by callers: they must not change them.
func Memoize[K comparable, V any](c *Cache, name string, load func(context.Context, K) (V, error), cfg FuncConfig[K, V]) (*Func[K, V], error) {
	cfg = cfg.withDefaults(c.cfg)
	err := cfg.validate()
	if load == nil {
		err = errors.Join(err, errors.New("load is nil"))
	}
	encoder, kerr := cachekey.For[K]()
	if err = errors.Join(err, kerr); err != nil {
		return nil, fmt.Errorf("cache: function %q: %w", name, err)
	}
	n, err := c.register(name)
	if err != nil {
		return nil, err
	}
	f := &Func[K, V]{
		cache: c, name: name, prefix: c.namespace + ":" + name + ":",
		load: load, cfg: cfg, encoder: encoder, codec: cfg.Codec,
		tag: functionTag(name), seed: maphash.MakeSeed(), tally: n, joint: c.joint,
		near: c.near != nil && !cfg.NoNear && cfg.Unless == nil && cfg.Fresh == nil,
	}
	if c.near != nil && !cfg.NoNear {
		f.table = new(nearTable[K, V])
	}
	f.tagSlot = c.marks.tagSlot(f.tag)
	f.noTags = []uint32{f.tagSlot}
	f.flights.mu.calls = make(map[string]*call[K, V])
	f.flights.mu.refreshing = make(map[string]struct{})
	return f, nil
}

func (cfg FuncConfig[K, V]) withDefaults(c Config) FuncConfig[K, V] {
	cfg.TTL = cfg.TTL.or(c.TTL)
	cfg.Jitter = defaultFloat(cfg.Jitter, c.Jitter)
	cfg.Beta = defaultFloat(cfg.Beta, 1)
	if cfg.Codec == nil {
		cfg.Codec = c.Codec
	}
	return cfg
}

func (cfg FuncConfig[K, V]) validate() error {
	var errs []error
	for _, t := range []struct {
		name string
		TTL
	}{{"TTL", cfg.TTL}, {"NotFound", cfg.NotFound}, {"Errors", cfg.Errors}} {
		if err := t.check(); err != nil {
			errs = append(errs, fmt.Errorf("FuncConfig.%s: %w", t.name, err))
		}
	}
	if cfg.Errors.kind == ttlForever {
		errs = append(errs, errors.New("FuncConfig.Errors is forever, want a duration: a failure passes"))
	}
	if !(cfg.Jitter < 1) {
		errs = append(errs, fmt.Errorf("FuncConfig.Jitter is %v, want < 1: it is a share", cfg.Jitter))
	}
	if !(cfg.Beta <= 1000) {
		errs = append(errs, fmt.Errorf("FuncConfig.Beta is %v, want ≤ 1000", cfg.Beta))
	}
	for _, s := range []struct {
		name string
		d    time.Duration
	}{{"StaleWhileRevalidate", cfg.StaleWhileRevalidate}, {"StaleIfError", cfg.StaleIfError}} {
		if s.d < 0 || s.d > MaxLife {
			errs = append(errs, fmt.Errorf("FuncConfig.%s is %v, want 0 to 100 years", s.name, s.d))
		}
	}
	if cfg.Codec.ID() == 0 {
		errs = append(errs, errors.New("FuncConfig.Codec has the ID 0, want 1 to 255"))
	}
	if c, ok := cfg.Codec.(TypeChecker); ok {
		if err := c.CheckType(reflect.TypeFor[V]()); err != nil {
			errs = append(errs, fmt.Errorf("FuncConfig.Codec: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Get returns the result for a key, from the cache or, failing that, of the
// function. found is false if the function said that there is nothing (see
// FuncConfig.NotFound).
//
// However many ask at once, in however many processes, the function runs once
// for a key: the others get the same result, or the stale one if they may. The
// run does not end with its caller's context, which bounds this call alone. A
// failed store costs a request at most Config.StoreTimeout, and never an
// error: the function is run.
//
// Before a result is stale, a reader loads it anew in the background with a
// probability that rises with the time that the load takes (XFetch). The error
// is the function's own, [ErrLoadTimeout], a [*PanicError], or that of ctx.
//
// Cost: no allocation on a near hit; one round trip on a hit in the store, and
// a second one if it is not known which tags were invalidated since the entry
// was stored (see [TagReader]); on a miss a second one to store.
func (f *Func[K, V]) Get(ctx context.Context, key K) (value V, found bool, err error) {
	if f.near {
		if e, due := f.lookNear(key); e != nil {
			f.tally.nearHit(ctx)
			if due {
				f.refreshNear(ctx, e)
			}
			return e.value, e.found, nil
		}
	}
	return f.get(ctx, key)
}

// DeleteAll invalidates all results of the function, in all processes. Cost:
// one round trip, however many there are.
func (f *Func[K, V]) DeleteAll(ctx context.Context) error {
	f.tally.deleted.Add(1)
	return f.cache.invalidate(ctx, []envelope.Tag{f.tag})
}

// Delete removes the results for keys, in all processes, and keeps loads that
// are under way from storing theirs. Call it after the change is committed.
// Cost: one round trip. After an error it may or may not have happened.
func (f *Func[K, V]) Delete(ctx context.Context, keys ...K) error {
	names, err := f.storeKeys(keys)
	if err != nil {
		return err
	}
	f.tally.deleted.Add(int64(len(keys)))
	_, err = f.cache.remove(ctx, names)
	f.drop(names)
	for _, name := range names {
		f.cache.marks.unexpect(f.cache.marks.slot(name))
	}
	return err
}

// storeKeys returns the keys' names in the store.
func (f *Func[K, V]) storeKeys(keys []K) ([]string, error) {
	names := make([]string, len(keys))
	for i, k := range keys {
		var err error
		if names[i], err = f.storeKey(k); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func (f *Func[K, V]) storeKey(key K) (string, error) {
	var name string
	var nerr error
	err := guard("the method of a key", func() { name, nerr = f.encoder.Name(f.prefix, key) })
	if err = errors.Join(err, nerr); err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrKey, f.name, err)
	}
	return name, nil
}

// Stats returns the function's sums.
func (f *Func[K, V]) Stats() Stats { return f.tally.stats() }
