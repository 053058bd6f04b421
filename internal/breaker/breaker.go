package breaker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// ErrOpen is matched by the errors of calls that were not made, because the
// breaker is open. They match Config.Unavailable too.
var ErrOpen = errors.New("it has failed and is being probed, or its user is closed")

// Config is what a Breaker needs. All fields but Answered are required.
type Config struct {
	// Ping asks the store whether it answers.
	Ping func(ctx context.Context) error
	// Unavailable is matched by every error that means that the store gave no
	// answer.
	Unavailable error
	// Timeout is the deadline of a call.
	Timeout time.Duration
	// Probe is the time between two pings while the breaker is open.
	Probe time.Duration
	// Answered, if set, is called after a call without an error and after a
	// ping that closed the breaker. It must be quick.
	Answered func()
}

// A Breaker stands in front of one store. It is safe for concurrent use.
type Breaker struct {
	config Config

	failures atomic.Int32 // in a row
	open     atomic.Bool
	base     time.Time
	deadline atomic.Pointer[deadline]
	refusal  error

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
	from time.Duration // since Breaker.base
}

// deadlineShare is the part of the timeout during which calls may begin under
// one deadline: a call gets between one and one and a quarter timeouts.
const deadlineShare = 4

// New returns a closed breaker: calls go through. The caller closes it.
func New(c Config) *Breaker {
	if c.Answered == nil {
		c.Answered = func() {}
	}
	b := &Breaker{config: c, base: time.Now(), refusal: fmt.Errorf("%w: %w", c.Unavailable, ErrOpen)}
	b.ctx, b.stop = context.WithCancel(context.Background())
	return b
}

// Open reports whether calls fail at once.
func (b *Breaker) Open() bool { return b.open.Load() }

// Done is closed by Close.
func (b *Breaker) Done() <-chan struct{} { return b.ctx.Done() }

// Begin returns the context for a call, or an error that matches
// Config.Unavailable and [ErrOpen]. A call gets the deadline and no cancellation: it is
// short, and a call that is given up may yet happen.
func (b *Breaker) Begin() (context.Context, error) {
	if b.open.Load() {
		return nil, b.refusal
	}
	now := time.Since(b.base) // half the cost of time.Now
	d := b.deadline.Load()
	if d == nil || now-d.from > b.config.Timeout/deadlineShare {
		fresh, cancel := context.WithTimeout(b.ctx, b.config.Timeout+b.config.Timeout/deadlineShare)
		d = &deadline{fresh, now}
		b.deadline.Store(d) // another's is as good and ends by itself
		context.AfterFunc(fresh, cancel)
	}
	return d, nil
}

// End notes how a call ended, and returns its error as one that matches
// Config.Unavailable if the store gave no answer. Any answer, an error too,
// says that the store is there.
func (b *Breaker) End(err error) error {
	switch {
	case err != nil && errors.Is(err, b.config.Unavailable):
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		err = fmt.Errorf("%w: %w", b.config.Unavailable, err)
	default:
		if b.failures.Load() != 0 {
			b.failures.Store(0)
		}
		if err == nil {
			b.config.Answered()
		}
		return err
	}
	if b.failures.Add(1) >= maxFailures {
		b.trip()
	}
	return err
}

// trip opens the breaker and starts to probe.
func (b *Breaker) trip() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.closed || !b.open.CompareAndSwap(false, true) {
		return
	}
	b.probing.Go(b.probe)
}

// probe pings until there is an answer. Not at once: a store may answer pings
// and nothing else.
func (b *Breaker) probe() {
	tick := time.NewTicker(b.config.Probe)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-b.ctx.Done():
			return
		}
		ctx, cancel := context.WithTimeout(b.ctx, max(b.config.Timeout, b.config.Probe))
		err := b.config.Ping(ctx)
		cancel()
		if err == nil {
			b.failures.Store(0)
			b.open.Store(false)
			b.config.Answered()
			return
		}
	}
}

// Close ends the probes and the calls under way; later ones fail. It does not
// close the store. It is idempotent.
func (b *Breaker) Close() {
	b.mu.Lock()
	b.mu.closed = true
	b.mu.Unlock()
	b.stop()
	b.probing.Wait()
	b.open.Store(true) // for good: nothing probes any more
}
