package ratelimit

import "math/bits"

// GCRA as a debt, which is GCRA in virtual-scheduling form
// (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm) with its times
// multiplied by the refill, so that all of them are whole numbers: the debt is
// Used at At and falls by Drain each microsecond, to 0; n units are admitted
// iff debt + n·Price ≤ Ceiling.

// debt returns what is owed at the time at, not before At.
func (b *Bucket) debt(p *Plan, at int64) int64 {
	high, drained := bits.Mul64(uint64(p.Drain), uint64(at-b.At))
	if high != 0 || drained >= uint64(b.Used) {
		return 0
	}
	return b.Used - int64(drained)
}

func (b *Bucket) gcraRoom(p *Plan, at int64) int64 {
	if p.Amount == 0 {
		return 0
	}
	return (p.Ceiling - b.debt(p, at)) / p.Price
}

func (b *Bucket) gcraAdmits(p *Plan, at, n int64) int64 {
	return at + ceilDiv(b.debt(p, at)-(p.Ceiling-n*p.Price), p.Drain)
}

// gcraCharge returns the debt after the charge.
func (b *Bucket) gcraCharge(p *Plan, at, n int64) int64 {
	*b = Bucket{At: at, Used: b.debt(p, at) + n*p.Price}
	return b.Used
}

// gcraRefund takes back the part of the charge that has not been drained: debts
// are drained in the order they were made in, and before the last part of this
// one stood Level. More would admit units that would not be admitted had the
// charge never been made.
func (b *Bucket) gcraRefund(p *Plan, at int64, c *Charge) int64 {
	if p.Amount == 0 {
		return 0
	}
	charged := Bucket{At: c.Receipt.At, Used: c.Receipt.Level}
	debt := b.debt(p, at)
	back := min(c.Cost*p.Price, charged.debt(p, max(at, charged.At)), debt)
	if back <= 0 {
		return 0
	}
	*b = Bucket{At: at, Used: debt - back}
	return back / p.Price
}

func (b *Bucket) gcraExpiry(p *Plan) int64 {
	if b.Used == 0 {
		return 0
	}
	return b.At + ceilDiv(b.Used, p.Drain)
}
