package ratelimit

import (
	"context"
	"time"
)

// A Binder is a [Local] store that works out once what all keys of a limit have
// in common. Rules with one limit then take the shortest way.
type Binder interface {
	Store
	Local
	// Bind returns what charges the buckets of a limit, which is valid and
	// supported, under a Scope.
	Bind(scope string, l Limit) Bound
}

// A Bound charges the buckets of one limit. It is safe for concurrent use.
type Bound interface {
	// Take is [Store.Apply] with [Take] and one charge of cost units, without
	// an ID, to key. It returns the Result in parts, which fit into registers:
	// the cost is granted iff retryAfter is 0.
	Take(key string, cost int64) (remaining int64, retryAfter, resetAfter time.Duration, receipt Receipt)
}

// bind prepares a rule for the shortest way, if it can take it.
func (r *Rule) bind(store Store) {
	b, ok := store.(Binder)
	if ok && r.limiter.local && len(r.limits) == 1 && r.limits[0].Strategy != Concurrency {
		r.bound = b.Bind(r.scope, r.limits[0])
	}
}

// isBound reports whether a use can take the shortest way.
func (l *Limiter) isBound(u *Use) bool {
	return u.Rule != nil && u.Rule.limiter == l && u.Rule.bound != nil && u.Limits == nil && !u.Check
}

// takeBound is decide for one use of a bound rule.
func (r *Rule) takeBound(ctx context.Context, key string, n int64, d *Decision) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if key == "" || n < 0 || n > MaxAmount {
		return r.limiter.check(&Use{Rule: r, Key: key, Cost: n})
	}
	d.count = 1
	q := &d.one
	q.Rule, q.Limit, q.Key, q.Cost = r, r.limits[0], key, n
	q.Remaining, q.RetryAfter, q.ResetAfter, q.receipt = r.bound.Take(key, n)
	if q.RetryAfter == 0 {
		q.Allowed, q.granted = true, n
	}
	d.Allowed = q.Allowed || r.config.DryRun
	d.record(ctx)
	return nil
}
