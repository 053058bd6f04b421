package ratelimittest

import (
	"math/big"

	"github.com/hone-go/hone/ratelimit"
)

// A window is [start, start + period).
type window struct{ start, units int64 }

// fixed is the history of a FixedWindow: its windows, in order.
type fixed struct {
	amount, period int64
	windows        []window
}

// at returns the window that t lies in, or nil.
func (f *fixed) at(t int64) *window {
	for i := range f.windows {
		if w := &f.windows[i]; w.start <= t && t < w.start+f.period {
			return w
		}
	}
	return nil
}

func (f *fixed) settled(t int64) int64 {
	for _, w := range f.windows {
		t = max(t, w.start)
	}
	return t
}

func (f *fixed) room(t int64) int64 {
	if w := f.at(t); w != nil {
		return f.amount - w.units
	}
	return f.amount
}

func (f *fixed) fresh(t int64) bool { return f.at(t) == nil }

func (f *fixed) charge(t, n int64, _ ratelimit.ID) ratelimit.Receipt {
	w := f.at(t)
	if w == nil {
		f.windows = append(f.windows, window{start: t})
		w = &f.windows[len(f.windows)-1]
	}
	w.units += n
	return ratelimit.Receipt{At: t}
}

func (f *fixed) refund(t int64, c ratelimit.Charge) int64 {
	w := f.at(t)
	if w == nil || c.Receipt.At < w.start {
		return 0
	}
	back := min(c.Cost, w.units)
	if w.units -= back; w.units == 0 {
		f.windows = nil
	}
	return back
}

// sliding is the history of a SlidingWindow: its windows, in order.
type sliding struct {
	amount, period int64
	plan           ratelimit.Plan
	windows        []window
}

func (s *sliding) settled(t int64) int64 {
	for _, w := range s.windows {
		t = max(t, w.start)
	}
	return t
}

// around returns the window that t lies in and the one before it.
func (s *sliding) around(t int64) (before, current window) {
	current = window{start: t}
	if len(s.windows) > 0 {
		start := s.windows[len(s.windows)-1].start
		switch age := t - start; {
		case age < s.period:
			current.start = start
		case age < 2*s.period:
			current.start = start + s.period
		}
	}
	before.start = current.start - s.period
	for _, w := range s.windows {
		switch w.start {
		case current.start:
			current.units = w.units
		case before.start:
			before.units = w.units
		}
	}
	if before.units == 0 && current.units == 0 {
		return window{start: t - s.period}, window{start: t}
	}
	return before, current
}

func (s *sliding) fresh(t int64) bool {
	before, current := s.around(t)
	return before.units == 0 && current.units == 0
}

func (s *sliding) room(t int64) int64 {
	if s.amount == 0 {
		return 0
	}
	before, current := s.around(t)
	left := new(big.Int).SetInt64(current.start + s.period - t)
	step, parts := big.NewInt(s.plan.Step), big.NewInt(s.plan.Parts)
	steps, rest := new(big.Int).DivMod(left, step, new(big.Int))
	if rest.Sign() > 0 {
		steps.Add(steps, big.NewInt(1))
	}
	if steps.Cmp(parts) > 0 {
		steps = parts
	}
	weight := new(big.Int).Mul(big.NewInt(before.units), steps)
	return max(0, s.amount-current.units-weight.Div(weight, parts).Int64())
}

func (s *sliding) charge(t, n int64, _ ratelimit.ID) ratelimit.Receipt {
	before, current := s.around(t)
	current.units += n
	s.windows = []window{before, current}
	if before.units == 0 {
		s.windows = []window{current}
	}
	return ratelimit.Receipt{At: t}
}

func (s *sliding) refund(t int64, c ratelimit.Charge) int64 {
	before, current := s.around(t)
	w := &current
	if c.Receipt.At < current.start {
		w = &before
		if c.Receipt.At < before.start {
			return 0
		}
	}
	back := min(c.Cost, w.units)
	if back > 0 {
		w.units -= back
		s.windows = []window{before, current}
		if s.fresh(t) {
			s.windows = nil
		}
	}
	return back
}
