package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// backend gives each call of a store its deadline, and stops calling one that
// keeps failing until it answers a ping. It is safe for concurrent use.
type backend struct {
	store   Store
	local   bool
	timeout time.Duration
	probe   time.Duration

	failures atomic.Int32 // in a row
	open     atomic.Bool  // the breaker: calls fail at once
	base     time.Time
	deadline atomic.Pointer[deadline]

	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	probing sync.WaitGroup
	mu      struct {
		sync.Mutex
		closed bool
	}
}

// maxFailures is how many calls in a row may fail before the breaker opens.
// Not smaller: a lost connection fails the calls that were under way on it.
// Not larger: each failure may cost a request the whole timeout.
const maxFailures = 5

// deadline is a context that several calls share. Making one for each call
// would cost more than a hit.
type deadline struct {
	context.Context
	from time.Duration // since backend.base
}

// deadlineShare is the part of the timeout during which calls may begin under
// one deadline: a call gets between one and one and a quarter timeouts.
const deadlineShare = 4

// errOpen is what calls get while the breaker is open, as it is after Close.
var errOpen = fmt.Errorf("%w: it has failed and is being probed, or the Cache is closed", ErrUnavailable)

func newBackend(store Store, timeout, probe time.Duration) *backend {
	b := &backend{store: store, timeout: timeout, probe: probe, base: time.Now()}
	if l, ok := store.(Local); ok {
		b.local = l.Local()
	}
	b.ctx, b.stop = context.WithCancel(context.Background())
	return b
}

// begin returns the context for a call, or an error that matches
// ErrUnavailable. The cancellation of ctx does not reach a store outside the
// process: the deadline is short.
func (b *backend) begin(ctx context.Context) (context.Context, error) {
	if b.open.Load() {
		return nil, errOpen
	}
	if b.local {
		return ctx, nil
	}
	now := time.Since(b.base) // half the cost of time.Now
	d := b.deadline.Load()
	if d == nil || now-d.from > b.timeout/deadlineShare {
		fresh, cancel := context.WithTimeout(b.ctx, b.timeout+b.timeout/deadlineShare)
		d = &deadline{fresh, now}
		b.deadline.Store(d) // another's is as good and ends by itself
		context.AfterFunc(fresh, cancel)
	}
	return d, nil
}

// end notes how a call ended, and returns its error as one that matches
// ErrUnavailable if the store gave no answer.
func (b *backend) end(err error) error {
	switch {
	case err == nil:
		if b.failures.Load() != 0 {
			b.failures.Store(0)
		}
		return nil
	case b.local:
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		if !errors.Is(err, ErrUnavailable) {
			err = fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	case !errors.Is(err, ErrUnavailable):
		return err
	}
	if b.failures.Add(1) >= maxFailures {
		b.trip()
	}
	return err
}

// trip opens the breaker and starts to probe.
func (b *backend) trip() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.closed || !b.open.CompareAndSwap(false, true) {
		return
	}
	b.probing.Go(func() {
		tick := time.NewTicker(b.probe)
		defer tick.Stop()
		for {
			// Not at once: a store may answer pings and nothing else.
			select {
			case <-tick.C:
			case <-b.ctx.Done():
				return
			}
			ctx, cancel := context.WithTimeout(b.ctx, max(b.timeout, b.probe))
			err := b.store.Ping(ctx)
			cancel()
			if err == nil {
				b.failures.Store(0)
				b.open.Store(false)
				return
			}
		}
	})
}

// close ends the probes and the calls under way. It does not close the store.
func (b *backend) close() {
	b.mu.Lock()
	b.mu.closed = true
	b.mu.Unlock()
	b.stop()
	b.probing.Wait()
	b.open.Store(true) // for good: nothing probes any more
}
