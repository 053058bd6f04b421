package pginvalidate

import (
	"sync"
	"time"
)

// A batch is what has to be invalidated.
type batch struct {
	tags map[string]struct{}
	// everything is set after something may have been missed.
	everything bool
	// stamps are the times of the changes in it, by our clock, for the
	// statistics.
	stamps []time.Time
	// proven is a time: when the batch and those before it are applied, all
	// that was committed up to then is.
	proven time.Time
}

// maxPending bounds the tags, and the stamps, that wait for a store that
// cannot be reached: beyond, everything is invalidated. Not larger: 1500 bytes
// each. Not smaller: a burst of changes should not cost the whole cache.
const maxPending = 20_000

// add merges what came, or what could not be applied, into b.
func (b *batch) add(o batch) {
	b.everything = b.everything || o.everything
	if o.proven.After(b.proven) {
		b.proven = o.proven
	}
	if len(b.stamps)+len(o.stamps) <= maxPending {
		b.stamps = append(b.stamps, o.stamps...)
	}
	if b.tags == nil {
		b.tags = make(map[string]struct{}, len(o.tags))
	}
	for t := range o.tags {
		b.tags[t] = struct{}{}
	}
	if len(b.tags) > maxPending {
		b.everything, b.tags = true, nil
	}
}

// pending is the batch that is being gathered. Safe for concurrent use.
type pending struct {
	wake chan struct{} // has an element if there may be something
	mu   struct {
		sync.Mutex
		batch
	}
}

func newPending() *pending { return &pending{wake: make(chan struct{}, 1)} }

func (p *pending) add(b batch) {
	p.mu.Lock()
	p.mu.add(b)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// take returns what there is, and leaves nothing.
func (p *pending) take() batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.mu.batch
	p.mu.batch = batch{}
	return b
}
