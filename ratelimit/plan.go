package ratelimit

import (
	"math/bits"
	"time"
)

// A Plan is a Limit in the numbers that a decision needs: what is worked out
// once for each limit instead of at each check. Every store calculates with the
// same ones, in whole numbers below 2^53. It is not changed after [Limit.Plan].
type Plan struct {
	Strategy Strategy
	Amount   int64 // Limit.Amount
	Most     int64 // the largest cost that is ever admitted: 0 if Amount is 0
	Period   int64 // Limit.Period, in microseconds

	// GCRA keeps a debt: each unit adds Price to it, each microsecond takes
	// Drain from it, and it never exceeds Ceiling = Most·Price. Exactly,
	// Price/Drain = Period/Amount; where the ceiling would lie above 2^52 both
	// are rounded, to a refill that is slower by at most 0.15 %.
	Drain, Price, Ceiling int64

	// SlidingWindow weighs the window before by r/Parts, where r is the number
	// of steps, of Step microseconds each, that are left of this window.
	Step, Parts int64
}

const (
	// maxDebt bounds Plan.Ceiling but for rounding. Not larger: the double of it
	// is what a float64 counts exactly. Not smaller: it is the resolution of
	// what is rounded.
	maxDebt = 1 << 52
	// minDrain is the least rate that rounding down changes by no more than
	// 0.1 %. Below it, GCRA drains by 1 and all rounding is in the price.
	minDrain = 1000
	// maxParts bounds Plan.Parts, so that MaxAmount·maxParts < 2^52.
	maxParts = 1 << 22
)

// Plan works out the numbers of a limit, which is valid (see [Limit.Validate]).
func (l Limit) Plan() Plan {
	p := Plan{Strategy: l.Strategy, Amount: l.Amount, Most: l.Most(), Period: int64(l.Period / time.Microsecond)}
	if l.Amount == 0 {
		p.Most = 0
		return p
	}
	switch l.Strategy {
	case SlidingWindow:
		p.Step = ceilDiv(p.Period, maxParts)
		p.Parts = p.Period / p.Step
	case GCRA:
		p.Drain, p.Price = refill(p.Amount, p.Period, p.Most)
		p.Ceiling = p.Most * p.Price
	}
	return p
}

// refill returns the drain and the price of GCRA.
func refill(amount, period, most int64) (drain, price int64) {
	g := gcd(amount, period)
	drain, price = amount/g, period/g
	k := scale(most, price)
	switch {
	case k == 1:
		return drain, price
	case drain/k >= minDrain:
		return drain / k, ceilDiv(price, k)
	}
	return 1, ceilDiv(price, drain)
}

// scale returns most·price / maxDebt, rounded up, and at least 1.
func scale(most, price int64) int64 {
	high, low := bits.Mul64(uint64(most), uint64(price))
	low, carry := bits.Add64(low, maxDebt-1, 0)
	return max(1, int64((high+carry)<<12|low>>52))
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// ceilDiv returns a/b rounded up, for a ≥ 0 and b > 0.
func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
