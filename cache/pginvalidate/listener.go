package pginvalidate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/measure"
)

// ErrPooler is matched by the error of [Listener.Run] when notifications do not
// reach its connection: a pooler in between gives the server to others
// meanwhile. Give [New] the address of PostgreSQL itself.
var ErrPooler = errors.New("pginvalidate: LISTEN needs PostgreSQL itself, or a pooler in session mode")

// A Listener turns notifications of the triggers into invalidations. It is safe
// for concurrent use.
type Listener struct {
	conn    *pgx.ConnConfig
	to      Invalidator
	cfg     Config
	channel string
	whole   []string // what to invalidate for everything; nil: Clear
	pending *pending

	running   atomic.Bool
	connected atomic.Bool
	created   time.Time
	proven    atomic.Int64 // nanoseconds after created: see Lag
	count     counts
	delay     measure.Histogram
}

type counts struct {
	connects, notifications, tags, calls, clears, failures atomic.Int64
}

// New returns a Listener for the database at conn, which it copies: to
// PostgreSQL itself, not through a pooler in transaction mode. It does no I/O;
// call [Listener.Run]. The error names every field that is wrong.
func New(conn *pgx.ConnConfig, to Invalidator, cfg Config) (*Listener, error) {
	cfg = cfg.withDefaults()
	p, err := cfg.Setup.compile()
	if err = errors.Join(err, cfg.validate()); err != nil {
		return nil, err
	}
	if conn == nil || to == nil {
		return nil, errors.New("pginvalidate: New needs a connection's configuration and an Invalidator")
	}
	conn = conn.Copy()
	conn.Tracer = nil
	conn.OnNotification = nil // pgx's own, which keeps them for us
	conn.ConnectTimeout = cfg.Timeout
	return &Listener{
		conn: conn, to: to, cfg: cfg, channel: p.channel, whole: p.whole(),
		pending: newPending(), created: time.Now(),
	}, nil
}

// How long to wait after a failure, doubled with each in a row. A try costs
// little, and every one of these moments adds to the time for which stale
// values are served.
const (
	firstPause = 20 * time.Millisecond
	maxPause   = time.Second
)

// Run listens, and invalidates what has changed, until ctx ends; the error is
// then that of ctx. A connection that fails is made anew, and an invalidation
// that fails is tried again, for as long as it takes. Any other error means
// that trying again is of no use: it matches [ErrPooler], or Run was running.
//
// Whenever it has begun to listen, first of all at the start, what it may have
// missed is invalidated: the All tags of all rules, or everything if a rule has
// none.
func (l *Listener) Run(ctx context.Context) error {
	if !l.running.CompareAndSwap(false, true) {
		return errors.New("pginvalidate: Run is running already")
	}
	defer l.running.Store(false)
	ctx, cancel := context.WithCancel(ctx)
	var applying sync.WaitGroup
	applying.Go(func() { l.apply(ctx) })
	defer applying.Wait()
	defer cancel()
	for pause := firstPause; ; {
		before := l.count.connects.Load()
		err := l.session(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.report(ctx, err)
		if errors.Is(err, ErrPooler) {
			return err
		}
		if l.count.connects.Load() != before {
			pause = firstPause
		}
		pause = l.rest(ctx, pause)
	}
}

// rest waits about the pause, and returns the next one.
func (l *Listener) rest(ctx context.Context, pause time.Duration) time.Duration {
	wait(ctx, pause/2+rand.N(pause/2+1)) // many listeners lose a server at once
	return min(2*pause, maxPause)
}

func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// apply invalidates what is pending until ctx ends.
func (l *Listener) apply(ctx context.Context) {
	pause := firstPause
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.pending.wake:
		}
		wait(ctx, l.cfg.Gather)
		b := l.pending.take()
		if err := l.invalidate(ctx, b); err != nil {
			l.pending.add(b) // and with it what has come meanwhile
			l.count.failures.Add(1)
			if ctx.Err() == nil {
				l.report(ctx, err)
			}
			pause = l.rest(ctx, pause)
			continue
		}
		pause = firstPause
		now := time.Now()
		for _, t := range b.stamps {
			l.delay.Record(max(0, now.Sub(t)))
		}
		if !b.proven.IsZero() {
			l.proven.Store(int64(b.proven.Sub(l.created)))
		}
	}
}

// tagsPerCall is how many tags are invalidated in one call. Not more: the
// store should not stop for long. Not fewer: each call is a round trip.
const tagsPerCall = 500

// invalidate applies a batch.
func (l *Listener) invalidate(ctx context.Context, b batch) error {
	call := func(f func(context.Context) error) error {
		ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
		defer cancel()
		l.count.calls.Add(1)
		return f(ctx)
	}
	tags := make([]string, 0, len(b.tags)+len(l.whole))
	for t := range b.tags {
		tags = append(tags, t)
	}
	if b.everything {
		l.count.clears.Add(1)
		if l.whole == nil {
			if err := call(l.to.Clear); err != nil {
				return fmt.Errorf("pginvalidate: %w", err)
			}
			return nil
		}
		tags = append(tags, l.whole...)
	}
	for some := range slices.Chunk(tags, tagsPerCall) {
		if err := call(func(ctx context.Context) error { return l.to.Invalidate(ctx, some...) }); err != nil {
			return fmt.Errorf("pginvalidate: %w", err)
		}
		l.count.tags.Add(int64(len(some)))
	}
	return nil
}

func (l *Listener) report(ctx context.Context, err error) {
	if l.cfg.OnError != nil {
		l.cfg.OnError(ctx, err)
	}
}
