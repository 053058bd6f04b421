package memory

import (
	"context"
	"sync"
)

// generations are those of one namespace. A tag that is not in of is of the
// generation floor: it was never invalidated, or that is so long ago that it
// was forgotten, and then floor is not below the generation it had.
type generations struct {
	sync.RWMutex
	now, floor int64
	of         map[string]int64
	// queue has the remembered tags in the order of their generations, among
	// others that have come again later.
	queue []tagged
}

type tagged struct {
	tag        string
	generation int64
}

func newGenerations() *generations {
	return &generations{now: 1, floor: 1, of: make(map[string]int64)}
}

// Generations takes a read lock on the namespace.
func (s *Store) Generations(_ context.Context, namespace string, tags []string) (of []int64, now int64, err error) {
	if err := s.check(); err != nil {
		return nil, 0, err
	}
	of = make([]int64, len(tags))
	g := s.space(namespace)
	g.RLock()
	defer g.RUnlock()
	for i, tag := range tags {
		of[i] = g.generation(tag)
	}
	return of, g.now, nil
}

// Invalidate tells watches under the namespace's lock, so that generations are
// told in their order; their functions must not call the store.
func (s *Store) Invalidate(_ context.Context, namespace string, tags []string) (now int64, err error) {
	if err := s.check(); err != nil {
		return 0, err
	}
	g := s.space(namespace)
	defer s.changes.begin().end()
	g.Lock()
	defer g.Unlock()
	g.now++
	if len(tags) == 0 {
		g.floor = g.now
		clear(g.of)
		g.queue = nil
		s.changes.tellTag(namespace, "", g.now)
		return g.now, nil
	}
	for _, tag := range tags {
		g.put(tag, s.maxTags)
		s.changes.tellTag(namespace, tag, g.now)
	}
	return g.now, nil
}

// space returns the generations of a namespace.
func (s *Store) space(namespace string) *generations {
	s.spaces.RLock()
	g := s.spaces.of[namespace]
	s.spaces.RUnlock()
	if g != nil {
		return g
	}
	s.spaces.Lock()
	defer s.spaces.Unlock()
	if g = s.spaces.of[namespace]; g == nil {
		g = newGenerations()
		s.spaces.of[namespace] = g
	}
	return g
}

func (g *generations) generation(tag string) int64 {
	if n, ok := g.of[tag]; ok {
		return n
	}
	return g.floor
}

// put puts a tag into the present generation, and remembers at most limit tags.
func (g *generations) put(tag string, limit int) {
	g.of[tag] = g.now
	g.queue = append(g.queue, tagged{tag, g.now})
	for len(g.of) > limit {
		g.forget()
	}
	if len(g.queue) > 2*len(g.of)+64 {
		g.compact()
	}
}

// forget forgets the tag of the oldest generation.
func (g *generations) forget() {
	oldest := g.queue[0]
	g.queue = g.queue[1:]
	if g.of[oldest.tag] == oldest.generation {
		delete(g.of, oldest.tag)
		g.floor = oldest.generation
	}
}

// compact removes from the queue what has come again later.
func (g *generations) compact() {
	kept := make([]tagged, 0, 2*len(g.of)+64)
	for _, t := range g.queue {
		if g.of[t.tag] == t.generation {
			kept = append(kept, t)
		}
	}
	g.queue = kept
}
