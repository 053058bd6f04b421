package ratelimit

import "context"

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
	// an ID, to key.
	Take(key string, cost int64) Result
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
	result := r.bound.Take(key, n)
	d.count = 1
	q := &d.one
	q.Rule, q.Limit, q.Key, q.Cost = r, r.limits[0], key, n
	q.read(&result)
	d.Allowed = q.Allowed || r.config.DryRun
	d.record(ctx)
	return nil
}
