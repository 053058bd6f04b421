package ratelimit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// minSlice is the number of units in ε·Amount from which on a limit is leased.
// Not smaller: a few units would be spread over processes that wait for each
// other's. Not larger: 1 % of 1000 units already saves nine trips of ten.
const minSlice = 10

// minLife is the least life of units from which on a limit is leased. Not
// smaller: they would end before they are spent, and cost a second round trip to
// give back. Not larger: a limit of some thousand units a second is worth it.
const minLife = 5 * time.Millisecond

// leasable reports whether the units of a quota may be leased.
func leasable(q *Quota) bool {
	c := &q.Rule.config
	if c.Lease == 0 || c.DryRun || c.Refunds || q.Cost == 0 {
		return false
	}
	life, most := leaseTerms(&q.Limit, c.Lease)
	return life >= minLife && q.Cost*minSlice <= most
}

// leaseTerms returns how long units of a limit may be held, and how many of them
// in a slice; 0 for a limit that is not leased. Units that are held move up to
// life: as many more pass in any time as are issued in life, which is ε of the
// least that the limit lets pass in any time, its Most. A MovingWindow lets its
// Amount pass at once whenever a whole Period is over, and so does not keep to
// that; the log of every charge is what it is for.
func leaseTerms(l *Limit, e float64) (life time.Duration, most int64) {
	if l.Strategy == Concurrency || l.Strategy == MovingWindow || l.Amount == 0 {
		return 0, 0
	}
	budget := float64(min(l.Amount, l.Most()))
	return time.Duration(e * float64(l.Period) * budget / float64(l.Amount)), int64(e * budget)
}

// A slice is units that the store has charged, to be spent here until they
// end. The lease's lock guards it.
type slice struct {
	lease     *lease
	tokens    int64
	granted   int64
	receipt   Receipt
	ends      time.Duration // since the limiter was made
	remaining int64         // in the store, when it granted
	reset     time.Duration
	timer     *time.Timer
}

// A lease is what this process holds of one bucket: the slice that it spends
// and the next one. It is safe for concurrent use.
type lease struct {
	charge Charge // without cost and receipt
	life   time.Duration
	most   int64 // units in a slice

	mu struct {
		sync.Mutex
		now, next *slice
		filling   bool          // a request or the background asks for units
		ended     bool          // the limiter is closed: nothing is held any more
		retry     time.Duration // the background does not ask before
		since     time.Duration // spent and asked are counted from here on
		spent     int64
		size      int64 // of the last slice that was wanted
	}
}

func newLease(q *Quota, now time.Duration) *lease {
	h := &lease{charge: Charge{Limit: q.Limit, Scope: q.Rule.scope, Key: q.Key}}
	h.life, h.most = leaseTerms(&q.Limit, q.Rule.config.Lease)
	h.mu.since = now
	return h
}

// spend takes n units from what is held; so many are left then. refill says that
// the caller must see to the next slice: it is called for once.
func (h *lease) spend(n int64, now time.Duration) (s *slice, left int64, refill bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.spent += n
	s = h.mu.now
	if s == nil || now >= s.ends || s.tokens < n {
		if next := h.mu.next; next != nil && now < next.ends && next.tokens >= n {
			s, h.mu.now, h.mu.next = next, next, nil
		} else {
			return nil, 0, false
		}
	}
	s.tokens -= n
	if !h.mu.filling && h.mu.next == nil && s.tokens < s.granted/4 && now >= h.mu.retry {
		h.mu.filling, refill = true, true
	}
	return s, s.tokens, refill
}

// claim returns how many units a request that needs n should ask for: more
// than n for one request at a time.
func (h *lease) claim(n int64, now time.Duration) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mu.filling {
		return n
	}
	want := h.wantLocked(now)
	if want <= n {
		return n
	}
	h.mu.filling = true
	return want
}

// wantLocked sizes the next slice: what is spent in half a life, by the rate
// since the last measurement. A key begins with single units and asks at most
// for twice as many as the last time, so that cold keys stay exact.
func (h *lease) wantLocked(now time.Duration) int64 {
	elapsed := max(now-h.mu.since, time.Millisecond)
	want := int64(float64(h.mu.spent) / float64(elapsed) * float64(h.life) / 2)
	if elapsed >= h.life {
		h.mu.since, h.mu.spent = now, 0
	}
	h.mu.size = max(1, min(want, 2*h.mu.size, h.most))
	return h.mu.size
}

// giveBack returns n units to a slice. Where its time is over, they stay
// charged: a slice is given back to the store once, as a receipt is good for.
func (s *slice) giveBack(n int64, now time.Duration) {
	h := s.lease
	h.mu.Lock()
	defer h.mu.Unlock()
	if now < s.ends && !h.mu.ended {
		s.tokens += n
	}
}

// stock puts units that the store has granted into a lease, and returns the
// slice, or nil if there are none. sent is when they were asked for: they live
// from then on. A slice that is in the way of the new one is given back at its
// end.
func (l *Limiter) stock(h *lease, q *Quota, tokens int64, sent time.Duration) *slice {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.filling = false
	if tokens <= 0 || h.mu.ended {
		return nil
	}
	ends := sent + h.life
	if h.charge.Limit.Strategy == FixedWindow {
		ends = min(ends, sent+q.ResetAfter) // they are this window's
	}
	s := &slice{
		lease: h, tokens: tokens, granted: tokens, receipt: q.receipt, ends: ends,
		remaining: q.Remaining, reset: sent + q.ResetAfter,
	}
	s.timer = time.AfterFunc(max(0, ends-l.now()), func() { l.expire(s) })
	if old := h.mu.now; old != nil && old.tokens > 0 && l.now() < old.ends && h.mu.next == nil {
		h.mu.next = s
	} else {
		h.mu.now = s
	}
	return s
}

// expire gives back what is left of a slice whose time is over.
func (l *Limiter) expire(s *slice) {
	h := s.lease
	h.mu.Lock()
	left := s.tokens
	s.tokens = 0
	if h.mu.now == s {
		h.mu.now, h.mu.next = h.mu.next, nil
	} else if h.mu.next == s {
		h.mu.next = nil
	}
	h.mu.Unlock()
	if left > 0 {
		l.later(func() { l.refundSlice(s, left) })
	}
}

// refundSlice takes unspent units back to the store. If that fails they are
// lost: fewer are admitted, never more.
func (l *Limiter) refundSlice(s *slice, n int64) {
	c := s.lease.charge
	c.Cost, c.Receipt = n, s.receipt
	l.refundAll(context.Background(), []Charge{c})
}

// refillLater asks for the next slice in the background.
func (l *Limiter) refillLater(h *lease) {
	if !l.later(func() { l.refill(h) }) {
		h.mu.Lock()
		h.mu.filling = false
		h.mu.Unlock()
	}
}

func (l *Limiter) refill(h *lease) {
	c := h.charge
	h.mu.Lock()
	c.Cost, c.Least = h.wantLocked(l.now()), 1
	h.mu.Unlock()
	sent := l.now()
	results := make([]Result, 1)
	err := l.apply(l.ctx, Take, []Charge{c}, results)
	r := results[0]
	if err != nil {
		l.tell(l.ctx, err)
		r = Result{RetryAfter: l.config.ProbeInterval}
	}
	h.mu.Lock()
	h.mu.retry = sent + max(0, r.RetryAfter)
	h.mu.Unlock()
	l.stock(h, &Quota{receipt: r.Receipt, Remaining: r.Remaining, ResetAfter: r.ResetAfter}, r.Granted, sent)
}

// later runs f in the background, unless the limiter is closed.
func (l *Limiter) later(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.closed {
		return false
	}
	l.work.Go(f)
	return true
}

// giveBackAll ends all leases and gives back what they hold.
func (l *Limiter) giveBackAll() {
	var held [2][]Charge // what is in a call is of different buckets
	for _, h := range l.leases.drain() {
		h.mu.Lock()
		for i, s := range []*slice{h.mu.now, h.mu.next} {
			if s == nil {
				continue
			}
			s.timer.Stop()
			if s.tokens > 0 {
				c := h.charge
				c.Cost, c.Receipt = s.tokens, s.receipt
				held[i] = append(held[i], c)
				s.tokens = 0
			}
		}
		h.mu.now, h.mu.next, h.mu.ended = nil, nil, true
		h.mu.Unlock()
	}
	for _, charges := range held {
		for part := range slices.Chunk(charges, giveBackSize) {
			l.refundAll(context.Background(), part)
		}
	}
}

// giveBackSize is how many leases are given back in one call. Not smaller: Close
// takes a round trip for each. Not larger: the store does nothing else
// meanwhile.
const giveBackSize = 128
