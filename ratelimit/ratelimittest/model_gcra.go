package ratelimittest

import (
	"math/big"

	"github.com/hone-go/hone/ratelimit"
)

// debts is the history of a GCRA limit: what was added to the debt, and when.
type debts struct {
	drain, price, ceiling *big.Int
	most                  int64
	events                []owed
}

type owed struct {
	at   int64
	more *big.Int // below 0 for what was taken back
}

func newDebts(l ratelimit.Limit) *debts {
	p := l.Plan()
	d := &debts{drain: big.NewInt(p.Drain), price: big.NewInt(p.Price), most: l.Most()}
	if l.Amount == 0 {
		d.most = 0
	}
	d.ceiling = new(big.Int).Mul(big.NewInt(d.most), d.price)
	return d
}

func (d *debts) settled(t int64) int64 {
	if len(d.events) > 0 {
		t = max(t, d.events[len(d.events)-1].at)
	}
	return t
}

// drained returns what is left of a debt after some time.
func (d *debts) drained(debt *big.Int, micros int64) *big.Int {
	left := new(big.Int).Mul(d.drain, big.NewInt(micros))
	if left.Sub(debt, left).Sign() < 0 {
		left.SetInt64(0)
	}
	return left
}

func (d *debts) debt(t int64) *big.Int {
	debt, last := new(big.Int), t
	for _, e := range d.events {
		debt = d.drained(debt, e.at-min(last, e.at))
		debt.Add(debt, e.more)
		last = e.at
	}
	return d.drained(debt, t-min(last, t))
}

func (d *debts) fresh(t int64) bool { return d.debt(t).Sign() == 0 }

func (d *debts) room(t int64) int64 {
	if d.most == 0 {
		return 0
	}
	room := new(big.Int).Sub(d.ceiling, d.debt(t))
	return room.Div(room, d.price).Int64()
}

func (d *debts) charge(t, n int64, _ ratelimit.ID) ratelimit.Receipt {
	if d.fresh(t) {
		d.events = nil
	}
	more := new(big.Int).Mul(big.NewInt(n), d.price)
	d.events = append(d.events, owed{t, more})
	return ratelimit.Receipt{At: t, Level: d.debt(t).Int64()}
}

func (d *debts) refund(t int64, c ratelimit.Charge) int64 {
	if d.most == 0 {
		return 0
	}
	back := new(big.Int).Mul(big.NewInt(c.Cost), d.price)
	level := d.drained(big.NewInt(c.Receipt.Level), max(0, t-c.Receipt.At))
	for _, most := range []*big.Int{level, d.debt(t)} {
		if back.Cmp(most) > 0 {
			back = most
		}
	}
	if back.Sign() <= 0 {
		return 0
	}
	d.events = append(d.events, owed{t, new(big.Int).Neg(back)})
	if d.fresh(t) {
		d.events = nil
	}
	return new(big.Int).Div(back, d.price).Int64()
}
