package memory

import (
	"context"
	"fmt"
	"math/bits"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// Limits is the [ratelimit.Store] of one process, safe for concurrent use. No
// other process sees what is charged here: with eight, a limit is eight times
// as large. Its clock never jumps, whoever sets the wall clock. It starts no
// goroutine and needs no Close.
//
// # When it is full
//
// Memory is bounded (see [LimitsConfig.MaxBytes]). When there is no room for a
// new key, buckets that are as new go first. Then new keys share: a part of all
// new keys of a limit has one bucket together, until that bucket is as new. A
// charge to a shared bucket is not given back by Refund, except a lease. Where
// there is no room for that either, or for a longer log, the charge is refused.
// So a flood of keys makes limits stricter, never laxer, and keys that have a
// bucket do not notice it.
//
// # Keys
//
// A bucket is known by 128 bits of a hash of its scope, key and limit, with
// seeds that nobody knows: of n buckets two are one with a chance of n²/2¹²⁹,
// for a million 10⁻²⁷. The key itself is not kept.
//
// # Cost
//
// Apply takes the locks of its buckets' shards, of which there are 64, and
// allocates nothing unless memory grows: a table that doubles, or a log. With
// more than eight charges it allocates.
type Limits struct {
	shards [shardCount]limitShard
	seeds  limitSeeds
	plans  planCache
	start  time.Time
	now    func() int64 // for tests; nil: the clock
	logs   logBudget
}

var _ ratelimit.Binder = (*Limits)(nil)

// shardCount is the number of locks. Not smaller: goroutines on some tens of
// cores should seldom meet. Not larger: the shards that a call locks are the
// bits of a word.
const shardCount = 64

// NewLimits returns an empty store.
func NewLimits(cfg LimitsConfig) (*Limits, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	l := &Limits{seeds: newLimitSeeds(), start: time.Now(), logs: logBudget{most: cfg.MaxBytes / 4}}
	for i := range l.shards {
		l.shards[i].init(int(cfg.MaxBytes/4*3/shardCount/slotBytes), &l.logs)
	}
	return l, nil
}

// Supports returns nil: it counts by every limit.
func (l *Limits) Supports(ratelimit.Limit) error { return nil }

// Local implements [ratelimit.Local]: the buckets are of this process alone.
func (l *Limits) Local() bool { return true }

// Ping returns nil.
func (l *Limits) Ping(context.Context) error { return nil }

// LimitsStats says what a [Limits] holds.
type LimitsStats struct {
	Buckets int   // with those that are as new and not yet gone
	Shared  int   // of these, such as several keys share
	Bytes   int64 // that buckets and logs take
}

// Stats returns what the store holds. Cost: it takes every lock in turn.
func (l *Limits) Stats() LimitsStats {
	s := LimitsStats{Bytes: l.logs.used.Load()}
	for i := range l.shards {
		shard := &l.shards[i]
		shard.mu.Lock()
		s.Buckets += shard.own.used + shard.shared.used
		s.Shared += shard.shared.used
		s.Bytes += slotBytes * int64(len(shard.own.slots)+len(shard.shared.slots))
		shard.mu.Unlock()
	}
	return s
}

// Apply does what [ratelimit.Store] says. An ended context is the only error.
func (l *Limits) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memory: %w: %w", ratelimit.ErrUnavailable, err)
	}
	// What is worked with stays on the stack if it is of a size known here.
	switch n := len(charges); {
	case n == 1:
		var (
			work     [1]limitWork
			accounts [1]ratelimit.Account
		)
		l.apply(op, charges, results, work[:], accounts[:])
	case n <= 8:
		var (
			work     [8]limitWork
			accounts [8]ratelimit.Account
		)
		l.apply(op, charges, results, work[:n], accounts[:n])
	default:
		l.apply(op, charges, results, make([]limitWork, n), make([]ratelimit.Account, n))
	}
	return nil
}

// A limitWork is what a call knows about one charge.
type limitWork struct {
	digest digest
	common digest // of the bucket that the key shares if it has none
	shard  *limitShard
	place  place
	room   int // of the log, in entries
}

// A place is where the bucket of a charge is, or goes.
type place uint8

const (
	own     place = iota // the key has a bucket, or there is room for one
	shared               // it has one together with others
	nowhere              // there is no room
)

func (l *Limits) apply(
	op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result,
	work []limitWork, accounts []ratelimit.Account,
) {
	var shards uint64 // one bit for each
	for i := range charges {
		c, w := &charges[i], &work[i]
		planned := l.plans.of(c, &l.seeds)
		w.digest = l.seeds.digest(c.Key, planned.hash)
		w.common = sharedDigest(w.digest, planned.hash)
		accounts[i].Plan = &planned.plan
		at := w.digest.hi % shardCount
		w.shard = &l.shards[at]
		shards |= 1 << at
	}
	l.lock(shards)
	now := l.micros() // under the locks: no bucket has seen a later time
	for i := range work {
		l.load(op, now, i, work, &accounts[i])
	}
	if op == ratelimit.Take {
		ratelimit.ApplyAll(op, now, accounts, charges, results)
	} else {
		for i := range accounts {
			results[i] = applyTo(&accounts[i], op, now, &charges[i], work[i].place)
		}
	}
	for i := range work {
		if op != ratelimit.Peek && (op == ratelimit.Refund || op == ratelimit.Reset || results[i].Granted > 0) {
			l.keep(op, &work[i], &accounts[i])
		}
	}
	l.unlock(shards)
}

// applyTo does for one charge what is no Take. Of what several keys share, only
// that is given back of which it is known whose it was.
func applyTo(a *ratelimit.Account, op ratelimit.Op, now int64, c *ratelimit.Charge, in place) ratelimit.Result {
	logged := a.Plan.Strategy == ratelimit.MovingWindow || a.Plan.Strategy == ratelimit.Concurrency
	if in == shared && (op == ratelimit.Reset || op == ratelimit.Refund && !logged) {
		nothing := ratelimit.Charge{}
		return a.Bucket.Apply(a.Plan, ratelimit.Refund, now, &nothing)
	}
	return a.Bucket.Apply(a.Plan, op, now, c)
}

// lock takes the locks of shards in their order: two calls cannot wait for each
// other.
func (l *Limits) lock(shards uint64) {
	for ; shards != 0; shards &= shards - 1 {
		l.shards[bits.TrailingZeros64(shards)].mu.Lock()
	}
}

func (l *Limits) unlock(shards uint64) {
	for ; shards != 0; shards &= shards - 1 {
		l.shards[bits.TrailingZeros64(shards)].mu.Unlock()
	}
}

// micros is the store's clock, above 0.
func (l *Limits) micros() int64 {
	if l.now != nil {
		return l.now()
	}
	return int64(time.Since(l.start)/time.Microsecond) + 1
}
