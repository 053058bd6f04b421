package memory

import (
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// A boundLimit is a limit with its scope: what is worked out once for all keys.
type boundLimit struct {
	limits *Limits
	limit  ratelimit.Limit
	scope  string
	plan   ratelimit.Plan
	hash   limitHash
	logged bool
}

// Bind implements [ratelimit.Binder].
func (l *Limits) Bind(scope string, limit ratelimit.Limit) ratelimit.Bound {
	c := ratelimit.Charge{Limit: limit, Scope: scope}
	return &boundLimit{
		limits: l, limit: limit, scope: scope, plan: limit.Plan(), hash: l.seeds.rest(&c),
		logged: limit.Strategy == ratelimit.MovingWindow || limit.Strategy == ratelimit.Concurrency,
	}
}

// Take implements [ratelimit.Bound].
func (b *boundLimit) Take(key string, cost int64) ratelimit.Result {
	if b.logged {
		return b.apply(key, cost)
	}
	l, d := b.limits, b.limits.seeds.digest(key, b.hash)
	shard := &l.shards[d.hi%shardCount]
	shard.mu.Lock()
	slot := shard.own.find(d)
	if slot == nil {
		shard.mu.Unlock()
		return b.apply(key, cost)
	}
	c := ratelimit.Charge{Cost: cost}
	bucket := ratelimit.Bucket{At: slot.at, Used: slot.used, Before: slot.before}
	now := l.micros()
	r := bucket.Take(&b.plan, now, &c)
	if r.Granted > 0 {
		slot.at, slot.used, slot.before = bucket.At, bucket.Used, bucket.Before
		slot.until = now + int64(r.ResetAfter/time.Microsecond)
	}
	shard.mu.Unlock()
	return r
}

// apply is the long way, for what needs room.
func (b *boundLimit) apply(key string, cost int64) ratelimit.Result {
	charges := [1]ratelimit.Charge{{Limit: b.limit, Scope: b.scope, Key: key, Cost: cost}}
	var (
		results  [1]ratelimit.Result
		work     [1]limitWork
		accounts [1]ratelimit.Account
	)
	b.limits.apply(ratelimit.Take, charges[:], results[:], work[:], accounts[:])
	return results[0]
}
