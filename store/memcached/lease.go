package memcached

import (
	"context"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/internal/check"
)

// A lease is part of the item of its key. Whatever writes or deletes the item
// changes its CAS number, so a Fill that has seen its lease before that finds
// another number or none: no value lands after a deletion that it was loaded
// before.

// Claim implements [cache.Store]. Cost: one round trip for what is found, two
// for what is granted, more while others write the same key. With c.Refresh
// the value is read and written again.
func (s *Store) Claim(ctx context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	if err := cache.CheckLife(c.Life); err != nil {
		return nil, err
	}
	records, err := s.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	items := make([]cache.Item, len(keys))
	err = each(keys, func(i int) error {
		return s.updateFrom(ctx, keys[i], records[i], func(r *record, now int64) (bool, error) {
			switch {
			case r.hasValue && !c.Refresh:
				items[i] = cache.Item{State: cache.Found, Value: r.value}
				return false, nil
			case !r.isFree(c.Token):
				items[i] = cache.Item{State: cache.Held}
				return false, nil
			}
			items[i] = cache.Item{State: cache.Granted}
			r.setLease(c.Token, endOfLease(now, c.Life))
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// Extend implements [cache.Store].
func (s *Store) Extend(ctx context.Context, keys []string, token cache.Token, life time.Duration) (held int, err error) {
	if err := cache.CheckLife(life); err != nil {
		return 0, err
	}
	extended, err := s.eachHeld(ctx, keys, token, func(_ int, r *record, now int64) {
		r.setLease(token, endOfLease(now, life))
	})
	for _, ok := range extended {
		if ok {
			held++
		}
	}
	return held, err
}

// Release implements [cache.Store].
func (s *Store) Release(ctx context.Context, keys []string, token cache.Token) error {
	_, err := s.eachHeld(ctx, keys, token, func(_ int, r *record, _ int64) { r.dropLease() })
	return err
}

// Fill implements [cache.Store].
func (s *Store) Fill(ctx context.Context, entries []cache.Entry, token cache.Token) (stored []bool, err error) {
	if err := check.Entries(entries, s.cfg.MaxValueBytes); err != nil {
		return nil, err
	}
	return s.eachHeld(ctx, keysOf(entries), token, func(i int, r *record, now int64) {
		r.setValue(entries[i].Value, check.EndOf(now, entries[i].Life))
	})
}

// eachHeld changes the records whose lease the token holds, and says which
// those are.
func (s *Store) eachHeld(ctx context.Context, keys []string, token cache.Token, f func(i int, r *record, now int64)) ([]bool, error) {
	records, err := s.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	held := make([]bool, len(keys))
	err = each(keys, func(i int) error {
		return s.updateFrom(ctx, keys[i], records[i], func(r *record, now int64) (bool, error) {
			if held[i] = r.isHeldBy(token); held[i] {
				f(i, r, now)
			}
			return held[i], nil
		})
	})
	if err != nil {
		return nil, err
	}
	return held, nil
}

// endOfLease bounds a lease without end: it is never kept longer than a value
// can be.
func endOfLease(now int64, life time.Duration) int64 {
	if life == cache.NoExpiry {
		life = cache.MaxLife
	}
	return check.EndOf(now, life)
}
