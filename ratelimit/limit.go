package ratelimit

import (
	"errors"
	"fmt"
	"time"
)

// A Strategy is a way to count. Every store means the same by each of them.
type Strategy uint8

const (
	// SlidingWindow counts two windows and weighs the earlier one by the share
	// of it that still lies within the last period, at the cost of two numbers
	// for each key. Of steady use it admits what MovingWindow does. After a
	// burst at a window's end it cannot tell when that was: in any time t at
	// most Amount·(1+t/Period)+1 pass, and never two bursts within a Period. It
	// is the default.
	SlidingWindow Strategy = iota
	// FixedWindow counts in windows that begin with a key's first charge. Up
	// to twice the amount can pass around the end of a window.
	FixedWindow
	// MovingWindow remembers every charge of the last period: no period of
	// that length ever sees more than the amount. Its cost is one entry for
	// each charge.
	MovingWindow
	// GCRA refills continuously, one unit each Period/Amount, up to Burst: a
	// token bucket. At most Burst units pass at once, and Burst plus the
	// refill in any longer time.
	GCRA
	// Concurrency counts what is under way: a charge is held until it is
	// released, or until its lease ends, Period after it was taken or extended.
	Concurrency
)

// String returns the word for the strategy in the notation of limits.
func (s Strategy) String() string {
	switch s {
	case SlidingWindow:
		return "sliding"
	case FixedWindow:
		return "fixed"
	case MovingWindow:
		return "moving"
	case GCRA:
		return "gcra"
	case Concurrency:
		return "concurrent"
	}
	return fmt.Sprintf("Strategy(%d)", uint8(s))
}

// A Limit says how much a key may use. [Parse] reads one from its notation and
// String writes it back.
type Limit struct {
	// Strategy is the way to count.
	Strategy Strategy
	// Amount is the number of units in a Period, or, for [Concurrency], at one
	// time. 0 refuses everything.
	Amount int64
	// Period is the time that Amount is for, in whole microseconds. For
	// [Concurrency] it is the life of a lease.
	Period time.Duration
	// Burst is the number of units that [GCRA] lets pass at once; 0 stands
	// for Amount. It is 0 for every other strategy.
	Burst int64
}

// The bounds of a limit. With them, every store can calculate in whole numbers
// that a float64 holds exactly.
const (
	// MaxAmount bounds Limit.Amount, Limit.Burst and the cost of one charge.
	MaxAmount = 1_000_000_000
	// MinPeriod and MaxPeriod bound Limit.Period.
	MinPeriod = time.Millisecond
	MaxPeriod = 10 * 366 * 24 * time.Hour
	// MaxRefill bounds the time in which GCRA refills a whole Burst: 142 years.
	MaxRefill = 1 << 52 * time.Microsecond
	// MaxLog bounds the Amount of a MovingWindow and of Concurrency, whose
	// cost grows with it.
	MaxLog = 1_000_000
)

// LeaseLife is the Period of a limit of [Concurrency] that names none: how long
// a crashed holder keeps its place. Not shorter: a paused process would lose
// its place while it works. Not longer: a crash would block the place longer.
const LeaseLife = 30 * time.Second

// Validate reports everything that is wrong with a limit.
func (l Limit) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("ratelimit: "+format, a...)) }
	if l.Strategy > Concurrency {
		bad("Limit.Strategy is %d, want one of the constants", l.Strategy)
	}
	most := int64(MaxAmount)
	if l.Strategy == MovingWindow || l.Strategy == Concurrency {
		most = MaxLog
	}
	if l.Amount < 0 || l.Amount > most {
		bad("Limit.Amount is %d, want 0 to %d for %s", l.Amount, most, l.Strategy)
	}
	switch {
	case l.Period < MinPeriod || l.Period > MaxPeriod:
		bad("Limit.Period is %s, want %s to %s", l.Period, MinPeriod, MaxPeriod)
	case l.Period%time.Microsecond != 0:
		bad("Limit.Period is %s, want whole microseconds", l.Period)
	}
	switch {
	case l.Burst != 0 && l.Strategy != GCRA:
		bad("Limit.Burst is %d, want 0 for %s", l.Burst, l.Strategy)
	case l.Burst < 0 || l.Burst > MaxAmount:
		bad("Limit.Burst is %d, want 0 to %d", l.Burst, MaxAmount)
	case l.Amount > 0 && float64(l.Burst)/float64(l.Amount)*float64(l.Period) > float64(MaxRefill):
		bad("Limit.Burst is %d, which takes more than %d years to refill", l.Burst, MaxRefill/(365*24*time.Hour))
	}
	return errors.Join(errs...)
}

// Most returns the number of units that can pass at once: a greater cost is
// never admitted.
func (l Limit) Most() int64 {
	if l.Strategy == GCRA && l.Burst != 0 {
		return l.Burst
	}
	return l.Amount
}
