package file

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/internal/check"
)

// A Store is a [cache.Store], [cache.LifeTeller], [cache.Watcher] and
// [cache.Local] in a file. It is safe for concurrent use. Reads run beside the
// writer; what has to change something waits for it, and for the disk.
type Store struct {
	cfg     Config
	db      *bolt.DB
	jobs    chan *job
	leases  leases // the writer's alone
	watches watches
	writing atomic.Int64 // when the commit began that runs, in Unix nanoseconds; or 0

	closeOnce sync.Once
	closing   chan struct{}
	closed    chan struct{} // the writer has ended
}

var (
	_ cache.Store      = (*Store)(nil)
	_ cache.LifeTeller = (*Store)(nil)
	_ cache.Watcher    = (*Store)(nil)
	_ cache.Local      = (*Store)(nil)
)

// lockTimeout is how long [Open] waits for another process. Not longer: it
// will not end. Not shorter: a restarted process may still see the old one.
const lockTimeout = 200 * time.Millisecond

// Open opens the store in the file at path, or makes it. One process can have
// it open, once. The caller closes it.
func Open(path string, cfg Config) (*Store, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout:        lockTimeout,
		FreelistType:   bolt.FreelistArrayType, // takes the first pages that fit: large values find room
		NoFreelistSync: true,                   // read anew from the pages by Open
		MaxSize:        int(cfg.MaxBytes),
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("file: %s is open already, here or in another process: give each its own file", path)
	case isForeign(err):
		return nil, fmt.Errorf("file: %s is no cache, or is damaged (%w): delete it, or name another", path, err)
	case err != nil:
		return nil, fmt.Errorf("file: %w", err)
	}
	// The file grows by so much at a time. bbolt's own 16 MiB are too much for
	// small files.
	db.AllocSize = int(min(cfg.MaxBytes/64, 16<<20))
	if err := db.Update(createTable); err != nil {
		_ = db.Close() // the first error says more
		return nil, fmt.Errorf("file: %s is no cache of this version (%w): delete it, or name another", path, err)
	}
	s := &Store{
		cfg: cfg, db: db,
		jobs: make(chan *job, maxGroup), leases: make(leases),
		closing: make(chan struct{}), closed: make(chan struct{}),
	}
	go s.runWriter()
	return s, nil
}

func isForeign(err error) bool {
	return errors.Is(err, berrors.ErrInvalid) || errors.Is(err, berrors.ErrVersionMismatch) || errors.Is(err, berrors.ErrChecksum)
}

// Close implements [cache.Store]. It waits for the calls that run.
func (s *Store) Close() (err error) {
	s.closeOnce.Do(func() {
		close(s.closing)
		<-s.closed
		s.watches.close()
		err = s.db.Close()
	})
	return err
}

// Local implements [cache.Local].
func (s *Store) Local() bool { return true }

// Now implements [cache.Store].
func (s *Store) Now() time.Time { return time.Now() }

// Ping implements [cache.Store].
func (s *Store) Ping(ctx context.Context) error {
	return s.view(ctx, func(*table) error { return nil })
}

// view runs f in a transaction that reads.
func (s *Store) view(ctx context.Context, f func(t *table) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	err := s.db.View(func(tx *bolt.Tx) error { return f(openTable(tx, milliseconds())) })
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// someExpired reports whether an entry is to be removed.
func (s *Store) someExpired() (some bool) {
	_ = s.view(context.Background(), func(t *table) error { // an error is met again by the next write
		k, _ := t.ends.Cursor().First()
		some = k != nil && int64(number(k)) <= t.now
		return nil
	})
	return some
}

// Get implements [cache.Store].
func (s *Store) Get(ctx context.Context, key string) (cache.Item, error) {
	items, err := s.GetMany(ctx, []string{key})
	if err != nil {
		return cache.Item{}, err
	}
	return items[0], nil
}

// GetMany implements [cache.Store].
func (s *Store) GetMany(ctx context.Context, keys []string) ([]cache.Item, error) {
	if err := check.Keys(keys); err != nil {
		return nil, err
	}
	items := make([]cache.Item, len(keys))
	err := s.view(ctx, func(t *table) error {
		for i, key := range keys {
			if e, found := t.get(key); found {
				items[i] = e.item()
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// Set implements [cache.Store]. It is atomic over several.
func (s *Store) Set(ctx context.Context, entries []cache.Entry) error {
	if err := check.Entries(entries, s.cfg.maxValue()); err != nil {
		return err
	}
	return s.write(ctx, func(t *table) error {
		for _, e := range entries {
			delete(s.leases, e.Key)
			if err := t.put(e.Key, e.Value, check.EndOf(t.now, e.Life)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Add implements [cache.Store].
func (s *Store) Add(ctx context.Context, e cache.Entry) (bool, error) {
	if err := check.Entries([]cache.Entry{e}, s.cfg.maxValue()); err != nil {
		return false, err
	}
	added := new(bool) // the job may run on after ctx has ended
	err := s.write(ctx, func(t *table) error {
		_, found := t.get(e.Key)
		if *added = !found; found {
			return nil
		}
		delete(s.leases, e.Key)
		return t.put(e.Key, e.Value, check.EndOf(t.now, e.Life))
	})
	if err != nil {
		return false, err
	}
	return *added, nil
}

// Delete implements [cache.Store].
func (s *Store) Delete(ctx context.Context, keys []string) (int, error) {
	if err := check.Keys(keys); err != nil {
		return 0, err
	}
	deleted := new(int)
	err := s.write(ctx, func(t *table) error {
		*deleted = 0
		for _, key := range keys {
			delete(s.leases, key)
			if _, found := t.get(key); found {
				*deleted++
			}
			if err := t.remove(key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return *deleted, nil
}

// Increment implements [cache.Store].
func (s *Store) Increment(ctx context.Context, key string, delta int64, life time.Duration) (int64, error) {
	if err := errors.Join(check.Key(key), cache.CheckLife(life)); err != nil {
		return 0, err
	}
	sum := new(int64)
	err := s.write(ctx, func(t *table) error {
		old, ends := int64(0), check.EndOf(t.now, life)
		if e, found := t.get(key); found {
			var err error
			if old, err = strconv.ParseInt(string(e.value), 10, 64); err != nil {
				return fmt.Errorf("file: %w", cache.ErrNotNumber)
			}
			ends = e.ends
		}
		if *sum = old + delta; delta != 0 && (*sum > old) != (delta > 0) {
			return fmt.Errorf("file: %w", cache.ErrNotNumber)
		}
		delete(s.leases, key)
		return t.put(key, strconv.AppendInt(nil, *sum, 10), ends)
	})
	if err != nil {
		return 0, err
	}
	return *sum, nil
}

// Touch implements [cache.Store].
func (s *Store) Touch(ctx context.Context, key string, life time.Duration) (bool, error) {
	if err := errors.Join(check.Key(key), cache.CheckLife(life)); err != nil {
		return false, err
	}
	touched := new(bool)
	err := s.write(ctx, func(t *table) error {
		e, found := t.get(key)
		if *touched = found; !found {
			return nil
		}
		return t.put(key, append([]byte(nil), e.value...), check.EndOf(t.now, life))
	})
	if err != nil {
		return false, err
	}
	return *touched, nil
}

// Life implements [cache.LifeTeller].
func (s *Store) Life(ctx context.Context, key string) (left time.Duration, found bool, err error) {
	if err := check.Key(key); err != nil {
		return 0, false, err
	}
	err = s.view(ctx, func(t *table) error {
		var e entry
		if e, found = t.get(key); e.ends == 0 {
			left = cache.NoExpiry
		} else {
			left = time.Duration(e.ends-t.now) * time.Millisecond
		}
		return nil
	})
	if err != nil || !found {
		return 0, false, err
	}
	return left, true, nil
}

func milliseconds() int64 { return time.Now().UnixMilli() }
