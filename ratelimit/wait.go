package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// ErrWouldWait is matched by the error of [Limiter.Wait] when the context ends
// before the charge could be admitted, or it never could be. Nothing is
// charged.
var ErrWouldWait = errors.New("ratelimit: the wait would be too long")

// maxPause bounds one pause of [Limiter.Wait]: units may be refunded, or a
// lease released, before the store said so.
const maxPause = time.Second

// minPause keeps those who wait from asking all the time.
const minPause = time.Millisecond

// Wait is Take that waits until the uses are admitted. It fails at once, with
// [ErrWouldWait], if they cannot be before the deadline of ctx, or never. Who
// waits is not in a queue: each is admitted when it asks at the right time.
// Cost: one round trip for each attempt; at least one a second.
func (l *Limiter) Wait(ctx context.Context, uses ...Use) (Decision, error) {
	for {
		d, err := l.decide(ctx, Take, uses)
		if err != nil && ctx.Err() != nil {
			return d, fmt.Errorf("%w: %w", ErrWouldWait, ctx.Err())
		}
		if err != nil || d.Allowed {
			return d, err
		}
		wait := d.RetryAfter()
		if wait == Never {
			return d, fmt.Errorf("%w: the cost is above the limit", ErrWouldWait)
		}
		left := time.Duration(math.MaxInt64)
		if deadline, ok := ctx.Deadline(); ok {
			left = time.Until(deadline)
		}
		if left < wait && !d.mayLift() {
			return d, fmt.Errorf("%w: %s, beyond the deadline", ErrWouldWait, wait)
		}
		// A little longer, at random: those who wait for one unit must not all
		// ask at once.
		wait = min(max(wait, minPause), maxPause)
		spread := max(0, min(wait/8, left-wait-minPause))
		timer := time.NewTimer(wait + rand.N(spread+1))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return d, fmt.Errorf("%w: %w", ErrWouldWait, ctx.Err())
		}
	}
}

// mayLift reports whether a refusal may end before its RetryAfter: a lease may
// be released, or a charge taken back, at any time.
func (d *Decision) mayLift() bool {
	for q := range d.Quotas() {
		if !q.Allowed && (q.Limit.Strategy == Concurrency || q.Rule.refunded.Load()) {
			return true
		}
	}
	return false
}

// Wait charges n units to key as soon as all limits of the rule admit them.
// [Limiter.Wait] says the rest.
func (r *Rule) Wait(ctx context.Context, key string, n int64) (Decision, error) {
	return r.limiter.Wait(ctx, Use{Rule: r, Key: key, Cost: n})
}
