package redis

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/internal/check"
)

var (
	_ cache.Store      = (*Store)(nil)
	_ cache.LifeTeller = (*Store)(nil)
	_ cache.Watcher    = (*Store)(nil)
)

// A Store is a [cache.Store] in Redis. It is safe for concurrent use.
type Store struct {
	conn   *conn
	config Config
	clock  clock

	// scripted says that the server does not know SET with NX and GET.
	scripted atomic.Bool

	mu struct {
		sync.Mutex
		closed  bool
		watches map[*watch]struct{}
	}
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// openWait is how long [Open] waits for a server to be found: a service that
// starts beside its server then has its answers from the first call on.
const openWait = 250 * time.Millisecond

// Open returns a store in the Redis at the URL, whose forms the package
// comment lists. An error means that the URL or the Config is wrong, and holds
// no password. The servers need not be there: calls fail until they are. The
// caller closes the store.
func Open(ctx context.Context, url string, c Config) (*Store, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	t, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	s := &Store{conn: newConn(t, c), config: c}
	s.mu.watches = make(map[*watch]struct{})
	run, cancel := context.WithCancel(context.Background())
	s.cancel = cancel

	ctx, done := context.WithTimeout(ctx, openWait)
	defer done()
	select {
	case <-s.conn.found:
		s.readClock(ctx)
	case <-ctx.Done():
	}
	s.work.Go(func() { s.runClock(run) })
	s.work.Go(func() { s.openConnections(run) })
	return s, nil
}

// Get implements [cache.Store].
func (s *Store) Get(ctx context.Context, key string) (cache.Item, error) {
	if err := check.Key(key); err != nil {
		return cache.Item{}, err
	}
	client, err := s.conn.enter(ctx) // not conn.do: its closure costs an allocation for each hit
	if err != nil {
		return cache.Item{}, unavailable("get", err)
	}
	r := client.Do(ctx, client.B().Get().Key(key).Build().Pin()) // see retryOnce
	s.conn.leave(r.NonRedisError())
	return readItem("get", key, r)
}

// GetMany implements [cache.Store]. With an error, the items of keys that were
// answered for are right, and the others Absent.
func (s *Store) GetMany(ctx context.Context, keys []string) ([]cache.Item, error) {
	if err := check.Keys(keys); err != nil || len(keys) == 0 {
		return nil, err
	}
	results, err := s.conn.doMulti(ctx, func(b rueidis.Builder) []rueidis.Completed {
		cmds := make([]rueidis.Completed, len(keys))
		for i, k := range keys {
			cmds[i] = b.Get().Key(k).Build().Pin()
		}
		return cmds
	})
	if err != nil {
		return nil, unavailable("get", err)
	}
	var failed firstError
	items := make([]cache.Item, len(keys))
	for i, r := range results {
		var err error
		items[i], err = readItem("get", keys[i], r)
		failed.note(err)
	}
	return items, failed.err
}

// readItem reads the answer to GET.
func readItem(op, key string, r rueidis.RedisResult) (cache.Item, error) {
	v, err := r.AsBytes()
	switch {
	case err == nil:
	case rueidis.IsRedisNil(err):
		return cache.Item{}, nil
	default:
		return cache.Item{}, failure(op, key, err)
	}
	if _, ok := leaseHolder(v); ok {
		return cache.Item{}, nil
	}
	return cache.Item{State: cache.Found, Value: unescape(v)}, nil
}

// Set implements [cache.Store].
func (s *Store) Set(ctx context.Context, entries []cache.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	calls, err := s.entryCalls(entries)
	if err != nil {
		return err
	}
	results, err := s.run(ctx, setScript, calls)
	if err != nil {
		return unavailable("set", err)
	}
	_, err = sum("set", calls, results)
	return err
}

// Add implements [cache.Store].
func (s *Store) Add(ctx context.Context, e cache.Entry) (bool, error) {
	calls, err := s.entryCalls([]cache.Entry{e})
	if err != nil {
		return false, err
	}
	n, err := s.runSum(ctx, "add", addScript, calls)
	return n == 1, err
}

// entryCalls is what a script gets to store entries, after its own arguments.
func (s *Store) entryCalls(entries []cache.Entry, args ...string) ([]scriptCall, error) {
	if err := check.Entries(entries, s.config.MaxValueBytes); err != nil {
		return nil, err
	}
	calls := make([]scriptCall, len(entries))
	for i, e := range entries {
		life, err := milliseconds(e.Life)
		if err != nil {
			return nil, err
		}
		all := append(make([]string, 0, len(args)+2), args...)
		calls[i] = onKey(e.Key, append(all, escape(e.Value), life)...)
	}
	return calls, nil
}

// Delete implements [cache.Store].
func (s *Store) Delete(ctx context.Context, keys []string) (int, error) {
	if err := check.Keys(keys); err != nil || len(keys) == 0 {
		return 0, err
	}
	return s.runSum(ctx, "delete", deleteScript, keyCalls(keys))
}

// Increment implements [cache.Store].
func (s *Store) Increment(ctx context.Context, key string, delta int64, life time.Duration) (int64, error) {
	if err := check.Key(key); err != nil {
		return 0, err
	}
	ms, err := milliseconds(life)
	if err != nil {
		return 0, err
	}
	r, err := s.runOne(ctx, incrementScript, onKey(key, decimal(delta), ms))
	if err != nil {
		return 0, unavailable("increment", err)
	}
	n, err := r.AsInt64()
	switch {
	case err == nil:
		return n, nil
	case isNotNumber(err):
		return 0, cache.ErrNotNumber
	default:
		return 0, failure("increment", key, err)
	}
}

// Touch implements [cache.Store].
func (s *Store) Touch(ctx context.Context, key string, life time.Duration) (bool, error) {
	if err := check.Key(key); err != nil {
		return false, err
	}
	ms, err := milliseconds(life)
	if err != nil {
		return false, err
	}
	n, err := s.runSum(ctx, "touch", touchScript, []scriptCall{{keys: []string{key}, args: []string{ms}}})
	return n == 1, err
}

// Life implements [cache.LifeTeller].
func (s *Store) Life(ctx context.Context, key string) (time.Duration, bool, error) {
	if err := check.Key(key); err != nil {
		return 0, false, err
	}
	r, err := s.runOne(ctx, lifeScript, scriptCall{keys: []string{key}})
	if err != nil {
		return 0, false, unavailable("life", err)
	}
	ms, err := r.AsInt64()
	switch {
	case err != nil:
		return 0, false, failure("life", key, err)
	case ms == -1:
		return cache.NoExpiry, true, nil
	case ms < 0:
		return 0, false, nil
	default:
		return time.Duration(ms) * time.Millisecond, true, nil
	}
}

// Ping implements [cache.Store]. In a Cluster, one of its nodes is asked.
func (s *Store) Ping(ctx context.Context) error {
	r := s.conn.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Ping().Build() })
	if err := r.Error(); err != nil {
		return unavailable("ping", err)
	}
	return nil
}

// Close implements [cache.Store]. It ends the watches, waits for the
// goroutines, and takes some seconds at most: silent servers are waited for.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.mu.closed
	s.mu.closed = true
	watches := s.mu.watches
	s.mu.watches = nil
	s.mu.Unlock()
	if closed {
		return nil
	}
	for w := range watches {
		w.Close()
	}
	s.cancel()
	s.conn.close()
	s.work.Wait()
	return nil
}

// start runs f in a goroutine that Close waits for, unless it was called.
func (s *Store) start(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.mu.closed {
		s.work.Go(f)
	}
	return !s.mu.closed
}
