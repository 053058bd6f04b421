package ratelimit

import "time"

// prepare answers what this process can without the store: it spends units that
// it holds, and refuses what it remembers and what no bucket ever admits. What
// is left stays in c.charges. It returns false if the request is refused.
func (l *Limiter) prepare(c *call, d *Decision) bool {
	now := l.now()
	c.epoch = l.denied.epoch.Load()
	for i := len(c.charges) - 1; i >= 0; i-- {
		q, u := d.quota(c.index[i]), &c.uses[c.index[i]]
		switch {
		case q.never():
			q.Source, q.Allowed, q.Remaining = FromMemory, false, -1
			q.RetryAfter = Never
		case q.Limit.Strategy == Concurrency || !l.answer(c, i, q, u, now):
			continue
		}
		c.drop(i)
		if !q.Allowed && !q.Rule.config.DryRun {
			c.unasked(d)
			return false
		}
	}
	return true
}

// never reports whether no bucket of the limit admits the cost.
func (q *Quota) never() bool { return q.Limit.Amount == 0 || q.Cost > q.Limit.Most() }

// answer decides on charge i by the lease of its bucket, or by a refusal that
// is remembered, and reports whether it could. What is held is looked at first:
// the refusal of a great cost, or of one when the store was empty, says nothing
// about it.
func (l *Limiter) answer(c *call, i int, q *Quota, u *useOf, now time.Duration) bool {
	leased, refunded := !u.check && leasable(q), q.Rule.refunded.Load()
	if refunded && !leased {
		return false
	}
	u.digest = l.digest(q)
	var h *lease
	if leased {
		h = l.leases.open(u.digest, now, q) // nil if there are too many
	}
	if h != nil && l.spend(h, q, u, now) {
		return true
	}
	if !refunded {
		if until, reset, ok := l.denied.look(u.digest, q.Cost, now); ok {
			q.Source, q.Allowed, q.Remaining = FromMemory, false, -1
			q.RetryAfter, q.ResetAfter = until-now, reset-now
			return true
		}
	}
	if h != nil {
		if want := h.claim(q.Cost, now); want > q.Cost {
			u.refill = h
			c.charges[i].Cost, c.charges[i].Least = want, q.Cost
		}
	}
	return false
}

// unasked marks the quotas that the store was not asked about: the request was
// refused without it.
func (c *call) unasked(d *Decision) {
	for _, i := range c.index {
		q := d.quota(i)
		q.Source, q.Allowed, q.Remaining, q.unasked = FromMemory, true, -1, true
	}
}

// spend takes the units of a quota from a lease, and reports whether it held
// them.
func (l *Limiter) spend(h *lease, q *Quota, u *useOf, now time.Duration) bool {
	s, left, refill := h.spend(q.Cost, now)
	if s == nil {
		return false
	}
	u.slice = s
	q.Source, q.Allowed, q.receipt = FromLease, true, s.receipt
	q.Remaining, q.ResetAfter = s.remaining+left, max(0, s.reset-now)
	if refill {
		l.refillLater(h)
	}
	return true
}

// settle takes over what the decision means for leases and refusals. charged
// says whether the store has made the charges.
func (l *Limiter) settle(c *call, d *Decision, charged bool) {
	for i := range d.count {
		q, u := d.quota(i), &c.uses[i]
		switch {
		case u.slice == nil:
		case d.Allowed:
			q.slice = u.slice
		default:
			u.slice.giveBack(q.Cost, l.now())
		}
		if h := u.refill; h != nil {
			over := int64(0)
			if charged && q.granted > q.Cost {
				over = q.granted - q.Cost
				q.granted = q.Cost
			}
			if s := l.stock(h, q, over, c.sent); s != nil {
				q.slice = s
			}
		}
		if !q.Allowed && q.Source == FromStore && q.RetryAfter > 0 && u.digest != (digest{}) {
			cost := max(q.Cost, 1)
			l.denied.note(u.digest, c.epoch, cost, c.sent+q.RetryAfter, c.sent+q.ResetAfter)
		}
	}
}
