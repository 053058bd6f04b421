package cache

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Counters are numbers that all processes change together. They are not
// cleared with the cache, as they are no copies of something else, and are
// never in the near cache. Safe for concurrent use.
type Counters struct {
	cache *Cache
	keys  *Func[string, int64]
	tally *tally
	ttl   TTL
}

// NewCounters returns the counters under a name, which no function, set of
// values or counters of c may have. A counter lives for ttl from its first
// change on, Config.TTL if it is the zero TTL; changes do not prolong it.
func NewCounters(c *Cache, name string, ttl TTL) (*Counters, error) {
	if err := ttl.check(); err != nil {
		return nil, fmt.Errorf("cache: counters %q: %w", name, err)
	}
	none := func(context.Context, string) (int64, error) { return 0, ErrNotFound }
	keys, err := Memoize(c, name, none, FuncConfig[string, int64]{NoNear: true, Codec: JSON()})
	if err != nil {
		return nil, err
	}
	keys.joint = nil // numbers carry no tags
	return &Counters{cache: c, keys: keys, tally: keys.tally, ttl: ttl.or(c.cfg.TTL)}, nil
}

// Increment adds delta to a counter, which is 0 if there is none, and returns
// the sum. The error matches [ErrNotNumber] if that is beyond an int64. Cost:
// one round trip.
func (n *Counters) Increment(ctx context.Context, key string, delta int64) (int64, error) {
	name, err := n.keys.storeKey(key)
	if err != nil {
		return 0, err
	}
	sctx, err := n.cache.backend.begin(ctx)
	var sum int64
	if err == nil {
		sum, err = n.cache.backend.store.Increment(sctx, name, delta, n.ttl.life)
		err = n.cache.backend.end(err)
	}
	if err != nil {
		return 0, fmt.Errorf("cache: increment: %w", err)
	}
	return sum, nil
}

// Decrement subtracts delta.
func (n *Counters) Decrement(ctx context.Context, key string, delta int64) (int64, error) {
	if delta == -delta && delta != 0 {
		return 0, fmt.Errorf("cache: decrement: %w", ErrNotNumber) // the smallest number has no opposite
	}
	return n.Increment(ctx, key, -delta)
}

// Get returns a counter, and whether there is one. Cost: one round trip.
func (n *Counters) Get(ctx context.Context, key string) (value int64, found bool, err error) {
	name, err := n.keys.storeKey(key)
	if err != nil {
		return 0, false, err
	}
	items, _, err := n.keys.storeGetMany(ctx, []string{name})
	if err != nil {
		return 0, false, err
	}
	if items[0].State != Found {
		n.tally.miss(ctx)
		return 0, false, nil
	}
	n.tally.sharedHit(ctx)
	value, err = strconv.ParseInt(string(items[0].Value), 10, 64)
	if err != nil {
		return 0, false, fmt.Errorf("cache: counter: %w", ErrNotNumber)
	}
	return value, true, nil
}

// Touch gives a counter a new life, and reports whether there is one.
func (n *Counters) Touch(ctx context.Context, key string, ttl TTL) (found bool, err error) {
	name, err := n.keys.storeKey(key)
	if err != nil {
		return false, err
	}
	ttl = ttl.or(n.ttl)
	if err := ttl.check(); err != nil {
		return false, err
	}
	sctx, err := n.cache.backend.begin(ctx)
	if err != nil {
		return false, err
	}
	found, err = n.cache.backend.store.Touch(sctx, name, ttl.life)
	return found, n.cache.backend.end(err)
}

// TimeLeft returns how long a counter will be kept. The error matches
// [ErrUnsupported] if the store cannot tell.
func (n *Counters) TimeLeft(ctx context.Context, key string) (left time.Duration, found bool, err error) {
	teller, ok := n.cache.backend.store.(LifeTeller)
	if !ok {
		return 0, false, fmt.Errorf("cache: time left: %w", ErrUnsupported)
	}
	name, err := n.keys.storeKey(key)
	if err != nil {
		return 0, false, err
	}
	sctx, err := n.cache.backend.begin(ctx)
	if err != nil {
		return 0, false, err
	}
	left, found, err = teller.Life(sctx, name)
	return left, found, n.cache.backend.end(err)
}

// Delete removes counters.
func (n *Counters) Delete(ctx context.Context, keys ...string) error {
	return n.keys.Delete(ctx, keys...)
}

// Stats returns the sums of the counters: hits and misses are those of Get.
func (n *Counters) Stats() Stats { return n.keys.Stats() }
