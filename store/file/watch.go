package file

import (
	"strings"
	"sync"
	"time"

	"github.com/hone-go/hone/cache"
)

// An event is a change of a key, or of a tag of a namespace.
type event struct {
	key string

	isTag          bool
	namespace, tag string
	generation     int64
}

// watches are those that run. The writer tells them of a commit before it
// answers the calls that it was for.
type watches struct {
	mu struct {
		sync.Mutex // held while they are told: they do not block, and call no store
		all        map[*watch]struct{}
		closed     bool
	}
}

type watch struct {
	store     *Store
	namespace string
	events    cache.Events
}

// Watch implements [cache.Watcher].
func (s *Store) Watch(namespace string, events cache.Events) (cache.Watch, error) {
	w := &watch{store: s, namespace: namespace, events: events}
	mu := &s.watches.mu
	mu.Lock()
	defer mu.Unlock()
	if mu.closed {
		return nil, unavailable(errClosed)
	}
	if mu.all == nil {
		mu.all = make(map[*watch]struct{})
	}
	mu.all[w] = struct{}{}
	if events.Lost != nil {
		events.Lost()
	}
	return w, nil
}

// Told implements [cache.Watch]: the present, but for a commit that is not told
// yet.
func (w *watch) Told() time.Time {
	now := time.Now() // before the look at the commit: one may begin in between
	if began := w.store.writing.Load(); began != 0 {
		return time.Unix(0, began)
	}
	return now
}

// Close implements [cache.Watch].
func (w *watch) Close() {
	mu := &w.store.watches.mu
	mu.Lock()
	defer mu.Unlock()
	delete(mu.all, w)
}

func (ws *watches) close() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.mu.closed = true
}

// tell tells all of events.
func (ws *watches) tell(events []event) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.mu.all {
		for _, e := range events {
			w.tell(e)
		}
	}
}

func (w *watch) tell(e event) {
	switch {
	case e.isTag:
		if e.namespace == w.namespace && w.events.Tag != nil {
			w.events.Tag(e.tag, e.generation)
		}
	case w.events.Key != nil && len(e.key) > len(w.namespace) && e.key[len(w.namespace)] == ':' && strings.HasPrefix(e.key, w.namespace):
		w.events.Key(e.key)
	}
}
