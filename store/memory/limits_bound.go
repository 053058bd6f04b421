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
func (b *boundLimit) Take(key string, cost int64) (remaining int64, retryAfter, resetAfter time.Duration, receipt ratelimit.Receipt) {
	if b.logged {
		return b.apply(key, cost)
	}
	l, d := b.limits, b.limits.seeds.digest(key, b.hash)
	shard := &l.shards[d.hi%shardCount]
	shard.mu.Lock()
	slot := shard.own.find(d)
	var bucket ratelimit.Bucket
	switch {
	case slot != nil:
		bucket.At = slot.at()
		bucket.Used, bucket.Before = slot.counters(&b.plan)
	case shard.shared.used > 0 || !shard.own.fits(1):
		shard.mu.Unlock()
		return b.apply(key, cost)
	}
	now := l.micros()
	remaining, retryAfter, resetAfter, receipt = bucket.TakeUnits(&b.plan, now, cost)
	if retryAfter == 0 && cost > 0 {
		if slot == nil {
			slot = shard.own.insert(d)
		}
		slot.setTimes(bucket.At, now+int64(resetAfter/time.Microsecond))
		slot.setCounters(bucket.Used, bucket.Before)
	}
	shard.mu.Unlock()
	return remaining, retryAfter, resetAfter, receipt
}

// apply is the long way, for what needs room or may share a bucket.
func (b *boundLimit) apply(key string, cost int64) (remaining int64, retryAfter, resetAfter time.Duration, receipt ratelimit.Receipt) {
	charges := [1]ratelimit.Charge{{Limit: b.limit, Scope: b.scope, Key: key, Cost: cost}}
	var (
		results  [1]ratelimit.Result
		work     [1]limitWork
		accounts [1]ratelimit.Account
	)
	b.limits.apply(ratelimit.Take, charges[:], results[:], work[:], accounts[:])
	r := &results[0]
	return r.Remaining, r.RetryAfter, r.ResetAfter, r.Receipt
}
