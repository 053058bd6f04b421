package memcached

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/internal/optimistic"
)

// Limits is the [ratelimit.Store] on the servers of a [Store], over its
// connections. It is safe for concurrent use, and closed with the Store.
//
// # What memcached cannot do
//
//   - It forgets: a server that is full drops what was not used for longest,
//     and one that starts again has dropped all. A bucket that is forgotten is
//     as new: limits are laxer then. Give it memory so that its count of
//     evictions stays 0; where a limit must hold, use Redis.
//   - It has no clock to ask: each process counts by its own, but never by an
//     earlier time than others have left in the bucket. The package's comment
//     says what that means where clocks differ.
//   - It has no transactions. A charge is made by compare-and-swap, which is
//     exact, however many ask at the same time. Charges on several buckets are
//     made one after the other, and taken back if one of them is refused by
//     then: nothing more is admitted, but another call may be refused in
//     between, and if the servers are lost in between, what was charged stays
//     charged. A Check counts by the time when the call began.
//   - It carries a bucket whole: a MovingWindow and Concurrency are supported
//     up to an Amount of [MaxLog].
//
// # Cost
//
// A refusal and a Peek take one round trip for any number of buckets, to each
// server at the same time. A charge takes one more for each bucket, and two for
// each time that somebody else was faster. An item is some 30 bytes, and, for
// each entry of a log, some 10, or 22 for a lease.
type Limits struct {
	store  *Store
	limits *optimistic.Limits
}

var _ ratelimit.Store = (*Limits)(nil)

// MaxLog bounds the Amount of a MovingWindow and of Concurrency. Not larger:
// each charge reads and writes some 10 to 20 KiB then, which takes a server as
// long as a hundred small ones.
const MaxLog = 1000

// Limits returns the store's limits.
func (s *Store) Limits() *Limits {
	return &Limits{store: s, limits: optimistic.New(buckets{s}, MaxLog)}
}

// Apply implements [ratelimit.Store].
func (l *Limits) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	return limitsError(l.limits.Apply(ctx, op, charges, results))
}

// Supports implements [ratelimit.Store]: everything up to [MaxLog].
func (l *Limits) Supports(limit ratelimit.Limit) error {
	return limitsError(l.limits.Supports(limit))
}

// Ping implements [ratelimit.Store]. All servers must answer.
func (l *Limits) Ping(ctx context.Context) error {
	return limitsError(limitsUnavailable(l.store.Ping(ctx)))
}

func limitsError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("memcached: limits: %w", err)
}

// limitsUnavailable makes a store's error one of limits.
func limitsUnavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ratelimit.ErrUnavailable, err)
}

// buckets keeps the records of limits as items, whose versions are the
// server's.
type buckets struct{ store *Store }

// flagBucket marks the items of buckets.
const flagBucket = flagItem | 4

// bucketName returns the name of a bucket's item, which no key has.
func bucketName(name string) string { return "{l}" + name }

func (b buckets) Read(ctx context.Context, names []string) ([]optimistic.Record, error) {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = bucketName(name)
	}
	found, err := b.store.getMulti(ctx, keys)
	if err != nil {
		return nil, limitsUnavailable(err)
	}
	records := make([]optimistic.Record, len(names))
	for i, key := range keys {
		if item := found[key]; item != nil {
			records[i] = optimistic.Record{Data: item.Value, Version: item.CasID}
		}
	}
	return records, nil
}

func (b buckets) Swap(ctx context.Context, name string, version uint64, data []byte, life time.Duration) (bool, error) {
	now := milliseconds()
	err := b.store.swap(ctx, &memcache.Item{
		Key: bucketName(name), Flags: flagBucket, Value: data, CasID: version,
		Expiration: expiration(now+life.Milliseconds(), now),
	})
	if err != nil && isAnswer(err) {
		return false, nil
	}
	return err == nil, limitsUnavailable(err)
}

func (b buckets) Delete(ctx context.Context, names []string) error {
	return limitsUnavailable(each(names, func(i int) error {
		_, err := exchange(ctx, b.store, func() (struct{}, error) {
			err := b.store.client.Delete(bucketName(names[i]))
			if errors.Is(err, memcache.ErrCacheMiss) {
				err = nil
			}
			return struct{}{}, err
		})
		return err
	}))
}
