package ratelimit

import "context"

// Refund takes back what Take has charged for a decision, as far as it has not
// lapsed: the charges that stand never exceed what the limits admit. With
// an error that matches [ErrUnavailable] it is not known what was. A decision
// must be refunded at most once; [Reservation] sees to that. Cost: one round
// trip; none for leased units, which go back to the lease, and stay
// charged where it has ended: a rule with RuleConfig.Refunds is not leased.
func (l *Limiter) Refund(ctx context.Context, d *Decision) error {
	return l.giveUp(ctx, d, func(*Quota) bool { return true })
}

// RefundIf is Refund for those quotas of a decision that which picks; the rest
// stays charged.
func (l *Limiter) RefundIf(ctx context.Context, d *Decision, which func(*Quota) bool) error {
	return l.giveUp(ctx, d, which)
}

// Release ends the leases that Take was granted by [Concurrency] limits, and
// leaves every other charge. Cost: one round trip; none if there is no lease.
func (l *Limiter) Release(ctx context.Context, d *Decision) error {
	return l.giveUp(ctx, d, func(q *Quota) bool { return q.Limit.Strategy == Concurrency })
}

// Extend gives the leases that Take was granted by [Concurrency] limits a whole
// Period again. held is false if one had ended: another may have its place.
// Cost: one round trip; none if there is no lease.
func (l *Limiter) Extend(ctx context.Context, d *Decision) (held bool, err error) {
	of := func(s Source) []Charge {
		return d.charges(func(q *Quota) bool { return q.Limit.Strategy == Concurrency && q.Source == s && q.granted > 0 })
	}
	remote, local := of(FromStore), of(FromShare)
	results := make([]Result, len(remote)+len(local))
	if len(remote) > 0 {
		if err := l.apply(ctx, Extend, remote, results[:len(remote)]); err != nil {
			return false, err
		}
	}
	if len(local) > 0 {
		if err := l.config.Local.Apply(ctx, Extend, local, results[len(remote):]); err != nil {
			return false, err
		}
	}
	for i := range results {
		if results[i].Granted == 0 {
			return false, nil
		}
	}
	return true, nil
}

// giveUp refunds those quotas of a decision that which picks.
func (l *Limiter) giveUp(ctx context.Context, d *Decision, which func(*Quota) bool) error {
	now := l.now()
	var local []Charge
	remote := d.charges(func(q *Quota) bool {
		if !which(q) {
			return false
		}
		q.Rule.refunded.Store(true)
		switch {
		case q.slice != nil:
			q.slice.giveBack(q.Cost, now)
		case q.Source == FromStore:
			return q.granted > 0
		case q.Source == FromShare && q.granted > 0:
			local = append(local, q.charge())
		}
		return false
	})
	if len(local) > 0 {
		if err := l.config.Local.Apply(ctx, Refund, local, make([]Result, len(local))); err != nil {
			l.config.OnError(ctx, err)
		}
	}
	if len(remote) == 0 {
		return nil
	}
	return l.apply(ctx, Refund, remote, make([]Result, len(remote)))
}

// charges returns the charges behind those quotas that which picks.
func (d *Decision) charges(which func(*Quota) bool) []Charge {
	var charges []Charge
	for q := range d.Quotas() {
		if which(q) {
			charges = append(charges, q.charge())
		}
	}
	return charges
}

// charge is what the store, or the local one, was asked to charge for a quota.
func (q *Quota) charge() Charge {
	c := Charge{Limit: q.Limit, Scope: q.Rule.scope, Key: q.Key, Cost: q.Cost, ID: q.id, Receipt: q.receipt}
	if q.Source == FromShare {
		c.Limit = part(c.Limit, q.instances)
	}
	return c
}

// refundAll takes charges back in the background of requests.
func (l *Limiter) refundAll(ctx context.Context, charges []Charge) {
	if len(charges) == 0 {
		return
	}
	if err := l.apply(ctx, Refund, charges, make([]Result, len(charges))); err != nil {
		l.tell(ctx, err)
	}
}
