package file

import (
	"context"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/internal/check"
)

// leases has the lease of each key that has one.
type leases map[string]lease

type lease struct {
	token cache.Token
	ends  time.Time // zero is never
}

func newLease(token cache.Token, now time.Time, life time.Duration) lease {
	if life == cache.NoExpiry {
		return lease{token: token}
	}
	return lease{token: token, ends: now.Add(life)}
}

// holder returns whose lease stands on a key.
func (l leases) holder(key string, now time.Time) (token cache.Token, held bool) {
	have, ok := l[key]
	return have.token, ok && (have.ends.IsZero() || have.ends.After(now))
}

func (l leases) isHeldBy(key string, token cache.Token, now time.Time) bool {
	holder, held := l.holder(key, now)
	return held && holder == token
}

// prune forgets leases that have ended.
func (l leases) prune(now time.Time) {
	for key, have := range l {
		if !have.ends.IsZero() && !have.ends.After(now) {
			delete(l, key)
		}
	}
}

// Claim implements [cache.Store]. What is found is found beside the writer.
func (s *Store) Claim(ctx context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	if err := cache.CheckLife(c.Life); err != nil {
		return nil, err
	}
	if !c.Refresh {
		items, err := s.GetMany(ctx, keys)
		if err != nil || allFound(items) {
			return items, err
		}
	} else if err := check.Keys(keys); err != nil {
		return nil, err
	}
	items := make([]cache.Item, len(keys))
	err := s.write(ctx, func(t *table) error {
		now := time.Now()
		for i, key := range keys {
			if !c.Refresh {
				if e, found := t.get(key); found {
					items[i] = e.item()
					continue
				}
			}
			if holder, held := s.leases.holder(key, now); held && holder != c.Token {
				items[i] = cache.Item{State: cache.Held}
				continue
			}
			s.leases[key] = newLease(c.Token, now, c.Life)
			items[i] = cache.Item{State: cache.Granted}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

func allFound(items []cache.Item) bool {
	for _, item := range items {
		if item.State != cache.Found {
			return false
		}
	}
	return true
}

// Extend implements [cache.Store].
func (s *Store) Extend(ctx context.Context, keys []string, token cache.Token, life time.Duration) (int, error) {
	if err := cache.CheckLife(life); err != nil {
		return 0, err
	}
	if err := check.Keys(keys); err != nil {
		return 0, err
	}
	extended := new(int)
	err := s.write(ctx, func(*table) error {
		*extended = 0
		now := time.Now()
		for _, key := range keys {
			if s.leases.isHeldBy(key, token, now) {
				s.leases[key] = newLease(token, now, life)
				*extended++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return *extended, nil
}

// Fill implements [cache.Store].
func (s *Store) Fill(ctx context.Context, entries []cache.Entry, token cache.Token) ([]bool, error) {
	if err := check.Entries(entries, s.cfg.maxValue()); err != nil {
		return nil, err
	}
	stored := make([]bool, len(entries))
	err := s.write(ctx, func(t *table) error {
		now := time.Now()
		for i, e := range entries {
			if stored[i] = s.leases.isHeldBy(e.Key, token, now); !stored[i] {
				continue
			}
			delete(s.leases, e.Key)
			if err := t.put(e.Key, e.Value, check.EndOf(t.now, e.Life)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stored, nil
}

// Release implements [cache.Store].
func (s *Store) Release(ctx context.Context, keys []string, token cache.Token) error {
	if err := check.Keys(keys); err != nil {
		return err
	}
	return s.write(ctx, func(*table) error {
		now := time.Now()
		for _, key := range keys {
			if s.leases.isHeldBy(key, token, now) {
				delete(s.leases, key)
			}
		}
		return nil
	})
}
