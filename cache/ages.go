package cache

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/hone-go/hone/internal/envelope"
)

// ages are what the store has said of tags: it is asked once for all entries of
// a lookup.
type ages struct {
	of     map[string]int64 // in which generation each was last invalidated
	now    int64            // the present one; 0: the store has said nothing
	failed bool             // it was asked for all tags, and gave no answer
}

// add notes an answer of the store.
func (a *ages) add(tags []string, of []int64, now int64) {
	if len(of) != len(tags) {
		return
	}
	if a.of == nil {
		a.of = make(map[string]int64, len(tags))
	}
	for i, tag := range tags {
		a.of[tag] = of[i]
	}
	a.now = now
}

// alive reports whether none of an entry's tags, and of its function's own, was
// invalidated since it was loaded, and whether that is known.
func (a ages) alive(own envelope.Tag, h *envelope.Header) (alive, known bool) {
	if a.now == 0 {
		return false, false
	}
	if h.Generation >= a.now {
		return true, true // nothing was
	}
	known = true
	outlives := func(tag envelope.Tag) bool {
		of, ok := a.of[string(tag[:])]
		known = known && ok
		return of <= h.Generation
	}
	alive = outlives(own)
	for tag := range h.Tags.All() {
		alive = outlives(tag) && alive
	}
	return alive, known || !alive
}

// told reports whether it is known without the store that an entry is alive.
func (f *Func[K, V]) told(h *envelope.Header) bool {
	m := f.cache.marks
	if !m.coherent(m.clock(), f.cache.cfg.Near.MaxStale) { // before the look: what was told by then is seen
		return false
	}
	since := m.since.Load()
	return since != 0 && h.Generation >= since && h.Generation >= m.latest(f.tagSlot, h.Tags)
}

// alive is ages.alive, and asks the store for the tags of this entry if nobody
// has asked for them together with others.
func (f *Func[K, V]) alive(ctx context.Context, h *envelope.Header, a ages) (alive, known bool) {
	if f.told(h) {
		return true, true
	}
	if alive, known = a.alive(f.tag, h); known || a.failed {
		return alive, known
	}
	return f.ask(ctx, a, appendTags(nil, h.Tags)).alive(f.tag, h)
}

// ages adds to a what is needed to know which of the items are alive, by one
// question at most.
func (f *Func[K, V]) ages(ctx context.Context, items []Item, a ages) ages {
	var tags []string
	asks := false
	for _, item := range items {
		if item.State != Found {
			continue
		}
		h, _, err := envelope.Parse(item.Value)
		if err != nil || f.judge(h.Soft, h.Took) == unusable || f.told(&h) {
			continue
		}
		if _, known := a.alive(f.tag, &h); !known {
			asks, tags = true, appendTags(tags, h.Tags)
		}
	}
	if !asks {
		return a
	}
	return f.ask(ctx, a, tags)
}

// ask adds to a what the store says of tags and of the function's own.
func (f *Func[K, V]) ask(ctx context.Context, a ages, tags []string) ages {
	tags = unique(append(tags, string(f.tag[:])))
	of, now, err := f.cache.generations(ctx, tags)
	if err != nil {
		f.cache.report(ctx, err)
		a.failed = true
		return a
	}
	a.add(tags, of, now)
	return a
}

func appendTags(list []string, tags envelope.Tags) []string {
	for t := range tags.All() {
		list = append(list, string(t[:]))
	}
	return list
}

func unique(tags []string) []string {
	slices.Sort(tags)
	return slices.Compact(tags)
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

// tagHints remember the tags that entries had, so that a [TagReader] can be
// asked for them together with the entry. An index is the hash of a key; a tag
// too many costs some bytes, one too few a round trip.
type tagHints [hintSlots]atomic.Pointer[envelope.Tags]

// hintSlots is how many keys' tags are remembered. Not smaller: the entries
// that a process asks for often would not fit. Not larger: it is half a
// megabyte, and several with the tags.
const hintSlots = 1 << 16

// remember notes the tags of an entry under a key that hashes to the slot.
func (h *tagHints) remember(slot uint32, tags envelope.Tags) {
	p := &h[slot%hintSlots]
	switch old := p.Load(); {
	case tags.Len() == 0:
		if old != nil {
			p.Store(nil)
		}
	case old == nil || !slices.Equal(*old, tags):
		own := slices.Clone(tags) // they are a part of the entry
		p.Store(&own)
	}
}

// recall returns what is remembered for a slot.
func (h *tagHints) recall(slot uint32) envelope.Tags {
	if tags := h[slot%hintSlots].Load(); tags != nil {
		return *tags
	}
	return nil
}
