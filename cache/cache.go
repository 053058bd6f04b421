package cache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/breaker"
	"github.com/hone-go/hone/internal/envelope"
)

// A Cache is one application's part of a [Store]: what [Memoize], [NewValues]
// and [NewCounters] keep there. It is safe for concurrent use.
type Cache struct {
	cfg       Config
	namespace string
	marks     *marks
	backend   *backend
	near      *near     // nil if off
	joint     TagReader // nil where changes are told, and where the store is none
	hints     *tagHints // with joint
	packer    *envelope.Packer
	leftovers leftovers

	background sync.WaitGroup // loads that nobody waits for
	mu         struct {
		sync.Mutex
		closed bool
		named  map[string]*tally
	}
}

// New returns a Cache over a store, which stays the caller's: close the Cache
// first. New does no I/O and does not need the store to be up. An error names
// every field of cfg that is wrong.
func New(store Store, cfg Config) (*Cache, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.EncryptionKeys = slices.Clone(cfg.EncryptionKeys)
	c := &Cache{
		cfg:       cfg,
		namespace: cfg.namespace(),
		marks:     newMarks(),
	}
	c.backend = newBackend(store, cfg.StoreTimeout, cfg.ProbeInterval, func() {
		if c.leftovers.count.Load() != 0 {
			c.releaseLeftovers()
		}
	})
	c.mu.named = make(map[string]*tally)
	var err error
	packing := envelope.Config{CompressAbove: cfg.CompressAbove}
	if len(cfg.EncryptionKeys) > 0 {
		if packing.Sealer, err = envelope.NewSealer(cfg.EncryptionKeys...); err != nil {
			return nil, fmt.Errorf("cache: Config.EncryptionKeys: %w", err)
		}
	}
	if c.packer, err = envelope.NewPacker(packing); err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	watcher, watches := store.(Watcher)
	if cfg.Near.MaxBytes > 0 {
		if !watches {
			return nil, fmt.Errorf("cache: Config.Near needs a store that tells of changes, and a %T does not: leave Near out", store)
		}
		c.near = newNear(cfg.Near.MaxBytes)
	}
	if watches {
		w, err := watcher.Watch(c.namespace, Events{Key: c.marks.key, Tag: c.marks.tag, Lost: c.marks.lost})
		if err != nil {
			return nil, fmt.Errorf("cache: %w", err)
		}
		c.marks.watch.Store(&watching{w})
	} else if joint, ok := store.(TagReader); ok {
		c.joint, c.hints = joint, new(tagHints)
	}
	return c, nil
}

// Close stops what the Cache does in the background and waits for it: for
// loads, until they end or their time is up. Lookups afterwards load without
// the store. It is idempotent and does not close the store.
func (c *Cache) Close() error {
	c.mu.Lock()
	closed := c.mu.closed
	c.mu.closed = true
	c.mu.Unlock()
	if closed {
		return nil
	}
	if w := c.marks.watch.Swap(nil); w != nil {
		w.Close()
	}
	c.marks.lost()
	c.background.Wait()
	c.backend.close()
	return nil
}

// Invalidate makes every entry with one of the tags, in all processes, one
// that is not there. Loads under way that may have read what was true before
// will not be kept. Call it after the change is committed. Cost: one round
// trip, however many entries there are. After an error it may or may not have
// happened: call it again.
func (c *Cache) Invalidate(ctx context.Context, tags ...string) error {
	if len(tags) == 0 {
		return nil
	}
	ids := make([]envelope.Tag, len(tags))
	for i, t := range tags {
		ids[i] = tagID(t)
	}
	return c.invalidate(ctx, ids)
}

// Clear invalidates everything in the namespace. Cost: one round trip.
// Counters are not affected.
func (c *Cache) Clear(ctx context.Context) error { return c.invalidate(ctx, nil) }

// invalidate puts tags into a new generation; nil means all.
func (c *Cache) invalidate(ctx context.Context, ids []envelope.Tag) error {
	sctx, err := c.backend.begin(ctx)
	if err != nil {
		return err
	}
	var tags []string
	for _, id := range ids {
		tags = append(tags, string(id[:]))
	}
	now, err := c.backend.store.Invalidate(sctx, c.namespace, tags)
	if err = c.backend.end(err); err != nil {
		return fmt.Errorf("cache: invalidation: %w", err)
	}
	for _, tag := range tags {
		c.marks.tag(tag, now)
	}
	if ids == nil {
		c.marks.tag("", now)
	}
	return nil
}

// put stores entries, and drops what is near.
func (c *Cache) put(ctx context.Context, entries []Entry) error {
	for _, e := range entries {
		c.marks.key(e.Key)
	}
	sctx, err := c.backend.begin(ctx)
	if err == nil {
		err = c.backend.end(c.backend.store.Set(sctx, entries))
	}
	for _, e := range entries { // what was read meanwhile may be either
		c.marks.key(e.Key)
	}
	if err != nil {
		return fmt.Errorf("cache: set: %w", err)
	}
	return nil
}

// remove deletes keys, and drops what is near.
func (c *Cache) remove(ctx context.Context, keys []string) (deleted int, err error) {
	if len(keys) == 0 {
		return 0, nil
	}
	for _, k := range keys {
		c.marks.key(k)
	}
	sctx, err := c.backend.begin(ctx)
	if err == nil {
		deleted, err = c.backend.store.Delete(sctx, keys)
		err = c.backend.end(err)
	}
	for _, k := range keys {
		c.marks.key(k)
	}
	if err != nil {
		return 0, fmt.Errorf("cache: delete: %w", err)
	}
	return deleted, nil
}

// Stats returns the sums of each function, set of values and counters, by
// name.
func (c *Cache) Stats() []Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Stats, 0, len(c.mu.named))
	for _, n := range c.mu.named {
		all = append(all, n.stats())
	}
	slices.SortFunc(all, func(a, b Stats) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Reachable reports whether the store is being called: false from its
// repeated failure until it answers again, and after Close.
func (c *Cache) Reachable() bool { return !c.backend.breaker.Open() }

// NearBytes returns how many bytes the near cache holds: see Near.MaxBytes.
func (c *Cache) NearBytes() int64 {
	if c.near == nil {
		return 0
	}
	return c.near.bytes()
}

// register takes a name for a function's entries.
func (c *Cache) register(name string) (*tally, error) {
	if name == "" || len(name) > 100 || strings.Trim(name, nameCharacters) != "" {
		return nil, fmt.Errorf("cache: the name is %q, want 1 to 100 of %s", name, nameCharacters)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.named[name] != nil {
		return nil, fmt.Errorf("cache: the name %q is taken: two functions would read each other's entries", name)
	}
	n := &tally{name: name}
	c.mu.named[name] = n
	return n, nil
}

// report hands an error that was survived to the configuration's hook.
func (c *Cache) report(ctx context.Context, err error) {
	if c.cfg.OnError != nil && !errors.Is(err, breaker.ErrOpen) {
		_ = guard("OnError", func() { c.cfg.OnError(ctx, err) }) // there is nobody left to tell
	}
}

// start runs f in the background; if the Cache is closed, otherwise here.
func (c *Cache) start(f, otherwise func()) {
	c.mu.Lock()
	closed := c.mu.closed
	if !closed {
		c.background.Add(1)
	}
	c.mu.Unlock()
	if closed {
		otherwise()
		return
	}
	go func() {
		defer c.background.Done()
		f()
	}()
}

// milliseconds is a time as entries hold it.
func milliseconds(t time.Time) int64 { return t.UnixMilli() }
