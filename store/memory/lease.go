package memory

import (
	"context"
	"hash/maphash"
	"math"
	"sync"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/internal/check"
)

// stripeCount is the number of locks that writers share. Not smaller: on 64
// cores two would often want the same. Not larger: each has a map of leases.
const stripeCount = 256

// A stripe makes the changes of its keys one at a time, values and leases
// together, and holds their leases. No callback runs and nothing waits under
// its lock, except for otter's queue of writes when that is full.
type stripe struct {
	sync.Mutex
	leases  map[string]lease
	sweepAt int // the number of leases at which the dead ones are removed
}

type lease struct {
	token cache.Token
	until int64 // by Store.elapsed
}

// lock locks the stripe of a key.
func (s *Store) lock(key string) *stripe {
	st := &s.stripes[maphash.String(s.seed, key)%stripeCount]
	st.Lock()
	return st
}

// holder returns the token of the lease that stands on key.
func (st *stripe) holder(key string, now int64) (token cache.Token, held bool) {
	l, ok := st.leases[key]
	return l.token, ok && now < l.until
}

// grant puts a lease on key. It keeps at most limit of them.
func (st *stripe) grant(key string, l lease, now int64, limit int) {
	if _, there := st.leases[key]; !there && len(st.leases) >= min(st.sweepAt, limit) {
		st.sweep(now, limit)
	}
	if st.leases == nil {
		st.leases = make(map[string]lease)
	}
	st.leases[key] = l
}

// sweep removes dead leases, and if that makes no room, any one. It next runs
// when there are twice as many, so that a grant costs O(1).
func (st *stripe) sweep(now int64, limit int) {
	for key, l := range st.leases {
		if l.until <= now {
			delete(st.leases, key)
		}
	}
	if len(st.leases) >= limit {
		for key := range st.leases {
			delete(st.leases, key)
			break
		}
	}
	st.sweepAt = max(16, 2*len(st.leases))
}

// until returns when a life that begins now ends.
func until(now int64, life time.Duration) int64 {
	if life == cache.NoExpiry {
		return math.MaxInt64
	}
	return now + int64(life)
}

// Claim takes a lock only for keys that have no value.
func (s *Store) Claim(_ context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := cache.CheckLife(c.Life); err != nil {
		return nil, err
	}
	if err := check.Keys(keys); err != nil {
		return nil, err
	}
	items := make([]cache.Item, len(keys))
	for i, key := range keys {
		items[i] = s.claim(key, c)
	}
	return items, nil
}

func (s *Store) claim(key string, c cache.Claim) cache.Item {
	if !c.Refresh {
		if r, ok := s.values.GetIfPresent(key); ok {
			return r.item()
		}
	}
	st := s.lock(key)
	defer st.Unlock()
	if !c.Refresh {
		// It may have been filled before the stripe was locked.
		if r, ok := s.values.GetIfPresent(key); ok {
			return r.item()
		}
	}
	now := s.elapsed()
	if holder, held := st.holder(key, now); held && holder != c.Token {
		return cache.Item{State: cache.Held}
	}
	st.grant(key, lease{token: c.Token, until: until(now, c.Life)}, now, s.stripeLeases)
	return cache.Item{State: cache.Granted}
}

// Extend locks the stripe of one key after the other.
func (s *Store) Extend(_ context.Context, keys []string, token cache.Token, life time.Duration) (held int, err error) {
	if err := s.check(); err != nil {
		return 0, err
	}
	if err := cache.CheckLife(life); err != nil {
		return 0, err
	}
	if err := check.Keys(keys); err != nil {
		return 0, err
	}
	for _, key := range keys {
		st := s.lock(key)
		now := s.elapsed()
		if holder, ok := st.holder(key, now); ok && holder == token {
			st.leases[key] = lease{token: token, until: until(now, life)}
			held++
		}
		st.Unlock()
	}
	return held, nil
}

// Fill locks the stripe of one key after the other.
func (s *Store) Fill(_ context.Context, entries []cache.Entry, token cache.Token) ([]bool, error) {
	records, err := s.records(entries)
	if err != nil {
		return nil, err
	}
	defer s.changes.begin().end()
	stored := make([]bool, len(entries))
	for i, e := range entries {
		st := s.lock(e.Key)
		holder, held := st.holder(e.Key, s.elapsed())
		if held && holder == token {
			stored[i] = true
			s.values.Set(e.Key, records[i])
			delete(st.leases, e.Key)
		}
		st.Unlock()
		if stored[i] {
			s.written(e.Key, records[i].weight)
		}
	}
	return stored, nil
}

// Release locks the stripe of one key after the other.
func (s *Store) Release(_ context.Context, keys []string, token cache.Token) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := check.Keys(keys); err != nil {
		return err
	}
	for _, key := range keys {
		st := s.lock(key)
		if st.leases[key].token == token {
			delete(st.leases, key)
		}
		st.Unlock()
	}
	return nil
}
