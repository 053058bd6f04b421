package ratelimit

// FixedWindow: the window [At, At+Period) begins with a charge that lies in no
// other, and n units are admitted iff Used + n ≤ Amount. A window from which
// all is taken back is none; one from which its first charge is taken back
// keeps its beginning.

func (b *Bucket) fixedUsed(p *Plan, at int64) int64 {
	if at-b.At >= p.Period {
		return 0
	}
	return b.Used
}

func (b *Bucket) fixedCharge(p *Plan, at, n int64) {
	if b.Used == 0 || at-b.At >= p.Period {
		*b = Bucket{At: at}
	}
	b.Used += n
}

func (b *Bucket) fixedRefund(p *Plan, at int64, c *Charge) int64 {
	if c.Receipt.At < b.At {
		return 0
	}
	back := min(c.Cost, b.fixedUsed(p, at))
	b.Used -= back
	return back
}

func (b *Bucket) fixedExpiry(p *Plan) int64 {
	if b.Used == 0 {
		return 0
	}
	return b.At + p.Period
}
