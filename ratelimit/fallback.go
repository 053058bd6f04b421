package ratelimit

import (
	"context"
	"fmt"
)

// fallBack decides without the store, as each rule says. cause is why the
// store gave no answer.
func (l *Limiter) fallBack(ctx context.Context, c *call, op Op, d *Decision, cause error) error {
	d.Allowed = true
	if op == Reset {
		l.settle(c, d, false)
		return cause
	}
	// Charges that are counted in this process's share move to the front.
	shared := 0
	for i := range c.charges {
		q := d.quota(c.index[i])
		switch q.Rule.config.OnStoreError {
		case FailOpen:
			q.Source, q.Allowed, q.Remaining = FromPolicy, true, -1
		case FailClosed:
			q.Source, q.Allowed, q.Remaining = FromPolicy, false, -1
			if !q.Rule.config.DryRun {
				d.Allowed = false
			}
		case FailShare:
			c.charges[shared], c.index[shared] = c.charges[i], c.index[i]
			shared++
		}
	}
	if !d.Allowed {
		for _, i := range c.index[:shared] {
			d.quota(i).unasked = true
		}
		l.settle(c, d, false)
		return cause
	}
	if shared > 0 {
		if err := l.share(ctx, c, op, d, shared); err != nil {
			d.Allowed = false
			l.settle(c, d, false)
			return fmt.Errorf("%w; the local store failed too: %w", cause, err)
		}
	}
	l.settle(c, d, false)
	return nil
}

// share decides the first n charges in Config.Local, by this process's part of
// each limit.
func (l *Limiter) share(ctx context.Context, c *call, op Op, d *Decision, n int) error {
	instances := l.Instances()
	for i := range c.charges[:n] {
		q, charge := d.quota(c.index[i]), &c.charges[i]
		charge.Cost, charge.Least = q.Cost, 0
		charge.Limit, q.instances = part(charge.Limit, instances), instances
	}
	if err := l.config.Local.Apply(ctx, op, c.charges[:n], c.results[:n]); err != nil {
		return err
	}
	for i := range c.charges[:n] {
		q, r := d.quota(c.index[i]), &c.results[i]
		q.Source, q.Allowed, q.Remaining = FromShare, r.Allowed, r.Remaining
		q.RetryAfter, q.ResetAfter = r.RetryAfter, r.ResetAfter
		q.granted, q.receipt = r.Granted, r.Receipt
		if !q.Allowed && !q.Rule.config.DryRun {
			d.Allowed = false
		}
	}
	return nil
}

// part returns one process's share of a limit, at least one unit if the limit
// has any.
func part(l Limit, instances int) Limit {
	if l.Amount > 0 {
		l.Amount = max(1, l.Amount/int64(instances))
	}
	if l.Burst > 0 {
		l.Burst = max(1, l.Burst/int64(instances))
	}
	return l
}
