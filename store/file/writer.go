package file

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/hone-go/hone/cache"
)

// A job is one write. It runs in the writer's goroutine, which alone knows the
// leases. If it fails with an error of the contract it has changed nothing. It
// may run twice, if the first transaction failed.
type job struct {
	run  func(t *table) error
	err  error
	done chan error
}

// maxGroup bounds how many jobs share a transaction. Not larger: the last
// waits for all. Not smaller: each transaction costs two syncs.
const maxGroup = 256

var errClosed = errors.New("the store is closed")

func unavailable(cause error) error {
	return fmt.Errorf("file: %w: %w", cache.ErrUnavailable, cause)
}

// write runs f in a transaction, together with others, and returns when it is
// on the disk.
func (s *Store) write(ctx context.Context, f func(t *table) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	j := &job{run: f, done: make(chan error, 1)}
	select {
	case <-s.closing:
		return unavailable(errClosed)
	default:
	}
	select {
	case s.jobs <- j:
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case <-s.closing:
		return unavailable(errClosed)
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case <-s.closed:
	}
	select { // it may have been the last
	case err := <-j.done:
		return err
	default:
		return unavailable(errClosed)
	}
}

// runWriter is the goroutine that writes. It ends when closing is closed.
func (s *Store) runWriter() {
	defer close(s.closed)
	tick := time.NewTicker(expiryInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.closing:
			return
		case j := <-s.jobs:
			s.commit(s.collect(j))
		case <-tick.C:
			s.leases.prune(time.Now())
			if !s.someExpired() {
				continue
			}
			s.commit([]*job{{run: func(t *table) error { return t.expire(maxExpired) }, done: make(chan error, 1)}})
		}
	}
}

// Expired entries are removed this often, and so many at a time. Not more
// often: it is a sync each time, and they are not served meanwhile. Not more
// of them: others wait.
const (
	expiryInterval = time.Second
	maxExpired     = 10_000
)

// collect returns the first job and those that wait already.
func (s *Store) collect(first *job) []*job {
	group := []*job{first}
	for len(group) < maxGroup {
		select {
		case j := <-s.jobs:
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

// commit runs jobs in one transaction, tells of the changes, and answers.
func (s *Store) commit(group []*job) {
	leases := maps.Clone(s.leases)
	events, err := s.transact(group)
	if errors.Is(err, berrors.ErrMaxSizeReached) {
		// The pages that are free are not where they are needed.
		s.leases = maps.Clone(leases)
		var dropped []event
		if dropped, err = s.transact([]*job{{run: s.dropQuarter}}); err == nil {
			events, err = s.transact(group)
			events = append(dropped, events...)
		}
	}
	if err != nil {
		s.leases = leases
	}
	s.watches.tell(events)
	s.writing.Store(0)
	for _, j := range group {
		if err != nil {
			j.err = unavailable(err)
		}
		j.done <- j.err
	}
}

// dropQuarter removes a quarter of what is stored. Not less: the next write
// would need it again.
func (s *Store) dropQuarter(t *table) error { return t.shrink(t.used / 4 * 3) }

// transact runs jobs in one transaction. An error means that none has happened,
// but for leases, and they may run again.
func (s *Store) transact(group []*job) ([]event, error) {
	tx, err := s.db.Begin(true)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // fails once it is committed
	t := openTable(tx, milliseconds())
	for _, j := range group {
		if j.err = j.run(t); j.err != nil && !errors.Is(j.err, cache.ErrNotNumber) {
			return nil, j.err
		}
	}
	if !t.wrote {
		return nil, nil // without a sync
	}
	if err := errors.Join(t.shrink(s.cfg.budget()), t.finish()); err != nil {
		return nil, err
	}
	// From here on others can see what the watches have not been told.
	s.writing.CompareAndSwap(0, time.Now().UnixNano())
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	return t.events, nil
}
