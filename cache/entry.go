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
// one comes without an entry. a is what the store has said of tags.
func (f *Func[K, V]) read(ctx context.Context, key string, b []byte, a ages) (*entry[V], freshness) {
	e, state, _ := f.decode(ctx, key, b, a) // what cannot be decoded is told by discard, once
	return e, state
}

// decode is read. An error says that the value cannot be decoded; without one,
// an unusable value is outdated.
func (f *Func[K, V]) decode(ctx context.Context, key string, b []byte, a ages) (*entry[V], freshness, error) {
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
	if f.joint != nil {
		f.cache.hints.remember(f.cache.marks.slot(key), h.Tags)
	}
	switch alive, known := f.alive(ctx, &h, a); {
	case !known:
		return nil, unsure, nil
	case !alive:
		return nil, unusable, nil
	}
	e := &entry[V]{
		found: h.Flags&envelope.Negative == 0, created: h.Created, soft: h.Soft, took: h.Took,
		generation: h.Generation, size: len(body), tags: f.tagSlots(h.Tags),
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

// discard counts and tells of a value that cannot be decoded, and reports
// whether this is one. It is called where the value is about to be replaced or
// deleted, so that each counts once however many readers met it.
func (f *Func[K, V]) discard(ctx context.Context, key string, b []byte, a ages) bool {
	_, _, err := f.decode(ctx, key, b, a)
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
