package memcached

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// Each namespace has a ledger, each tag that was invalidated a record. A tag
// without one was never invalidated if the ledger's filter does not know it.
// Otherwise its record was forgotten, and is written anew with a generation
// that begins now. So it is with the ledger itself: the new one has all tags
// invalidated now.
//
// An invalidation writes the ledger first. Who reads between that and the
// record's writing takes the record for forgotten, if it is the first.

func tagName(namespace, tag string) string {
	return hashed("{t}", strconv.Itoa(len(namespace))+":"+namespace+tag)
}

// Generations implements [cache.Store]. Cost: one round trip, and three more if
// some were forgotten.
func (s *Store) Generations(ctx context.Context, namespace string, tags []string) (of []int64, now int64, err error) {
	names := tagNames(namespace, tags)
	found, l, err := s.readLedger(ctx, ledgerName(namespace), names)
	if err != nil {
		return nil, 0, err
	}
	return s.generationsOf(ctx, namespace, names, found, l)
}

// generationsOf returns the generations of tags, whose records have these names,
// as found beside a ledger.
func (s *Store) generationsOf(ctx context.Context, namespace string, names []string, found map[string]*memcache.Item, l *ledger) (of []int64, now int64, err error) {
	of = make([]int64, len(names))
	highest := int64(0)
	var forgotten []string
	for i, name := range names {
		n, err := number(found[name])
		if err != nil {
			return nil, 0, err
		}
		if n == 0 && l.knows(name) {
			forgotten = append(forgotten, name)
		}
		of[i] = max(n, l.floor)
		highest = max(highest, n)
	}
	// A record may be higher than the ledger that was read before it. What is
	// loaded from now on is of after that invalidation.
	now = max(l.now, highest)
	if len(forgotten) > 0 {
		if now, err = s.advance(ctx, ledgerName(namespace), l, highest, forgotten); err != nil {
			return nil, 0, err
		}
		if err := s.raiseAll(ctx, forgotten, nil, now); err != nil {
			return nil, 0, err
		}
		for i, name := range names {
			if found[name] == nil && l.knows(name) {
				of[i] = now
			}
		}
	}
	s.see(now)
	return of, now, nil
}

// Invalidate implements [cache.Store]. It is atomic for each tag: while it
// runs, some may be of the new generation and some not yet. Cost: three round
// trips, more while others invalidate tags of the namespace.
func (s *Store) Invalidate(ctx context.Context, namespace string, tags []string) (now int64, err error) {
	names := tagNames(namespace, tags)
	found, l, err := s.readLedger(ctx, ledgerName(namespace), names)
	if err != nil {
		return 0, err
	}
	// The ledger may be a new one, by a clock that is behind: the generation
	// must be above what the tags have.
	highest := int64(0)
	for _, item := range found {
		n, err := number(item)
		if err != nil {
			return 0, err
		}
		highest = max(highest, n)
	}
	if now, err = s.advance(ctx, ledgerName(namespace), l, highest, names); err != nil {
		return 0, err
	}
	return now, s.raiseAll(ctx, names, found, now)
}

// readLedger reads a ledger, makes it if it is not there, and reads records.
func (s *Store) readLedger(ctx context.Context, name string, records []string) (map[string]*memcache.Item, *ledger, error) {
	found, err := s.getMulti(ctx, append(records[:len(records):len(records)], name))
	if err != nil {
		return nil, nil, err
	}
	for {
		if item := found[name]; item != nil {
			delete(found, name)
			l, err := ledgerOf(item)
			return found, l, err
		}
		begin := max(time.Now().UnixMicro(), s.highest.Load()+1)
		err := s.swap(ctx, (&ledger{now: begin, floor: begin}).item(name))
		if err != nil && !isAnswer(err) {
			return nil, nil, err
		}
		made, err := s.getMulti(ctx, []string{name})
		if err != nil {
			return nil, nil, err
		}
		found[name] = made[name]
	}
}

// advance starts a generation above another one, and puts tags into the
// filter. Without tags, the generation is that of all of them.
func (s *Store) advance(ctx context.Context, name string, l *ledger, above int64, tags []string) (int64, error) {
	for {
		next := *l
		next.now = max(l.now, above, s.highest.Load()) + 1
		for _, tag := range tags {
			next.add(tag)
		}
		if len(tags) == 0 {
			next.floor, next.filter = next.now, [filterLen]byte{}
		}
		err := s.swap(ctx, next.item(name))
		if err == nil {
			s.see(next.now)
			return next.now, nil
		}
		if !isAnswer(err) {
			return 0, err
		}
		if _, l, err = s.readLedger(ctx, name, nil); err != nil {
			return 0, err
		}
	}
}

// raiseAll puts records, of which some were read, into a generation, unless
// somebody has put them into a later one.
func (s *Store) raiseAll(ctx context.Context, names []string, read map[string]*memcache.Item, generation int64) error {
	return each(names, func(i int) error {
		for item := read[names[i]]; ; {
			var cas uint64
			if item != nil {
				cas = item.CasID
				if present, err := number(item); err != nil || present >= generation {
					return err
				}
			}
			err := s.swap(ctx, &memcache.Item{Key: names[i], Value: strconv.AppendInt(nil, generation, 10), CasID: cas})
			if err == nil || !isAnswer(err) {
				return err
			}
			found, err := s.getMulti(ctx, names[i:i+1])
			if err != nil {
				return err
			}
			item = found[names[i]]
		}
	})
}

// see remembers the highest generation: a new ledger begins above it.
func (s *Store) see(generation int64) {
	for {
		old := s.highest.Load()
		if old >= generation || s.highest.CompareAndSwap(old, generation) {
			return
		}
	}
}

func tagNames(namespace string, tags []string) []string {
	names := make([]string, len(tags))
	for i, tag := range tags {
		names[i] = tagName(namespace, tag)
	}
	return names
}

// number returns what a record holds, or 0 if there is none.
func number(item *memcache.Item) (int64, error) {
	if item == nil {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(item.Value), 10, 64)
	if err != nil || n <= 0 {
		return 0, unavailable(fmt.Errorf("%s is no generation: flush the servers", item.Key))
	}
	return n, nil
}
