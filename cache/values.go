package cache

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// Values are plain values under string keys, of one type. They are kept as
// results of functions are, with tags, jitter and the near cache. Safe for
// concurrent use.
//
// Methods that write return the error of a store that failed; those that read
// count it as "not there", tell Config.OnError, and say so.
type Values[V any] struct {
	f *Func[string, V]
}

// ValuesConfig configures [NewValues]. The zero value is ready to use.
type ValuesConfig[V any] struct {
	TTL    TTL                      // default Config.TTL
	Jitter float64                  // default Config.Jitter
	Tags   func(string, V) []string // what a value depends on: see [Cache.Invalidate]
	Codec  Codec                    // default Config.Codec
	Size   func(V) int              // as FuncConfig.Size
	NoNear bool                     // as FuncConfig.NoNear
}

// NewValues returns the values under a name, which no function or other set of
// values of c may have.
func NewValues[V any](c *Cache, name string, cfg ValuesConfig[V]) (*Values[V], error) {
	nothing := func(context.Context, string) (v V, err error) { return v, ErrNotFound }
	f, err := Memoize(c, name, nothing, FuncConfig[string, V]{
		TTL: cfg.TTL, Jitter: cfg.Jitter, Beta: -1, Tags: cfg.Tags, Codec: cfg.Codec, Size: cfg.Size, NoNear: cfg.NoNear,
	})
	if err != nil {
		return nil, err
	}
	return &Values[V]{f}, nil
}

// Get returns the value of a key. The error matches [ErrUnavailable] if the
// store gave no answer. Cost: no allocation on a near hit, otherwise one round
// trip.
func (v *Values[V]) Get(ctx context.Context, key string) (value V, found bool, err error) {
	if v.f.near {
		if e, _ := v.f.lookNear(key); e != nil {
			v.f.tally.nearHit(ctx)
			return e.value, e.found, nil
		}
	}
	found = false
	err = v.get(ctx, []string{key}, func(_ string, e *entry[V]) { value, found = e.value, true })
	return value, found, err
}

// GetMany returns the values that there are; with an error, those of them that
// could be read. Cost: one round trip.
func (v *Values[V]) GetMany(ctx context.Context, keys []string) (map[string]V, error) {
	values := make(map[string]V, len(keys))
	err := v.get(ctx, keys, func(key string, e *entry[V]) { values[key] = e.value })
	return values, err
}

// get reads keys from the store and yields the usable entries, those beside an
// error too.
func (v *Values[V]) get(ctx context.Context, keys []string, yield func(string, *entry[V])) error {
	if len(keys) == 0 {
		return nil
	}
	list, err := v.f.storeKeys(keys)
	if err != nil {
		return err
	}
	slots, stamps := make([]uint32, len(list)), make([]stamp, len(list))
	for i, name := range list {
		slots[i] = v.f.cache.marks.slot(name)
		stamps[i] = v.f.cache.marks.stamp(slots[i])
	}
	items, a, err := v.f.storeGetMany(ctx, list)
	var broken []string
	for i, item := range items {
		if item.State != Found {
			if err == nil { // otherwise nothing is known of it
				v.f.tally.miss(ctx)
			}
			continue
		}
		e, state, derr := v.f.decode(ctx, list[i], item.Value, a)
		switch {
		case e != nil && e.found:
			v.f.tally.sharedHit(ctx)
			v.f.keepNear(keys[i], slots[i], stamps[i], e)
			yield(keys[i], e)
			continue
		case state == unsure:
			err = cmp.Or(err, ErrUnavailable)
			continue
		case derr != nil && v.f.discard(ctx, list[i], item.Value, a):
			broken = append(broken, list[i])
		}
		v.f.tally.miss(ctx)
	}
	if _, err := v.f.cache.remove(ctx, broken); err != nil {
		v.f.cache.report(ctx, err) // it is met again
	}
	return err
}

// Has reports whether there is a value. Cost: as Get, with the value's bytes.
func (v *Values[V]) Has(ctx context.Context, key string) (bool, error) {
	_, found, err := v.Get(ctx, key)
	return found, err
}

// Set stores a value. The zero TTL is that of the configuration. Cost: one
// round trip.
func (v *Values[V]) Set(ctx context.Context, key string, value V, ttl TTL) error {
	return v.SetMany(ctx, map[string]V{key: value}, ttl)
}

// SetMany stores values: all of them or, if one is refused, none. It is not
// atomic beyond that. Cost: one round trip.
func (v *Values[V]) SetMany(ctx context.Context, values map[string]V, ttl TTL) error {
	_, entries, err := v.entries(ctx, values, ttl)
	if err != nil || len(entries) == 0 {
		return err
	}
	if err := v.f.cache.put(ctx, entries); err != nil {
		return err
	}
	for _, e := range entries {
		v.stored(e)
	}
	return nil
}

// stored counts an entry that was stored.
func (v *Values[V]) stored(e Entry) {
	v.f.tally.filled.Add(1)
	v.f.tally.filledBytes.Add(int64(len(e.Value)))
}

// entries makes what is stored of values, in the order of their keys.
func (v *Values[V]) entries(ctx context.Context, values map[string]V, ttl TTL) (keys []string, entries []Entry, err error) {
	if len(values) == 0 {
		return nil, nil, nil
	}
	generation, err := v.f.cache.present(ctx, v.f.tag)
	if err != nil {
		return nil, nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		e, err := v.entry(key, &entry[V]{value: values[key], found: true, generation: generation}, ttl)
		if err != nil {
			return nil, nil, err
		}
		keys, entries = append(keys, key), append(entries, e)
	}
	return keys, entries, nil
}

// entry makes what is stored of e.
func (v *Values[V]) entry(key string, e *entry[V], ttl TTL) (Entry, error) {
	name, err := v.f.storeKey(key)
	if err != nil {
		return Entry{}, err
	}
	ttl = ttl.or(v.f.cfg.TTL)
	if err := ttl.check(); err != nil {
		return Entry{}, err
	}
	var tags []string
	if v.f.cfg.Tags != nil {
		if err := guard(v.f.name+": Tags", func() { tags = v.f.cfg.Tags(key, e.value) }); err != nil {
			return Entry{}, err
		}
	}
	return v.f.pack(name, e, ttl, tags)
}

// Delete removes a value and reports whether there was one. Cost: one round
// trip.
func (v *Values[V]) Delete(ctx context.Context, key string) (deleted bool, err error) {
	n, err := v.DeleteMany(ctx, []string{key})
	return n > 0, err
}

// DeleteMany removes values and returns how many there were, counting those
// that were invalidated but not yet replaced. Cost: one round trip.
func (v *Values[V]) DeleteMany(ctx context.Context, keys []string) (deleted int, err error) {
	list, err := v.f.storeKeys(keys)
	if err != nil {
		return 0, err
	}
	v.f.tally.deleted.Add(int64(len(keys)))
	return v.f.cache.remove(ctx, list)
}

// TimeLeft returns how long a value will be kept; [NoExpiry] if it has no end.
func (v *Values[V]) TimeLeft(ctx context.Context, key string) (left time.Duration, found bool, err error) {
	err = v.get(ctx, []string{key}, func(_ string, e *entry[V]) {
		found, left = true, NoExpiry
		if e.soft != 0 {
			left = time.Duration(e.soft-milliseconds(v.f.cache.backend.store.Now())) * time.Millisecond
		}
	})
	return left, found, err
}

// Clear invalidates all values of the name, in all processes. Cost: one round
// trip, however many there are.
func (v *Values[V]) Clear(ctx context.Context) error { return v.f.DeleteAll(ctx) }

// Stats returns the sums of the values.
func (v *Values[V]) Stats() Stats { return v.f.Stats() }
