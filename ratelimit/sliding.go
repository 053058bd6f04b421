package ratelimit

// SlidingWindow: the first window [At, At+Period) begins with a charge; the
// next follows it at once; after an empty one all begins anew. n units are
// admitted iff
//
//	weight + Used + n ≤ Amount, weight = ⌊Before · r / Parts⌋,
//	r = min(Parts, ⌈rest / Step⌉), rest = At + Period − now,
//
// with Step = ⌈Period / 2²²⌉ and Parts = ⌊Period / Step⌋, so that no product
// reaches 2⁵³.

// slid returns what the bucket is as of the time at: when its window began, and
// the units in that one and in the one before.
func (b *Bucket) slid(p *Plan, at int64) (start, used, before int64) {
	start, used, before = b.At, b.Used, b.Before
	if age := at - start; age >= p.Period {
		start, used, before = start+p.Period, 0, used
		if age >= 2*p.Period {
			before = 0
		}
	}
	if used == 0 && before == 0 {
		start = at
	}
	return start, used, before
}

func (b *Bucket) slidingRoom(p *Plan, at int64) int64 {
	if p.Amount == 0 {
		return 0
	}
	start, used, before := b.slid(p, at)
	room := p.Amount - used
	if before > 0 {
		rest := start + p.Period - at
		room -= before * min(p.Parts, ceilDiv(rest, p.Step)) / p.Parts
	}
	return room
}

// slidingAdmits solves the inequality for the time.
func (b *Bucket) slidingAdmits(p *Plan, at, n int64) int64 {
	start, used, before := b.slid(p, at)
	room, end := p.Amount-used-n, start+p.Period
	if room < 0 { // not in this window: in the next, where used is what before is here
		before, room, end = used, p.Amount-n, end+p.Period
	}
	// ⌊before·r/Parts⌋ ≤ room iff before·r < (room+1)·Parts, and ⌈rest/Step⌉ ≤ r
	// iff rest ≤ r·Step.
	r := ((room+1)*p.Parts - 1) / before
	return end - r*p.Step
}

func (b *Bucket) slidingCharge(p *Plan, at, n int64) {
	b.At, b.Used, b.Before = b.slid(p, at)
	b.Used += n
}

// slidingRefund takes from the window in which the charge was made.
func (b *Bucket) slidingRefund(p *Plan, at int64, c *Charge) int64 {
	start, used, before := b.slid(p, at)
	held := &used
	if c.Receipt.At < start {
		held = &before
		if c.Receipt.At < start-p.Period {
			return 0
		}
	}
	back := min(c.Cost, *held)
	if back == 0 {
		return 0
	}
	*held -= back
	b.At, b.Used, b.Before = start, used, before
	return back
}

func (b *Bucket) slidingExpiry(p *Plan) int64 {
	switch {
	case b.Used > 0:
		return b.At + 2*p.Period
	case b.Before > 0:
		return b.At + p.Period
	}
	return 0
}
