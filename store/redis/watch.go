package redis

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/internal/check"
)

// fetchRetry is the wait after a failed look at the tags.
const fetchRetry = 50 * time.Millisecond

// A watch tells of the changes in a namespace. Each server that takes writes
// has a connection on which it pushes the keys that change; see [node].
//
// What is told up to when: a server pushes a change before it answers anyone
// who asked after the change was acknowledged. So once all servers have
// answered a question, what was acknowledged before it was asked has been told,
// but for tags, which have to be fetched when their set is pushed.
type watch struct {
	store     *Store
	prefix    string // of keys
	tags      string // the key of the namespace's tags
	namespace string
	events    cache.Events
	told      atomic.Pointer[time.Time]

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	wake   chan struct{} // has a token when the tags are to be fetched

	nodes   map[string]*node // of run alone
	changed bool             // the set of nodes has, and that is not yet told

	mu struct {
		sync.Mutex // also held while events are called: they come one at a time
		closed     bool
		begun      bool  // Lost was called
		since      int64 // the generation up to which tags were told

		pushed   uint64 // how often the tags' set was
		fetched  uint64 // its value when the tags told last were fetched
		answered time.Time
		pending  uint64 // pushed, at that answer
	}
}

// Watch implements [cache.Watcher]. It makes a connection of its own to each
// server that takes writes. In the namespace, a key is also told when it has
// only got or lost a lease, since that is kept in the key's place; and that it
// has expired is told when Redis notices, which is when someone reads it, or
// its sweep comes by.
//
// In a Cluster or behind Sentinel, the servers are looked up with each
// heartbeat; a change of them is told as Lost. What a server that was cut off
// from the others took and lost again is not.
func (s *Store) Watch(namespace string, events cache.Events) (cache.Watch, error) {
	if err := check.Key(namespace); err != nil {
		return nil, err
	}
	w := &watch{
		store:     s,
		prefix:    namespace + ":",
		tags:      tagsKey(namespace),
		namespace: namespace,
		events:    events,
		wake:      make(chan struct{}, 1),
		nodes:     make(map[string]*node),
	}
	w.told.Store(new(time.Time))
	w.ctx, w.cancel = context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return nil, unavailable("watch", errClosed)
	}
	s.mu.watches[w] = struct{}{}
	w.work.Go(w.run)
	w.work.Go(w.fetch)
	return w, nil
}

// Told implements [cache.Watch].
func (w *watch) Told() time.Time { return *w.told.Load() }

// Close implements [cache.Watch].
func (w *watch) Close() {
	w.mu.Lock()
	w.mu.closed = true
	w.mu.Unlock()
	w.cancel()
	w.work.Wait()
	w.store.mu.Lock()
	delete(w.store.mu.watches, w)
	w.store.mu.Unlock()
}

// run asks the servers with each heartbeat.
func (w *watch) run() {
	defer func() {
		var closing sync.WaitGroup
		for _, n := range w.nodes {
			closing.Go(n.close)
		}
		closing.Wait()
	}()
	beat := time.NewTicker(w.store.config.Heartbeat)
	defer beat.Stop()
	for {
		w.ask()
		select {
		case <-w.ctx.Done():
			return
		case <-beat.C:
		}
	}
}

// ask finds the servers and asks each whether it has pushed everything.
func (w *watch) ask() {
	ctx, cancel := context.WithTimeout(w.ctx, max(keepAlive, w.store.config.Heartbeat))
	defer cancel()
	sent := time.Now()
	masters, err := w.store.conn.masters(ctx)
	if err != nil {
		return
	}
	w.follow(masters)
	if !w.askNodes(ctx) {
		return
	}
	lost := w.changed
	for _, n := range w.nodes {
		lost = lost || n.known != n.asked
	}
	if lost {
		since, err := w.generation(ctx)
		if err != nil {
			return
		}
		for _, n := range w.nodes {
			n.known = n.asked
		}
		w.changed = false
		w.begin(since)
	}
	w.advance(sent)
}

// askNodes reports whether all nodes have answered.
func (w *watch) askNodes(ctx context.Context) bool {
	var asking sync.WaitGroup
	var failed atomic.Bool
	for _, n := range w.nodes {
		asking.Go(func() {
			if n.ask(ctx) != nil {
				failed.Store(true)
			}
		})
	}
	asking.Wait()
	return !failed.Load() && len(w.nodes) > 0
}

// follow makes the nodes those at the addresses.
func (w *watch) follow(addresses []string) {
	for a, n := range w.nodes {
		if !slices.Contains(addresses, a) {
			w.changed = true
			delete(w.nodes, a)
			w.work.Go(n.close) // takes a second if the server is silent
		}
	}
	for _, a := range addresses {
		if w.nodes[a] == nil {
			w.changed = true
			if n, err := newNode(w, a); err == nil {
				w.nodes[a] = n
			}
		}
	}
}

// begin says that anything may have happened up to now, and that tags are told
// from a generation on.
func (w *watch) begin(since int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.since = since
	w.mu.begun = true
	w.loseLocked()
}

// loseLocked is called with w.mu held.
func (w *watch) loseLocked() {
	if w.mu.begun && !w.mu.closed && w.events.Lost != nil {
		w.events.Lost()
	}
}

// pushed tells what a server has pushed. A nil slice is the loss of the data
// or of the connection.
func (w *watch) pushed(keys []rueidis.RedisMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if keys == nil {
		w.loseLocked()
		w.tagsPushedLocked()
		return
	}
	for _, m := range keys {
		key, err := m.ToString()
		switch {
		case err != nil:
		case key == w.tags:
			w.tagsPushedLocked()
		case strings.HasPrefix(key, w.prefix) && w.mu.begun && !w.mu.closed && w.events.Key != nil:
			w.events.Key(key)
		}
	}
}

// tagsPushedLocked has the tags fetched. It is called with w.mu held.
func (w *watch) tagsPushedLocked() {
	w.mu.pushed++
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// advance notes that everything before sent has been pushed.
func (w *watch) advance(sent time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.answered, w.mu.pending = sent, w.mu.pushed
	w.settleLocked()
}

// settleLocked moves Told on if the tags pushed by then have been fetched. It
// is called with w.mu held.
func (w *watch) settleLocked() {
	if w.mu.fetched >= w.mu.pending && w.mu.answered.After(*w.told.Load()) {
		answered := w.mu.answered
		w.told.Store(&answered)
	}
}

// fetch looks at the tags whenever their set was pushed.
func (w *watch) fetch() {
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-w.wake:
		}
		for w.fetchTags() != nil {
			select {
			case <-w.ctx.Done():
				return
			case <-time.After(fetchRetry):
			}
		}
	}
}

// fetchTags tells the tags that have changed, oldest first.
func (w *watch) fetchTags() error {
	w.mu.Lock()
	pushed, since := w.mu.pushed, w.mu.since
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(w.ctx, keepAlive)
	defer cancel()
	results, err := w.store.conn.doMulti(ctx, func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Zrangebyscore().Key(w.tags).Min("(" + decimal(since)).Max("+inf").Withscores().Build().Pin(),
			b.Zscore().Key(w.tags).Member("now").Build().Pin(),
		}
	})
	if err != nil {
		return err
	}
	changed, err := results[0].AsZScores()
	if err != nil {
		return err
	}
	now, err := results[1].AsFloat64()
	lost := rueidis.IsRedisNil(err)
	if err != nil && !lost {
		return err
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.fetched = pushed
	if lost || int64(now) < since { // the set is gone, or another
		w.mu.since = int64(now)
		w.loseLocked()
	}
	for _, c := range changed {
		w.tellTagLocked(c.Member, int64(c.Score))
	}
	w.settleLocked()
	return nil
}

// tellTagLocked tells one member of the tags' set that is new. It is called
// with w.mu held.
func (w *watch) tellTagLocked(member string, generation int64) {
	switch tag, isTag := strings.CutPrefix(member, ":"); {
	case member == "now":
		w.mu.since = max(w.mu.since, generation)
	case (isTag || member == "floor") && w.mu.begun && !w.mu.closed && w.events.Tag != nil:
		if !isTag {
			tag = "" // every tag is of the floor's generation, or a later one
		}
		w.events.Tag(tag, generation)
	}
}

// generation returns the namespace's present one, 0 if there is none.
func (w *watch) generation(ctx context.Context) (int64, error) {
	now, err := w.store.conn.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Zscore().Key(w.tags).Member("now").Build().Pin()
	}).AsFloat64()
	if err != nil && !errors.Is(err, rueidis.Nil) {
		return 0, err
	}
	return int64(now), nil
}
