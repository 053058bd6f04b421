package memory

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/internal/check"
)

// Get takes no lock and allocates nothing.
func (s *Store) Get(_ context.Context, key string) (cache.Item, error) {
	if err := s.check(); err != nil {
		return cache.Item{}, err
	}
	r, ok := s.values.GetIfPresent(key)
	if !ok {
		return cache.Item{}, check.Key(key) // a key that is there is in order
	}
	return r.item(), nil
}

// GetMany is Get for each key.
func (s *Store) GetMany(ctx context.Context, keys []string) ([]cache.Item, error) {
	items := make([]cache.Item, len(keys))
	for i, key := range keys {
		var err error
		if items[i], err = s.Get(ctx, key); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// Set locks the stripe of one key after the other.
func (s *Store) Set(_ context.Context, entries []cache.Entry) error {
	records, err := s.records(entries)
	if err != nil {
		return err
	}
	defer s.changes.begin().end()
	for i, e := range entries {
		st := s.lock(e.Key)
		delete(st.leases, e.Key)
		s.values.Set(e.Key, records[i])
		st.Unlock()
		s.written(e.Key, records[i].weight)
	}
	return nil
}

// Add stores e if there is no value.
func (s *Store) Add(_ context.Context, e cache.Entry) (added bool, err error) {
	if err := s.check(); err != nil {
		return false, err
	}
	r, err := s.record(e)
	if err != nil {
		return false, err
	}
	defer s.changes.begin().end()
	st := s.lock(e.Key)
	if _, added = s.values.SetIfAbsent(e.Key, r); added {
		delete(st.leases, e.Key)
	}
	st.Unlock()
	if added {
		s.written(e.Key, r.weight)
	}
	return added, nil
}

// Delete locks the stripe of one key after the other.
func (s *Store) Delete(_ context.Context, keys []string) (deleted int, err error) {
	if err := s.check(); err != nil {
		return 0, err
	}
	if err := check.Keys(keys); err != nil {
		return 0, err
	}
	defer s.changes.begin().end()
	for _, key := range keys {
		st := s.lock(key)
		delete(st.leases, key)
		_, had := s.values.Invalidate(key)
		st.Unlock()
		if had {
			deleted++
			s.changes.tellKey(key)
		}
	}
	return deleted, nil
}

// Increment reads and writes under otter's lock on the key, so that the end of
// its life stays where it is to the nanosecond.
func (s *Store) Increment(_ context.Context, key string, delta int64, life time.Duration) (sum int64, err error) {
	if err := s.check(); err != nil {
		return 0, err
	}
	if _, err := s.record(cache.Entry{Key: key, Life: life}); err != nil {
		return 0, err
	}
	defer s.changes.begin().end()
	st := s.lock(key)
	r, _ := s.values.Compute(key, func(old record, found bool) (record, otter.ComputeOp) {
		kept := life
		sum = delta
		if found {
			kept = keepLife
			if sum, err = add(old.value, delta); err != nil {
				return record{}, otter.CancelOp
			}
		}
		text := strconv.AppendInt(nil, sum, 10)
		return record{value: text, life: kept, weight: uint32(s.classes.weight(key, text))}, otter.WriteOp
	})
	if err == nil {
		delete(st.leases, key)
	}
	st.Unlock()
	if err != nil {
		return 0, err
	}
	s.written(key, r.weight)
	return sum, nil
}

// add returns the decimal number in text, written as [strconv.FormatInt] would,
// plus delta.
func add(text []byte, delta int64) (int64, error) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != string(text) {
		return 0, fmt.Errorf("%w: it is not an int64 in decimal", cache.ErrNotNumber)
	}
	sum := n + delta
	if (sum > n) != (delta > 0) && delta != 0 {
		return 0, fmt.Errorf("%w: the sum overflows", cache.ErrNotNumber)
	}
	return sum, nil
}

// Touch is told to watches, like a write.
func (s *Store) Touch(_ context.Context, key string, life time.Duration) (found bool, err error) {
	if err := s.check(); err != nil {
		return false, err
	}
	if _, err := s.record(cache.Entry{Key: key, Life: life}); err != nil {
		return false, err
	}
	defer s.changes.begin().end()
	s.values.ComputeIfPresent(key, func(old record) (record, otter.ComputeOp) {
		found = true
		old.life = life
		return old, otter.WriteOp
	})
	if found {
		s.changes.tellKey(key)
	}
	return found, nil
}

// Life returns the rest of the life of key's value.
func (s *Store) Life(_ context.Context, key string) (left time.Duration, found bool, err error) {
	if err := s.check(); err != nil {
		return 0, false, err
	}
	if err := check.Key(key); err != nil {
		return 0, false, err
	}
	e, found := s.values.GetEntryQuietly(key)
	switch {
	case !found:
		return 0, false, nil
	case e.ExpiresAfter() > cache.MaxLife:
		return cache.NoExpiry, true, nil
	}
	return e.ExpiresAfter(), true, nil
}

// records checks all entries before the first is written.
func (s *Store) records(entries []cache.Entry) ([]record, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	records := make([]record, len(entries))
	for i, e := range entries {
		var err error
		if records[i], err = s.record(e); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// record returns what is to be kept of e, or what is wrong with it.
func (s *Store) record(e cache.Entry) (record, error) {
	if err := check.Key(e.Key); err != nil {
		return record{}, err
	}
	if err := cache.CheckLife(e.Life); err != nil {
		return record{}, err
	}
	weight := s.classes.weight(e.Key, e.Value)
	if weight > s.maxEntry {
		return record{}, fmt.Errorf("%w: the entry takes %d bytes, want at most %d (1/%d of Config.MaxBytes)",
			cache.ErrTooLarge, weight, s.maxEntry, largestShare)
	}
	value := e.Value
	if value == nil {
		value = []byte{}
	}
	return record{value: value, life: e.Life, weight: uint32(weight)}, nil
}

// written tells of a write, and makes the writer evict if others have not kept
// up: otter evicts in the background, and its queue counts writes, not bytes.
func (s *Store) written(key string, weight uint32) {
	s.changes.tellKey(key)
	if s.unevicted.Add(int64(weight)) > s.slack {
		s.unevicted.Store(0)
		s.values.CleanUp()
	}
}
