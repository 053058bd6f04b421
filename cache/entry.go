package cache

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/hone-go/hone/internal/envelope"
)

// entry is a decoded entry of the store.
type entry[V any] struct {
	value V
	found bool // false: it is known that there is nothing

	created, soft int64 // milliseconds of the store's clock; soft 0 is never
	took          time.Duration
	generation    int64
	tags          []uint32 // slots
	size          int      // of the encoding
}

// freshness says what may be done with an entry.
type freshness uint8

const (
	unusable   freshness = iota // dead, undecodable, or not there
	unsure                      // the store could not tell whether it is dead
	onlyIfFail                  // stale; may be served if the load fails
	stale                       // may be served while it is loaded anew
	due                         // fresh; to be loaded anew nevertheless
	fresh
)

// judge says what may be done with a stored value at this time, which leaves
// its tags open.
func (f *Func[K, V]) judge(soft int64, took time.Duration) freshness {
	if soft == 0 {
		return fresh
	}
	left := time.Duration(soft-milliseconds(f.cache.backend.store.Now())) * time.Millisecond
	switch {
	case left > f.earlyAtMost(took):
		return fresh
	case left > 0:
		if f.refreshNow(took, left) {
			return due
		}
		return fresh
	case -left < f.cfg.StaleWhileRevalidate:
		return stale
	case -left < f.cfg.StaleIfError:
		return onlyIfFail
	}
	return unusable
}

// read decodes a stored value and says what may be done with it. An unusable
// one comes without an entry.
func (f *Func[K, V]) read(ctx context.Context, key string, b []byte) (*entry[V], freshness) {
	e, state, _ := f.decode(ctx, key, b) // what cannot be decoded is told by discard, once
	return e, state
}

// decode is read. An error says that the value cannot be decoded; without one,
// an unusable value is outdated.
func (f *Func[K, V]) decode(ctx context.Context, key string, b []byte) (*entry[V], freshness, error) {
	h, body, err := f.cache.packer.Unpack(key, b)
	if err != nil {
		return nil, unusable, err
	}
	if h.Codec != f.codec.ID() {
		return nil, unusable, fmt.Errorf("made by codec %d, not %d", h.Codec, f.codec.ID())
	}
	state := f.judge(h.Soft, h.Took)
	if state == unusable {
		return nil, unusable, nil
	}
	e := &entry[V]{
		found: h.Flags&envelope.Negative == 0, created: h.Created, soft: h.Soft, took: h.Took,
		generation: h.Generation, size: len(body), tags: f.tagSlots(h.Tags),
	}
	switch alive, err := f.alive(ctx, e, h.Tags); {
	case err != nil:
		f.cache.report(ctx, err)
		return nil, unsure, nil
	case !alive:
		return nil, unusable, nil
	}
	if e.found {
		var derr error
		err := guard("Codec.Decode", func() { derr = f.codec.Decode(body, &e.value) })
		if err == nil {
			err = derr
		}
		if err != nil {
			return nil, unusable, err
		}
	}
	return e, state, nil
}

// alive reports whether none of an entry's tags was invalidated since it was
// loaded. The error is the store's, which is asked if that is not known here.
func (f *Func[K, V]) alive(ctx context.Context, e *entry[V], tags envelope.Tags) (bool, error) {
	m := f.cache.marks
	if m.coherent(m.clock(), f.cache.cfg.Near.MaxStale) {
		if since := m.since.Load(); since != 0 && e.generation >= since && e.generation >= m.generation(e.tags) {
			return true, nil
		}
	}
	all := append(make([]string, 0, 1+tags.Len()), string(f.tag[:]))
	for t := range tags.All() {
		all = append(all, string(t[:]))
	}
	of, _, err := f.cache.generations(ctx, all)
	if err != nil {
		return false, err
	}
	for _, g := range of {
		if g > e.generation {
			return false, nil
		}
	}
	return true, nil
}

// generations asks the store for the generations of tags and the present one.
func (c *Cache) generations(ctx context.Context, tags []string) (of []int64, now int64, err error) {
	sctx, err := c.backend.begin(ctx)
	if err != nil {
		return nil, 0, err
	}
	epoch := c.marks.epoch.Load()
	of, now, err = c.backend.store.Generations(sctx, c.namespace, tags)
	if err = c.backend.end(err); err != nil {
		return nil, 0, err
	}
	c.marks.present(now)
	if c.marks.watch.Load() != nil && c.marks.since.Load() == 0 {
		c.marks.complete(epoch, now)
	}
	return of, now, nil
}

// present returns the present generation, as far as this process knows, which
// is what a load that begins now counts as. It is asked for only if nothing is
// known: an older one is safe, as it is the sooner invalidated.
func (c *Cache) present(ctx context.Context, tag envelope.Tag) (int64, error) {
	if c.marks.since.Load() != 0 {
		return c.marks.now.Load(), nil
	}
	_, now, err := c.generations(ctx, []string{string(tag[:])})
	return now, err
}

// discard counts and tells of a value that cannot be decoded, and reports
// whether this is one. It is called where the value is about to be replaced or
// deleted, so that each counts once however many readers met it.
func (f *Func[K, V]) discard(ctx context.Context, key string, b []byte) bool {
	_, _, err := f.decode(ctx, key, b)
	if err == nil {
		return false
	}
	f.tally.undecodable.Add(1)
	f.cache.report(ctx, fmt.Errorf("%w of %s: %w", ErrEntry, f.name, err))
	return true
}

// encode makes what is stored of a result. The error may be that of the codec.
func (f *Func[K, V]) encode(key string, e *entry[V], hard int64, tags envelope.Tags) ([]byte, error) {
	h := envelope.Header{
		Codec: f.codec.ID(), Created: e.created, Soft: e.soft, Hard: hard,
		Took: e.took, Generation: e.generation, Tags: tags,
	}
	var body []byte
	if e.found {
		var eerr error
		err := guard("Codec.Append", func() { body, eerr = f.codec.Append(nil, &e.value) })
		if err == nil {
			err = eerr
		}
		if err != nil {
			return nil, fmt.Errorf("cache: encoding a result of %s: %w", f.name, err)
		}
	} else {
		h.Flags = envelope.Negative
	}
	e.size = len(body)
	data, err := f.cache.packer.Pack(nil, key, h, body)
	if err != nil {
		return nil, fmt.Errorf("%w: a result of %s: %w", ErrTooLarge, f.name, err)
	}
	return data, nil
}

// tagSlots returns the slots of an entry's tags and of the function's own.
func (f *Func[K, V]) tagSlots(tags envelope.Tags) []uint32 {
	if tags.Len() == 0 {
		return f.noTags
	}
	slots := append(make([]uint32, 0, 1+tags.Len()), f.tagSlot)
	for t := range tags.All() {
		slots = append(slots, f.cache.marks.tagSlot(t))
	}
	return slots
}

// tagID is what the store knows a tag by: 128 bits, so that a tag of any
// length and content takes as much, and none can be read there.
func tagID(tag string) envelope.Tag { return shortHash("tag", tag) }

// functionTag is the tag that all entries of a function carry.
func functionTag(name string) envelope.Tag { return shortHash("function", name) }

func shortHash(kind, s string) envelope.Tag {
	sum := sha256.Sum256([]byte(kind + "\x00" + s))
	return envelope.Tag(sum[:])
}
