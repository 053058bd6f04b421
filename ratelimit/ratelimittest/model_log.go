package ratelimittest

import (
	"slices"

	"github.com/hone-go/hone/ratelimit"
)

// moving is the history of a MovingWindow.
type moving struct {
	amount, period int64
	last           int64 // when it last changed
	charges        []made
}

type made struct {
	receipt ratelimit.Receipt
	units   int64
}

func (m *moving) settled(t int64) int64 { return max(t, m.last) }

func (m *moving) used(t int64) int64 {
	used := int64(0)
	for _, c := range m.charges {
		if t-m.period < c.receipt.At {
			used += c.units
		}
	}
	return used
}

func (m *moving) room(t int64) int64 { return m.amount - m.used(t) }
func (m *moving) fresh(t int64) bool { return m.used(t) == 0 }

func (m *moving) charge(t, n int64, _ ratelimit.ID) ratelimit.Receipt {
	r := ratelimit.Receipt{At: t, Level: int64(len(m.charges))}
	m.charges = append(m.charges, made{r, n})
	m.last = t
	return r
}

func (m *moving) refund(t int64, c ratelimit.Charge) int64 {
	for i := range m.charges {
		if m.charges[i].receipt == c.Receipt && t-m.period < c.Receipt.At {
			back := min(c.Cost, m.charges[i].units)
			if back > 0 {
				m.charges[i].units -= back
				m.last = t
			}
			if m.fresh(t) {
				m.forget()
			}
			return back
		}
	}
	return 0
}

// forget makes the bucket as new, but goes on numbering its charges.
func (m *moving) forget() {
	m.last = 0
	for i := range m.charges {
		m.charges[i].units = 0
	}
}

// leases is the history of Concurrency.
type leases struct {
	amount, period int64
	last           int64
	leases         []leased
}

type leased struct {
	id    ratelimit.ID
	units int64
	ends  int64
}

func (l *leases) settled(t int64) int64 { return max(t, l.last) }

func (l *leases) used(t int64) int64 {
	used := int64(0)
	for _, held := range l.leases {
		if t < held.ends {
			used += held.units
		}
	}
	return used
}

func (l *leases) room(t int64) int64 { return l.amount - l.used(t) }
func (l *leases) fresh(t int64) bool { return l.used(t) == 0 }

func (l *leases) find(t int64, id ratelimit.ID) *leased {
	i := slices.IndexFunc(l.leases, func(x leased) bool { return x.id == id && x.units > 0 && t < x.ends })
	if i < 0 {
		return nil
	}
	return &l.leases[i]
}

func (l *leases) held(t int64, id ratelimit.ID) int64 {
	if held := l.find(t, id); held != nil {
		return held.units
	}
	return 0
}

func (l *leases) charge(t, n int64, id ratelimit.ID) ratelimit.Receipt {
	if l.extend(t, id) > 0 {
		return ratelimit.Receipt{}
	}
	l.leases = append(l.leases, leased{id, n, t + l.period})
	l.last = t
	return ratelimit.Receipt{At: t}
}

func (l *leases) extend(t int64, id ratelimit.ID) int64 {
	held := l.find(t, id)
	if held == nil {
		return 0
	}
	held.ends = t + l.period
	l.last = t
	return held.units
}

func (l *leases) refund(t int64, c ratelimit.Charge) int64 {
	held := l.find(t, c.ID)
	if held == nil {
		return 0
	}
	back := min(c.Cost, held.units)
	if back > 0 {
		held.units -= back
		l.last = t
	}
	if l.fresh(t) {
		*l = leases{amount: l.amount, period: l.period}
	}
	return back
}
