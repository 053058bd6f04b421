package ratelimit

import "encoding/binary"

// MovingWindow: an entry counts until At+Period; n units are admitted iff the
// entries that count, and n, are at most Amount.

// movingCharge returns the number of the new entry.
func (b *Bucket) movingCharge(p *Plan, at, n int64) int64 {
	number := b.Before
	b.prune(at - p.Period)
	b.push(Entry{At: at, Cost: n, ID: numberID(number)})
	b.At, b.Before = at, number+1
	return number
}

func (b *Bucket) movingRefund(p *Plan, at int64, c *Charge) int64 {
	since, id := at-p.Period, numberID(c.Receipt.Level)
	for i := b.live(since); i < len(b.Log); i++ {
		// The number alone would do, had no bucket ever begun anew.
		if b.Log[i].At == c.Receipt.At && b.Log[i].ID == id {
			return b.takeBack(i, c.Cost, at, since)
		}
	}
	return 0
}

// numberID is the ID of an entry that has a number.
func numberID(number int64) (id ID) {
	binary.BigEndian.PutUint64(id[8:], uint64(number))
	return id
}
