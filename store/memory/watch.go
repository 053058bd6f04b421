package memory

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/cache"
)

// changes tells watches what happens.
type changes struct {
	frontier
	list atomic.Pointer[[]*watch] // copied on write
	mu   sync.Mutex               // of the writers of list
}

// A watch is a [cache.Watch].
type watch struct {
	store  *Store
	prefix string // of its keys
	space  string

	mu     sync.Mutex // one function at a time
	events cache.Events
	closed bool
}

// Watch calls w.Lost before it returns, and the other functions before the call
// that changed something does. A change of an entry's life counts, and eviction
// like expiry, which is told within two seconds: Told does not wait for that.
func (s *Store) Watch(namespace string, w cache.Events) (cache.Watch, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if w.Key == nil {
		w.Key = func(string) {}
	}
	if w.Tag == nil {
		w.Tag = func(string, int64) {}
	}
	wt := &watch{store: s, prefix: namespace + ":", space: namespace, events: w}
	wt.mu.Lock() // nothing is told before Lost
	defer wt.mu.Unlock()
	s.changes.edit(func(list []*watch) []*watch { return append(slices.Clone(list), wt) })
	if w.Lost != nil {
		w.Lost()
	}
	return wt, nil
}

// Told returns the time up to which every change has been told. Cost: one
// reading of the clock.
func (w *watch) Told() time.Time {
	s := w.store
	if s.closed.Load() {
		return s.start.Add(time.Duration(s.changes.told.Load()))
	}
	return s.start.Add(time.Duration(s.changes.advance()))
}

// Close waits for a function that runs.
func (w *watch) Close() {
	w.store.changes.edit(func(list []*watch) []*watch {
		return slices.DeleteFunc(slices.Clone(list), func(o *watch) bool { return o == w })
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// tell calls f unless the watch is closed.
func (w *watch) tell(f func(cache.Events)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		f(w.events)
	}
}

func (c *changes) watches() []*watch {
	if list := c.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (c *changes) edit(f func([]*watch) []*watch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := f(c.watches())
	c.list.Store(&list)
}

// close ends all watches.
func (c *changes) close() {
	for _, w := range c.watches() {
		w.Close()
	}
}

func (c *changes) tellKey(key string) {
	for _, w := range c.watches() {
		if strings.HasPrefix(key, w.prefix) {
			w.tell(func(e cache.Events) { e.Key(key) })
		}
	}
}

func (c *changes) tellTag(namespace, tag string, generation int64) {
	for _, w := range c.watches() {
		if w.space == namespace {
			w.tell(func(e cache.Events) { e.Tag(tag, generation) })
		}
	}
}
