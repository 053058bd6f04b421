package ratelimit

import (
	"cmp"
	"iter"
	"time"
)

// A Source says who decided.
type Source uint8

const (
	// FromStore is the rule: the store has decided.
	FromStore Source = iota
	// FromLease is a decision by units that this process holds.
	FromLease
	// FromMemory is a refusal that this process remembered, or that needs no
	// store, since the cost is above what the limit ever lets pass.
	FromMemory
	// FromShare is a decision by this process's share, as the store was away.
	FromShare
	// FromPolicy is what [FailOpen] or [FailClosed] says, as the store was
	// away.
	FromPolicy
)

// A Quota is what one limit says to a request.
type Quota struct {
	Rule  *Rule
	Limit Limit
	// Key and Cost are those of the [Use].
	Key  string
	Cost int64
	// Allowed reports whether this limit admits the cost.
	Allowed bool
	// Source says who decided. Remaining and ResetAfter are estimates unless it
	// was the store, and Remaining is -1 where they are not known.
	Source Source
	// Remaining is the largest cost that would be admitted next.
	Remaining int64
	// RetryAfter is how long until the cost would be admitted if nobody else
	// uses the key; 0 if it is, [Never] if it never will be.
	RetryAfter time.Duration
	// ResetAfter is how long until the key is as if it had never been used.
	ResetAfter time.Duration

	granted   int64 // units charged in the store for this request
	id        ID
	receipt   Receipt
	slice     *slice // what the units came from, or went to
	instances int    // FromShare: what the limit was divided by
	unasked   bool   // it was not decided on: the request was refused before
}

// A Decision is the answer to a request. The zero Decision refuses.
type Decision struct {
	// Allowed reports whether the request may proceed. Limits of rules that
	// are tried out have no say in it.
	Allowed bool
	// Degraded is why the store was not asked, or nil. Its text may name
	// hosts: log it, never serve it.
	Degraded error

	one    Quota
	others []Quota
	count  int
}

// Quotas returns what each limit says, in the order of the uses and of their
// limits. Not every limit need be there if the request was refused by what this
// process remembered.
func (d *Decision) Quotas() iter.Seq[*Quota] {
	return func(yield func(*Quota) bool) {
		for i := range d.count {
			if !yield(d.quota(i)) {
				return
			}
		}
	}
}

// Len returns the number of quotas.
func (d *Decision) Len() int { return d.count }

func (d *Decision) quota(i int) *Quota {
	if i == 0 {
		return &d.one
	}
	return &d.others[i-1]
}

// resize makes room for n quotas. One needs no allocation.
func (d *Decision) resize(n int) {
	d.count = n
	if n > 1 {
		d.others = make([]Quota, n-1)
	}
}

// Closest returns the quota that governs: of a refusal, the refusing one with
// the longest RetryAfter; otherwise the one of which the smallest share is
// left. nil if no limit applied.
func (d *Decision) Closest() *Quota {
	var best *Quota
	for q := range d.Quotas() {
		if q.Rule.config.DryRun {
			continue
		}
		if best == nil || q.Compare(best) < 0 {
			best = q
		}
	}
	return best
}

// Compare is negative if q governs rather than other: what refuses comes first,
// the longest wait first; then what has the smallest share left, and of equal
// shares the one that is whole last. A share that is not known comes last.
func (q *Quota) Compare(other *Quota) int {
	switch {
	case q.Allowed != other.Allowed:
		return falseFirst(q.Allowed, other.Allowed)
	case !q.Allowed && q.RetryAfter != other.RetryAfter:
		if q.RetryAfter == Never || other.RetryAfter == Never {
			return falseFirst(q.RetryAfter != Never, other.RetryAfter != Never)
		}
		return cmp.Compare(other.RetryAfter, q.RetryAfter)
	}
	left, known := q.Left()
	others, othersKnown := other.Left()
	return cmp.Or(
		falseFirst(!known, !othersKnown),
		// Both products are at most MaxAmount², which an int64 holds.
		cmp.Compare(left*max(other.Limit.Most(), 1), others*max(q.Limit.Most(), 1)),
		cmp.Compare(other.ResetAfter, q.ResetAfter),
	)
}

// read takes over what the store found.
func (q *Quota) read(r *Result) {
	q.Allowed, q.Remaining = r.Allowed, r.Remaining
	q.RetryAfter, q.ResetAfter = r.RetryAfter, r.ResetAfter
	q.granted, q.receipt = r.Granted, r.Receipt
}

// Left returns the units that are left, and whether that is known: of a quota
// that refused, at least none are.
func (q *Quota) Left() (n int64, known bool) {
	return max(q.Remaining, 0), q.Remaining >= 0 || !q.Allowed
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// RetryAfter returns how long until every refusing limit would admit the
// request; 0 if it is allowed, [Never] if one never will.
func (d *Decision) RetryAfter() time.Duration {
	if q := d.Closest(); q != nil && !d.Allowed {
		return q.RetryAfter
	}
	return 0
}
