package ratelimit

import "time"

// A Bucket is the state of one limit for one key, and what each strategy means:
// a store either keeps Buckets and calls these methods, or does the same by its
// own means. The zero Bucket has never been charged. It is not safe for
// concurrent use.
//
// Times are microseconds of one clock, above 0. now never lies before
// Bucket.At: a method that is called with an earlier one takes At instead, but
// tells how long to wait from the one that it was given. A method that charges
// and takes back nothing changes nothing.
//
// All arithmetic is in integers below 2^53, so that Lua calculates the same.
type Bucket struct {
	// At is when the window began (FixedWindow, SlidingWindow), or when the
	// bucket last changed.
	At int64
	// Used is the number of units in this window, or in the log, or, for GCRA,
	// the debt at At (see Plan).
	Used int64
	// Before is the number of units in the window before (SlidingWindow), or
	// the number that the next entry of the log gets (MovingWindow).
	Before int64
	// Log is what MovingWindow and Concurrency remember, oldest first. What has
	// lapsed stays until the next charge.
	Log []Entry
}

// An Entry is one charge in the log of a bucket.
type Entry struct {
	At   int64 // when it lapses, for Concurrency, or when it was made
	Cost int64
	ID   ID // the lease, for Concurrency, or the entry's number
}

// Apply does op for one charge: what [Store.Apply] says, on one bucket.
// Cost: some nanoseconds, and for strategies with a log one step for each entry
// that has lapsed or that a refused charge waits for. It allocates only to
// lengthen the log.
func (b *Bucket) Apply(p *Plan, op Op, now int64, c *Charge) Result {
	switch op {
	case Take:
		return b.Take(p, now, c)
	case Peek:
		return b.Peek(p, now, c)
	case Refund:
		return b.Refund(p, now, c)
	case Extend:
		return b.Extend(p, now, c)
	case Reset:
		*b = Bucket{}
	}
	return b.told(p, now, 0)
}

// Peek says what Take would, and changes nothing.
func (b *Bucket) Peek(p *Plan, now int64, c *Charge) (r Result) {
	b.decide(p, now, max(now, b.At), c, &r)
	r.Granted = 0
	r.ResetAfter = b.resetAfter(p, now)
	return r
}

// Take charges c, if it is admitted.
func (b *Bucket) Take(p *Plan, now int64, c *Charge) (r Result) {
	at := max(now, b.At)
	b.decide(p, now, at, c, &r)
	switch {
	case r.Granted == 0:
	case p.Strategy == Concurrency && b.extend(p, at, c.ID) > 0:
	default:
		r.Receipt = Receipt{At: at, Level: b.charge(p, at, r.Granted, c.ID)}
		r.Remaining -= r.Granted
	}
	r.ResetAfter = b.resetAfter(p, now)
	return r
}

// TakeUnits is Take of a charge of n units that says nothing else, and its
// Result in parts, which is faster: n units are granted iff retryAfter is 0.
// Not for [Concurrency].
func (b *Bucket) TakeUnits(p *Plan, now, n int64) (remaining int64, retryAfter, resetAfter time.Duration, receipt Receipt) {
	at := max(now, b.At)
	remaining = b.room(p, at)
	retryAfter = b.retryAfter(p, now, at, n, remaining)
	if retryAfter == 0 && n > 0 {
		receipt = Receipt{At: at, Level: b.charge(p, at, n, ID{})}
		remaining -= n
	}
	return remaining, retryAfter, b.resetAfter(p, now), receipt
}

// Refund takes back up to c.Cost units of the charge that c.Receipt or c.ID
// names. A second refund of a charge finds nothing with MovingWindow and
// Concurrency, which know each charge; the others cannot tell, and take back
// what another charge left.
func (b *Bucket) Refund(p *Plan, now int64, c *Charge) Result {
	at := max(now, b.At)
	var back int64
	switch p.Strategy {
	case FixedWindow:
		back = b.fixedRefund(p, at, c)
	case SlidingWindow:
		back = b.slidingRefund(p, at, c)
	case MovingWindow:
		back = b.movingRefund(p, at, c)
	case GCRA:
		back = b.gcraRefund(p, at, c)
	case Concurrency:
		back = b.release(at, c)
	}
	b.tidy(p)
	return b.told(p, now, back)
}

// Extend gives the lease of c.ID a whole period again.
func (b *Bucket) Extend(p *Plan, now int64, c *Charge) Result {
	var held int64
	if p.Strategy == Concurrency {
		held = b.extend(p, max(now, b.At), c.ID)
	}
	return b.told(p, now, held)
}

// Expiry returns when the bucket is as if it had never been charged, if nothing
// more is charged; 0 if it never was.
func (b *Bucket) Expiry(p *Plan) int64 {
	switch p.Strategy {
	case FixedWindow:
		return b.fixedExpiry(p)
	case SlidingWindow:
		return b.slidingExpiry(p)
	case GCRA:
		return b.gcraExpiry(p)
	case MovingWindow:
		return b.newest(p.Period)
	case Concurrency:
		return b.newest(0)
	}
	return 0
}

// told is the result of what is no question.
func (b *Bucket) told(p *Plan, now, granted int64) Result {
	return Result{
		Granted:    granted,
		Remaining:  b.room(p, max(now, b.At)),
		ResetAfter: b.resetAfter(p, now),
	}
}

// decide judges a charge at the time at, but for ResetAfter, into an empty
// result; Granted is what Take would charge. Waits count from now.
func (b *Bucket) decide(p *Plan, now, at int64, c *Charge, r *Result) {
	r.Remaining = b.room(p, at)
	if p.Strategy == Concurrency {
		if held := b.lease(at, c.ID); held >= 0 {
			r.Allowed, r.Granted = true, b.Log[held].Cost
			return
		}
	}
	least := c.Least
	if least == 0 {
		least = c.Cost
	}
	if r.RetryAfter = b.retryAfter(p, now, at, least, r.Remaining); r.RetryAfter == 0 {
		r.Allowed, r.Granted = true, min(c.Cost, r.Remaining)
	}
}

// retryAfter returns how long from now n units must wait of which there is room
// for so many at the time at: 0 for what there is room for.
func (b *Bucket) retryAfter(p *Plan, now, at, n, room int64) time.Duration {
	switch {
	case p.Amount == 0 || n > p.Most:
		return Never
	case n <= room:
		return 0
	}
	return time.Duration(b.admits(p, at, n)-now) * time.Microsecond
}

// room returns the number of units that can be charged at the time at.
func (b *Bucket) room(p *Plan, at int64) int64 {
	var room int64
	switch p.Strategy {
	case FixedWindow:
		room = p.Amount - b.fixedUsed(p, at)
	case SlidingWindow:
		room = b.slidingRoom(p, at)
	case MovingWindow:
		room = p.Amount - b.liveUsed(at-p.Period)
	case GCRA:
		room = b.gcraRoom(p, at)
	case Concurrency:
		room = p.Amount - b.liveUsed(at)
	}
	return max(0, room)
}

// admits returns when n units, at most p.Most, can be charged that cannot at
// the time at.
func (b *Bucket) admits(p *Plan, at, n int64) int64 {
	switch p.Strategy {
	case FixedWindow:
		return b.At + p.Period
	case SlidingWindow:
		return b.slidingAdmits(p, at, n)
	case MovingWindow:
		return b.lapse(n-p.Amount) + p.Period
	case GCRA:
		return b.gcraAdmits(p, at, n)
	default:
		return b.lapse(n - p.Amount)
	}
}

// charge adds n units, for which there is room, and returns the receipt's
// level.
func (b *Bucket) charge(p *Plan, at, n int64, id ID) (level int64) {
	switch p.Strategy {
	case FixedWindow:
		b.fixedCharge(p, at, n)
	case SlidingWindow:
		b.slidingCharge(p, at, n)
	case MovingWindow:
		return b.movingCharge(p, at, n)
	case GCRA:
		return b.gcraCharge(p, at, n)
	case Concurrency:
		b.hold(p, at, n, id)
	}
	return 0
}

// tidy makes a bucket that holds nothing as new. A log goes on counting its
// entries, so that no second refund takes one for another.
func (b *Bucket) tidy(p *Plan) {
	switch {
	case b.Used > 0:
	case p.Strategy == MovingWindow:
		*b = Bucket{Before: b.Before, Log: b.Log[:0]}
	case p.Strategy != SlidingWindow || b.Before == 0:
		*b = Bucket{Log: b.Log[:0]}
	}
}

func (b *Bucket) resetAfter(p *Plan, now int64) time.Duration {
	return time.Duration(max(0, b.Expiry(p)-now)) * time.Microsecond
}
