package optimistic

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// Limits is a [ratelimit.Store] over Records, but for Ping. It is safe for
// concurrent use.
//
// Each bucket is one record: it is read, changed here and swapped, again and
// again until nobody was faster; callers of one process wait for each other
// instead.
//
// Several buckets are read at once. If none of them refuses, they are charged
// one after the other, in an order that is the same for all callers; if one of
// them refuses by then, what was charged is taken back. Nothing more is
// admitted than if it were one step.
//
// # Clocks
//
// The clock is this process's; a bucket never goes behind the time that another
// process has left in it. So all charges lie in as many times T as there are
// clocks, one for each process and for each step of one forward, and of each T
// admits the limit what it does; if the clocks differ by at most S, the times
// lie in one of T+S. The rest is that a record outlives what it counts, by the
// server's clock: by a whole life after the last charge, and by keep, which is
// the largest S for which the second holds.
type Limits struct {
	records Records
	maxLog  int64
	now     func() int64 // microseconds
	latest  atomic.Int64 // that now has returned
	turns   turns
}

// New returns limits over records that can hold maxLog entries of a log.
func New(records Records, maxLog int64) *Limits {
	return &Limits{records: records, maxLog: maxLog, now: func() int64 { return time.Now().UnixMicro() }}
}

// SetNow makes the limits take a time, in microseconds, for the clock's: for
// tests.
func (l *Limits) SetNow(now int64) { l.now = func() int64 { return now } }

// time returns the clock's, and notes it.
func (l *Limits) time() int64 {
	now := l.now()
	for latest := l.latest.Load(); now > latest && !l.latest.CompareAndSwap(latest, now); {
		latest = l.latest.Load()
	}
	return now
}

// maxSwaps bounds how often a change is tried. Each time it fails, another's
// has succeeded: not smaller, or some hundred callers of one bucket could wear
// one of them out; not larger, or a caller without a deadline could be at it
// for longer than a minute.
const maxSwaps = 10_000

// keep is for how long a record is kept after its bucket has lapsed by the
// writer's clock. Not shorter: the clocks of the processes and of the server
// differ, and a bucket that one of them forgets while another still counts by
// it would let more pass. Not longer: a flood of keys of a short limit takes so
// much more room.
const keep = 10 * time.Second

// life is for how long a record is kept: as long as any charge of the limit
// counts, from now on, and keep. What is left of the bucket would not do: by
// the clock of the next who writes, which is ahead, that may be nothing, and
// those who are behind would begin anew.
func life(p *ratelimit.Plan) time.Duration {
	micros := p.Period
	switch p.Strategy {
	case ratelimit.SlidingWindow:
		micros = 2 * p.Period
	case ratelimit.GCRA:
		micros = p.Ceiling/p.Drain + 1
	}
	return keep + time.Duration(micros)*time.Microsecond
}

// Supports implements [ratelimit.Store].
func (l *Limits) Supports(limit ratelimit.Limit) error {
	logged := limit.Strategy == ratelimit.MovingWindow || limit.Strategy == ratelimit.Concurrency
	if logged && limit.Amount > l.maxLog {
		return fmt.Errorf("%w: %s with an amount of %d, want at most %d: each charge carries the whole log over the network",
			ratelimit.ErrUnsupported, limit.Strategy, limit.Amount, l.maxLog)
	}
	return nil
}

// Apply implements [ratelimit.Store].
func (l *Limits) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	for i := range charges {
		if err := l.Supports(charges[i].Limit); err != nil {
			return err
		}
	}
	c := l.newCall(charges, results)
	switch op {
	case ratelimit.Reset:
		return c.reset(ctx)
	case ratelimit.Take:
		return c.take(ctx)
	case ratelimit.Peek:
		return c.peek(ctx)
	}
	if err := c.read(ctx); err != nil {
		return err
	}
	for i := range charges {
		if err := c.change(ctx, op, i, &charges[i]); err != nil {
			return err
		}
	}
	return nil
}
