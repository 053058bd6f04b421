package cachetest_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// Each type here is a store with one fault.

type missingFails struct{ *memory.Store }

func (s missingFails) Get(ctx context.Context, key string) (cache.Item, error) {
	item, err := s.Store.Get(ctx, key)
	if item.State == cache.Absent && err == nil {
		err = errors.New("not found")
	}
	return item, err
}

type nilValues struct{ *memory.Store }

func (s nilValues) Get(ctx context.Context, key string) (cache.Item, error) {
	item, err := s.Store.Get(ctx, key)
	if len(item.Value) == 0 {
		item.Value = nil
	}
	return item, err
}

type spare struct {
	*memory.Store
	value []byte
}

func (s *spare) Set(ctx context.Context, entries []cache.Entry) error {
	s.value = entries[0].Value
	return s.Store.Set(ctx, entries)
}

func (s *spare) Get(context.Context, string) (cache.Item, error) {
	return cache.Item{State: cache.Found, Value: s.value}, nil
}

type shortMany struct{ *memory.Store }

func (s shortMany) GetMany(ctx context.Context, keys []string) (found []cache.Item, err error) {
	items, err := s.Store.GetMany(ctx, keys)
	for _, item := range items {
		if item.State == cache.Found {
			found = append(found, item)
		}
	}
	return found, err
}

type addReplaces struct{ *memory.Store }

func (s addReplaces) Add(ctx context.Context, e cache.Entry) (bool, error) {
	item, _ := s.Get(ctx, e.Key)
	return item.State == cache.Absent, s.Set(ctx, []cache.Entry{e})
}

type addInTwo struct{ *memory.Store }

func (s addInTwo) Add(ctx context.Context, e cache.Entry) (bool, error) {
	item, _ := s.Get(ctx, e.Key)
	if item.State == cache.Found {
		return false, nil
	}
	time.Sleep(time.Millisecond) // the fault is rare without
	return true, s.Set(ctx, []cache.Entry{e})
}

type countInTwo struct{ *memory.Store }

func (s countInTwo) Increment(ctx context.Context, key string, delta int64, life time.Duration) (int64, error) {
	item, _ := s.Get(ctx, key)
	n, _ := strconv.ParseInt(string(item.Value), 10, 64)
	time.Sleep(time.Microsecond)
	n += delta
	return n, s.Set(ctx, []cache.Entry{{Key: key, Value: strconv.AppendInt(nil, n, 10), Life: life}})
}

type countRenews struct{ *memory.Store }

func (s countRenews) Increment(ctx context.Context, key string, delta int64, life time.Duration) (int64, error) {
	n, err := s.Store.Increment(ctx, key, delta, life)
	if err == nil {
		_, err = s.Touch(ctx, key, life)
	}
	return n, err
}

type deleteCounts struct{ *memory.Store }

func (s deleteCounts) Delete(ctx context.Context, keys []string) (int, error) {
	_, err := s.Store.Delete(ctx, keys)
	return len(keys), err
}

// deleteLeaves deletes by a life that ends, which leaves the lease.
type deleteLeaves struct{ *memory.Store }

func (s deleteLeaves) Delete(ctx context.Context, keys []string) (deleted int, err error) {
	for _, key := range keys {
		if found, err := s.Touch(ctx, key, time.Millisecond); err != nil {
			return 0, err
		} else if found {
			deleted++
		}
	}
	time.Sleep(2 * time.Millisecond)
	return deleted, nil
}

// setLeaves fills for whoever holds the lease, which it remembers.
type setLeaves struct {
	*memory.Store
	mu   sync.Mutex
	last cache.Token
}

func (s *setLeaves) Claim(ctx context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = c.Token
	return s.Store.Claim(ctx, keys, c)
}

func (s *setLeaves) Set(ctx context.Context, entries []cache.Entry) error {
	err := s.Store.Set(ctx, entries)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		_, err = s.Store.Claim(ctx, []string{entries[0].Key}, cache.Claim{Token: s.last, Life: time.Hour, Refresh: true})
	}
	return err
}

type fillAlways struct{ *memory.Store }

func (s fillAlways) Fill(ctx context.Context, entries []cache.Entry, _ cache.Token) ([]bool, error) {
	stored := make([]bool, len(entries))
	for i := range stored {
		stored[i] = true
	}
	return stored, s.Set(ctx, entries)
}

type grantAll struct{ *memory.Store }

func (s grantAll) Claim(ctx context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	items, err := s.Store.Claim(ctx, keys, c)
	for i := range items {
		if items[i].State == cache.Held {
			items[i].State = cache.Granted
		}
	}
	return items, err
}

type refreshReads struct{ *memory.Store }

func (s refreshReads) Claim(ctx context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	c.Refresh = false
	return s.Store.Claim(ctx, keys, c)
}

type releaseAll struct{ *memory.Store }

func (s releaseAll) Release(ctx context.Context, keys []string, _ cache.Token) error {
	for _, key := range keys {
		item, _ := s.Get(ctx, key)
		if _, err := s.Delete(ctx, []string{key}); err != nil {
			return err
		}
		if item.State == cache.Found {
			_ = s.Set(ctx, []cache.Entry{{Key: key, Value: item.Value, Life: time.Hour}})
		}
	}
	return nil
}

type extendNothing struct{ *memory.Store }

func (s extendNothing) Extend(ctx context.Context, keys []string, token cache.Token, _ time.Duration) (int, error) {
	return s.Store.Extend(ctx, keys, token, time.Hour)
}

type early struct{ *memory.Store }

func (s early) Set(ctx context.Context, entries []cache.Entry) error {
	for i := range entries {
		if entries[i].Life > 250*time.Millisecond {
			entries[i].Life -= 250 * time.Millisecond
		}
	}
	return s.Store.Set(ctx, entries)
}

// lasting takes what is less than its unit for forever.
type lasting struct{ *memory.Store }

func (s lasting) Set(ctx context.Context, entries []cache.Entry) error {
	for i := range entries {
		if entries[i].Life < time.Second {
			entries[i].Life = cache.NoExpiry
		}
	}
	return s.Store.Set(ctx, entries)
}

type zeroLife struct{ *memory.Store }

func (s zeroLife) Add(ctx context.Context, e cache.Entry) (bool, error) {
	if e.Life == 0 {
		e.Life = time.Hour
	}
	return s.Store.Add(ctx, e)
}

type anyKey struct{ *memory.Store }

func (s anyKey) Get(ctx context.Context, key string) (cache.Item, error) {
	return s.Store.Get(ctx, strings.NewReplacer("{", "<", "}", ">").Replace(key))
}

type cutKey struct{ *memory.Store }

func (s cutKey) Set(ctx context.Context, entries []cache.Entry) error {
	for i := range entries {
		entries[i].Key, _, _ = strings.Cut(entries[i].Key, "\x00")
	}
	return s.Store.Set(ctx, entries)
}

type standing struct{ *memory.Store }

func (s standing) Invalidate(ctx context.Context, namespace string, tags []string) (int64, error) {
	_, now, err := s.Generations(ctx, namespace, tags)
	return now, err
}

type someTags struct{ *memory.Store }

func (s someTags) Invalidate(ctx context.Context, namespace string, tags []string) (int64, error) {
	if len(tags) == 0 {
		tags = []string{"a", "b"}
	}
	return s.Store.Invalidate(ctx, namespace, tags)
}

type oneSpace struct{ *memory.Store }

func (s oneSpace) Invalidate(ctx context.Context, _ string, tags []string) (int64, error) {
	return s.Store.Invalidate(ctx, "all", tags)
}

func (s oneSpace) Generations(ctx context.Context, _ string, tags []string) ([]int64, int64, error) {
	return s.Store.Generations(ctx, "all", tags)
}

// taggedInTwo is without fault: it makes a call of two.
type taggedInTwo struct{ *memory.Store }

func (s taggedInTwo) GetTagged(ctx context.Context, keys []string, namespace string, tags []string) ([]cache.Item, []int64, int64, error) {
	items, err := s.GetMany(ctx, keys)
	if err != nil {
		return nil, nil, 0, err
	}
	of, now, err := s.Generations(ctx, namespace, tags)
	return items, of, now, err
}

type taggedDrops struct{ taggedInTwo }

func (s taggedDrops) GetTagged(ctx context.Context, keys []string, namespace string, tags []string) ([]cache.Item, []int64, int64, error) {
	items, of, now, err := s.taggedInTwo.GetTagged(ctx, keys, namespace, tags)
	return slices.DeleteFunc(items, func(i cache.Item) bool { return i.State == cache.Absent }), of, now, err
}

// taggedRemembers what it has said of tags.
type taggedRemembers struct {
	taggedInTwo
	of  []int64
	now int64
}

func (s *taggedRemembers) GetTagged(ctx context.Context, keys []string, namespace string, tags []string) ([]cache.Item, []int64, int64, error) {
	items, of, now, err := s.taggedInTwo.GetTagged(ctx, keys, namespace, tags)
	if len(s.of) != len(of) {
		s.of, s.now = of, now
	}
	return items, s.of, s.now, err
}

type unclosed struct{ *memory.Store }

func (unclosed) Close() error { return nil }

type cancels struct{ *memory.Store }

func (s cancels) Get(ctx context.Context, key string) (cache.Item, error) {
	if err := ctx.Err(); err != nil {
		return cache.Item{}, err
	}
	return s.Store.Get(ctx, key)
}

type untouched struct{ *memory.Store }

func (s untouched) Touch(ctx context.Context, key string, _ time.Duration) (bool, error) {
	item, err := s.Get(ctx, key)
	return item.State == cache.Found, err
}

// deaf keeps from watches what a fill has changed.
type deaf struct{ *memory.Store }

func (s deaf) Watch(namespace string, w cache.Events) (cache.Watch, error) {
	told, key := 0, w.Key
	w.Key = func(k string) {
		if told++; told <= 5 { // Fill is the sixth change
			key(k)
		}
	}
	return s.Store.Watch(namespace, w)
}

type gossip struct{ *memory.Store }

func (s gossip) Watch(namespace string, w cache.Events) (cache.Watch, error) {
	_, err := s.Store.Watch(namespace+"longer", cache.Events{Key: w.Key})
	if err != nil {
		return nil, err
	}
	return s.Store.Watch(namespace, w)
}

type notLost struct{ *memory.Store }

func (s notLost) Watch(namespace string, w cache.Events) (cache.Watch, error) {
	lost := w.Lost
	w.Lost = func() { w.Key("early"); lost() }
	return s.Store.Watch(namespace, w)
}

// lateTold tells late, and says that it has told.
type lateTold struct{ *memory.Store }

func (s lateTold) Watch(namespace string, w cache.Events) (cache.Watch, error) {
	key := w.Key
	w.Key = func(k string) { time.AfterFunc(400*time.Millisecond, func() { key(k) }) }
	return s.Store.Watch(namespace, w)
}

type noClose struct{ *memory.Store }

func (s noClose) Watch(namespace string, w cache.Events) (cache.Watch, error) {
	watch, err := s.Store.Watch(namespace, w)
	return openWatch{watch}, err
}

type openWatch struct{ cache.Watch }

func (openWatch) Close() {}
