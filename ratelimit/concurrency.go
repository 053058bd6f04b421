package ratelimit

import "slices"

// Concurrency: an entry is a lease and counts until At; n units are admitted iff
// the leases that stand, and n, are at most Amount. All leases of a bucket have
// one life, so that the log is in order of their ends too.

// lease returns the index of a lease that stands, or -1.
func (b *Bucket) lease(at int64, id ID) int {
	for i := len(b.Log) - 1; i >= 0 && b.Log[i].At > at; i-- {
		if b.Log[i].ID == id {
			return i
		}
	}
	return -1
}

func (b *Bucket) hold(p *Plan, at, n int64, id ID) {
	b.prune(at)
	b.push(Entry{At: at + p.Period, Cost: n, ID: id})
	b.At = at
}

// extend returns what a lease holds whose life begins anew, or 0.
func (b *Bucket) extend(p *Plan, at int64, id ID) int64 {
	i := b.lease(at, id)
	if i < 0 {
		return 0
	}
	e := b.Log[i]
	b.Log = slices.Delete(b.Log, i, i+1)
	e.At = at + p.Period
	b.Log = append(b.Log, e)
	b.At = at
	return e.Cost
}

func (b *Bucket) release(at int64, c *Charge) int64 {
	if i := b.lease(at, c.ID); i >= 0 {
		return b.takeBack(i, c.Cost, at, at)
	}
	return 0
}
