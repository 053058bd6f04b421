package memcached

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/internal/check"
)

// A Store is a [cache.Store], a [cache.LifeTeller] and a [cache.TagReader] on
// memcached. It is safe for concurrent use.
//
// What memcached cannot do:
//
//   - It tells of no changes: a Store is no [cache.Watcher]. There is no near
//     cache before it, waiters ask again and again, and the generations of tags
//     are read with each entry: in the same round trip, if this process has met
//     the entry's tags before.
//   - It has no transactions: a value and the lease on its key are one item,
//     which is replaced by compare-and-swap. So whatever reads before it writes
//     takes two round trips: Claim of a missing key, Fill, Delete, Increment,
//     Touch, Add over the rest of an expired value.
//   - It has no clock to ask: lives are measured by the clocks of this and the
//     other processes, which NTP has to keep together.
//   - It takes no value above 1 MiB, and no life that ends after 2038-01-19:
//     such an entry is kept until it has to make room.
//   - It forgets anything at any time. A forgotten lease is void. A forgotten
//     generation counts as invalidated now: entries die early then, never late.
type Store struct {
	cfg     Config
	client  *memcache.Client
	slots   chan struct{} // one for each exchange that runs
	highest atomic.Int64  // generation seen
	closed  atomic.Bool
}

var (
	_ cache.Store      = (*Store)(nil)
	_ cache.LifeTeller = (*Store)(nil)
	_ cache.TagReader  = (*Store)(nil)
)

// New returns a store on servers, each host:port or the path of a socket. It
// connects when it is first used.
func New(servers []string, cfg Config) (*Store, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(checkServers(servers), cfg.validate()); err != nil {
		return nil, err
	}
	list := make(nodes, len(servers))
	for i, s := range servers {
		list[i] = node(s)
	}
	client := memcache.NewFromSelector(list)
	client.Timeout, client.MaxIdleConns = cfg.Timeout, cfg.MaxConns
	return &Store{cfg: cfg, client: client, slots: make(chan struct{}, cfg.MaxConns)}, nil
}

// Get implements [cache.Store].
func (s *Store) Get(ctx context.Context, key string) (cache.Item, error) {
	items, err := s.GetMany(ctx, []string{key})
	if err != nil {
		return cache.Item{}, err
	}
	return items[0], nil
}

// GetMany implements [cache.Store].
func (s *Store) GetMany(ctx context.Context, keys []string) ([]cache.Item, error) {
	records, err := s.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	return itemsOf(records), nil
}

// GetTagged implements [cache.TagReader]. Cost: one round trip to each server
// that has some of keys and tags, and three more if generations were forgotten.
func (s *Store) GetTagged(ctx context.Context, keys []string, namespace string, tags []string) (items []cache.Item, of []int64, now int64, err error) {
	if err := check.Keys(keys); err != nil {
		return nil, nil, 0, err
	}
	names, records := namesOf(keys), tagNames(namespace, tags)
	found, l, err := s.readLedger(ctx, ledgerName(namespace), slices.Concat(names, records))
	if err != nil {
		return nil, nil, 0, err
	}
	if of, now, err = s.generationsOf(ctx, namespace, records, found, l); err != nil {
		return nil, nil, 0, err
	}
	return itemsOf(recordsOf(names, found)), of, now, nil
}

// Set implements [cache.Store].
func (s *Store) Set(ctx context.Context, entries []cache.Entry) error {
	if err := check.Entries(entries, s.cfg.MaxValueBytes); err != nil {
		return err
	}
	now := milliseconds()
	return each(keysOf(entries), func(i int) error {
		e := entries[i]
		var r record
		r.setValue(e.Value, check.EndOf(now, e.Life))
		_, err := exchange(ctx, s, func() (struct{}, error) {
			return struct{}{}, s.client.Set(r.item(nameOf(e.Key), now))
		})
		return err
	})
}

// Add implements [cache.Store].
func (s *Store) Add(ctx context.Context, e cache.Entry) (added bool, err error) {
	if err := check.Entries([]cache.Entry{e}, s.cfg.MaxValueBytes); err != nil {
		return false, err
	}
	err = s.update(ctx, e.Key, func(r *record, now int64) (bool, error) {
		if added = !r.hasValue; added {
			r.setValue(e.Value, check.EndOf(now, e.Life))
		}
		return added, nil
	})
	return added && err == nil, err
}

// Delete implements [cache.Store].
func (s *Store) Delete(ctx context.Context, keys []string) (deleted int, err error) {
	records, err := s.read(ctx, keys)
	if err != nil {
		return 0, err
	}
	var n atomic.Int64
	err = each(keys, func(i int) error {
		had := false
		err := s.updateFrom(ctx, keys[i], records[i], func(r *record, _ int64) (bool, error) {
			had = r.hasValue
			write := r.hasValue || r.hasLease
			*r = record{cas: r.cas} // a plain delete would not tell whether it met the value or a lease
			return write, nil
		})
		if err == nil && had {
			n.Add(1)
		}
		return err
	})
	return int(n.Load()), err
}

// Increment implements [cache.Store].
func (s *Store) Increment(ctx context.Context, key string, delta int64, life time.Duration) (sum int64, err error) {
	if err := errors.Join(check.Key(key), cache.CheckLife(life)); err != nil {
		return 0, err
	}
	err = s.update(ctx, key, func(r *record, now int64) (bool, error) {
		old, ends := int64(0), check.EndOf(now, life)
		if r.hasValue {
			ends = r.ends
			if old, err = strconv.ParseInt(string(r.value), 10, 64); err != nil {
				return false, cache.ErrNotNumber
			}
		}
		if sum = old + delta; (sum > old) != (delta > 0) && delta != 0 {
			return false, cache.ErrNotNumber
		}
		r.setValue(strconv.AppendInt(nil, sum, 10), ends)
		return true, nil
	})
	if err != nil {
		return 0, err
	}
	return sum, nil
}

// Touch implements [cache.Store].
func (s *Store) Touch(ctx context.Context, key string, life time.Duration) (found bool, err error) {
	if err := errors.Join(check.Key(key), cache.CheckLife(life)); err != nil {
		return false, err
	}
	err = s.update(ctx, key, func(r *record, now int64) (bool, error) {
		if found = r.hasValue; found {
			r.ends = check.EndOf(now, life)
		}
		return found, nil
	})
	return found && err == nil, err
}

// Life implements [cache.LifeTeller].
func (s *Store) Life(ctx context.Context, key string) (left time.Duration, found bool, err error) {
	records, err := s.read(ctx, []string{key})
	switch {
	case err != nil || !records[0].hasValue:
		return 0, false, err
	case records[0].ends == 0:
		return cache.NoExpiry, true, nil
	}
	return time.Duration(records[0].ends-milliseconds()) * time.Millisecond, true, nil
}

// Now implements [cache.Store] with this machine's clock.
func (s *Store) Now() time.Time { return time.Now() }

// Ping implements [cache.Store]. All servers must answer.
func (s *Store) Ping(ctx context.Context) error {
	_, err := exchange(ctx, s, func() (struct{}, error) { return struct{}{}, s.client.Ping() })
	return err
}

// Close implements [cache.Store].
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.client.Close()
}

func keysOf(entries []cache.Entry) []string {
	keys := make([]string, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	return keys
}

// read returns the records of keys.
func (s *Store) read(ctx context.Context, keys []string) ([]record, error) {
	if err := check.Keys(keys); err != nil {
		return nil, err
	}
	names := namesOf(keys)
	found, err := s.getMulti(ctx, names)
	if err != nil {
		return nil, err
	}
	return recordsOf(names, found), nil
}

func namesOf(keys []string) []string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = nameOf(key)
	}
	return names
}

// recordsOf returns the records of items, by their names.
func recordsOf(names []string, found map[string]*memcache.Item) []record {
	records, now := make([]record, len(names)), milliseconds()
	for i, name := range names {
		if item := found[name]; item != nil {
			records[i] = recordOf(item, now)
		}
	}
	return records
}

// itemsOf returns what a reader gets of records.
func itemsOf(records []record) []cache.Item {
	items := make([]cache.Item, len(records))
	for i, r := range records {
		if r.hasValue {
			items[i] = cache.Item{State: cache.Found, Value: r.value}
		}
	}
	return items
}

// getMulti returns the items that there are.
func (s *Store) getMulti(ctx context.Context, names []string) (map[string]*memcache.Item, error) {
	return exchange(ctx, s, func() (map[string]*memcache.Item, error) {
		found, err := s.client.GetMulti(names)
		for _, item := range found {
			if item.CasID == 0 {
				return nil, errNoCAS
			}
		}
		return found, err
	})
}

// A change changes a record, or reports that it is to stay.
type change func(r *record, now int64) (write bool, err error)

// update changes the record of a key atomically.
func (s *Store) update(ctx context.Context, key string, f change) error {
	records, err := s.read(ctx, []string{key})
	if err != nil {
		return err
	}
	return s.updateFrom(ctx, key, records[0], f)
}

// updateFrom is update for a record that was read already. It tries again
// until nobody was faster, or ctx ends: somebody always gets on.
func (s *Store) updateFrom(ctx context.Context, key string, r record, f change) error {
	for {
		now := milliseconds()
		write, err := f(&r, now)
		if err != nil || !write {
			return err
		}
		err = s.swap(ctx, r.item(nameOf(key), now))
		if err == nil || !isAnswer(err) {
			return err
		}
		records, err := s.read(ctx, []string{key})
		if err != nil {
			return err
		}
		r = records[0]
	}
}

// swap stores an item if that of its CasID is still there; without one, if
// there is none. Else the error is an answer.
func (s *Store) swap(ctx context.Context, item *memcache.Item) error {
	_, err := exchange(ctx, s, func() (struct{}, error) {
		if item.CasID == 0 {
			return struct{}{}, s.client.Add(item)
		}
		return struct{}{}, s.client.CompareAndSwap(item)
	})
	return err
}

func milliseconds() int64 { return time.Now().UnixMilli() }
