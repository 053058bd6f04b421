package ratelimit

import "sync/atomic"

// RuleStats are the sums of one limit rule since it was defined. A request is
// counted once for each limit of the rule.
type RuleStats struct {
	// Allowed and Refused are decisions. Those of a rule that is tried out
	// are counted as it found, though it refused nothing.
	Allowed, Refused int64
	// Leased and Remembered are those of them that needed no round trip:
	// admitted by leased units, and refused from memory.
	Leased, Remembered int64
	// Degraded are those that were made while the store was away.
	Degraded int64
}

// ruleStats counts for one rule, in parts: goroutines that count different keys
// seldom wait for each other's cache line.
type ruleStats [8]struct {
	allowed, refused, leased, remembered, degraded atomic.Int64

	_ [24]byte // no two parts in one cache line
}

func (s *ruleStats) add(q *Quota) {
	part := &s[int(q.Key[len(q.Key)-1])%len(s)] // no key is empty
	if q.Allowed {
		part.allowed.Add(1)
	} else {
		part.refused.Add(1)
	}
	switch q.Source {
	case FromLease:
		part.leased.Add(1)
	case FromMemory:
		part.remembered.Add(1)
	case FromShare, FromPolicy:
		part.degraded.Add(1)
	}
}

// Stats returns the sums of the rule.
func (r *Rule) Stats() RuleStats {
	var sum RuleStats
	for i := range r.stats {
		part := &r.stats[i]
		sum.Allowed += part.allowed.Load()
		sum.Refused += part.refused.Load()
		sum.Leased += part.leased.Load()
		sum.Remembered += part.remembered.Load()
		sum.Degraded += part.degraded.Load()
	}
	return sum
}
