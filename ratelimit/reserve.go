package ratelimit

import (
	"context"
	"sync/atomic"
)

// A Reservation is a charge that is not decided yet: it counts, for everybody,
// from the moment it is made, and stays unless it is cancelled. So of many
// attempts at once no more pass than the limits admit, though only some of them
// will count. It is safe for concurrent use.
type Reservation struct {
	limiter  *Limiter
	decision Decision
	done     atomic.Bool
}

// Reserve is Take for a charge that may be taken back: end the Reservation
// with Commit or with Cancel, once its outcome is known. It is nil if the
// Decision refuses. One that is left to itself stays charged.
func (l *Limiter) Reserve(ctx context.Context, uses ...Use) (*Reservation, Decision, error) {
	for _, u := range uses {
		if u.Rule != nil {
			u.Rule.refunded.Store(true)
		}
	}
	d, err := l.decide(ctx, Take, uses)
	if err != nil || !d.Allowed {
		return nil, d, err
	}
	return &Reservation{limiter: l, decision: d}, d, nil
}

// Commit lets the charges stand. It ends the leases of [Concurrency] limits:
// what they counted is over. Only the first of Commit and Cancel does anything.
// Cost: none, or one round trip if there is a lease to end.
func (r *Reservation) Commit(ctx context.Context) error {
	if !r.done.CompareAndSwap(false, true) {
		return nil
	}
	return r.limiter.Release(ctx, &r.decision)
}

// Cancel takes the charges back, as [Limiter.Refund] does. Only the first of
// Commit and Cancel does anything. Cost: one round trip.
func (r *Reservation) Cancel(ctx context.Context) error {
	if !r.done.CompareAndSwap(false, true) {
		return nil
	}
	return r.limiter.Refund(ctx, &r.decision)
}

// Extend keeps the leases of [Concurrency] limits, as [Limiter.Extend] does.
func (r *Reservation) Extend(ctx context.Context) (held bool, err error) {
	return r.limiter.Extend(ctx, &r.decision)
}
