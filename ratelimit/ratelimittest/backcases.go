package ratelimittest

import (
	"time"

	"github.com/hone-go/hone/ratelimit"
)

func backCases() []testCase {
	return []testCase{
		{"RefundGivesBack", testRefund},
		{"RefundOfAPartGivesBackThatPart", testRefundPart},
		{"RefundOfNothingGivesNothing", testRefundNothing},
		{"SecondRefundFindsNothing", testRefundTwice},
		{"EndedLeaseIsNotHeld", testEndedLease},
		{"ExtendHoldsALease", testExtend},
		{"TakeOfAHeldLeaseExtendsIt", testTakeHeld},
		{"ResetForgets", testReset},
	}
}

// refund takes back, and checks how much. GCRA gives back what the time since
// the charge has not, in whole units.
func (s *suite) refund(c ratelimit.Charge, r ratelimit.Receipt, cost, want, remaining int64) ratelimit.Result {
	s.Helper()
	c.Receipt, c.Cost = r, cost
	got := s.apply(ratelimit.Refund, c)[0]
	least := want
	if c.Limit.Strategy == ratelimit.GCRA && want > 0 {
		least--
	}
	if got.Granted > want || got.Granted < least || got.Remaining != remaining {
		s.Errorf("%s: Refund(cost %d) = %+v, want Granted %d, Remaining %d", c.Limit.Strategy, cost, got, want, remaining)
	}
	return got
}

func testRefund(s *suite) {
	for _, l := range s.hourly(5) {
		c := s.charge(l, "a", 3)
		taken := s.takes(c, 3, 2)
		s.takes(s.charge(l, "a", 3), -1, 2)
		if r := s.refund(c, taken.Receipt, 3, 3, 5); r.ResetAfter != 0 {
			s.Errorf("%s: Refund of all = %+v, want ResetAfter 0", l.Strategy, r)
		}
		s.takes(s.charge(l, "a", 5), 5, 0)
		s.takes(s.charge(l, "a", 1), -1, 0)
	}
}

func testRefundPart(s *suite) {
	for _, l := range s.hourly(5) {
		c := s.charge(l, "a", 4)
		taken := s.takes(c, 4, 1)
		s.takes(s.charge(l, "a", 1), 1, 0)
		s.refund(c, taken.Receipt, 3, 3, 3)
		s.takes(s.charge(l, "a", 4), -1, 3)
		s.takes(s.charge(l, "a", 3), 3, 0)
	}
}

// testRefundNothing refunds what was never charged, and what was charged
// before a reset.
func testRefundNothing(s *suite) {
	for _, l := range s.hourly(5) {
		s.refund(s.charge(l, "a", 3), ratelimit.Receipt{}, 3, 0, 5)
		s.takes(s.charge(l, "a", 2), 2, 3)
		s.refund(s.charge(l, "a", 2), ratelimit.Receipt{}, 2, 0, 3)

		c := s.charge(l, "b", 5)
		taken := s.takes(c, 5, 0)
		s.apply(ratelimit.Reset, c)
		s.wait(2 * time.Millisecond)
		s.takes(s.charge(l, "b", 5), 5, 0)
		if l.Strategy != ratelimit.GCRA { // whose debt is that of both
			s.refund(c, taken.Receipt, 5, 0, 0)
		}
	}
}

// testRefundTwice is for the strategies that know each charge.
func testRefundTwice(s *suite) {
	for _, l := range s.hourly(5) {
		if l.Strategy != ratelimit.MovingWindow && l.Strategy != ratelimit.Concurrency {
			continue
		}
		c := s.charge(l, "a", 2)
		taken := s.takes(c, 2, 3)
		s.takes(s.charge(l, "a", 2), 2, 1)
		s.refund(c, taken.Receipt, 2, 2, 3)
		s.refund(c, taken.Receipt, 2, 0, 3)
	}
}

// lease returns a limit of one lease, of a tenth of a second, if the store has
// any.
func (s *suite) lease() (l ratelimit.Limit, ok bool) {
	l = ratelimit.Limit{Strategy: ratelimit.Concurrency, Amount: 1, Period: 100 * time.Millisecond}
	return l, s.store.Supports(l) == nil
}

func testEndedLease(s *suite) {
	l, ok := s.lease()
	if !ok {
		return
	}
	ended := s.charge(l, "a", 1)
	s.takes(ended, 1, 0)
	s.wait(s.takes(s.charge(l, "a", 1), -1, 0).RetryAfter)
	next := s.charge(l, "a", 1)
	next.Limit.Period = l.Period
	s.takes(next, 1, 0)
	for _, op := range []ratelimit.Op{ratelimit.Extend, ratelimit.Refund} {
		if r := s.apply(op, ended)[0]; r.Granted != 0 {
			s.Errorf("%s of a lease that has ended = %+v, want Granted 0", opName(op), r)
		}
	}
}

func testExtend(s *suite) {
	l, ok := s.lease()
	if !ok {
		return
	}
	l.Period = time.Hour
	c := s.charge(l, "a", 1)
	s.takes(c, 1, 0)
	s.wait(20 * time.Millisecond)
	before := s.takes(s.charge(l, "a", 1), -1, 0).RetryAfter
	if r := s.apply(ratelimit.Extend, c)[0]; r.Granted != 1 || r.Remaining != 0 || r.ResetAfter <= before {
		s.Errorf("Extend = %+v, want Granted 1, Remaining 0, ResetAfter above %s", r, before)
	}
	s.refund(c, ratelimit.Receipt{}, 1, 1, 1)
	if r := s.apply(ratelimit.Extend, c)[0]; r.Granted != 0 || r.Remaining != 1 {
		s.Errorf("Extend of a released lease = %+v, want Granted 0, Remaining 1", r)
	}
}

func testTakeHeld(s *suite) {
	l, ok := s.lease()
	if !ok {
		return
	}
	l.Amount, l.Period = 3, time.Hour
	c := s.charge(l, "a", 2)
	s.takes(c, 2, 1)
	s.wait(20 * time.Millisecond)
	before := s.apply(ratelimit.Peek, c)[0].ResetAfter
	if r := s.takes(c, 2, 1); r.ResetAfter <= before {
		s.Errorf("Take of a held lease: ResetAfter = %s, want above %s", r.ResetAfter, before)
	}
	s.refund(c, ratelimit.Receipt{}, 2, 2, 3)
}

func testReset(s *suite) {
	for _, l := range s.hourly(5) {
		s.takes(s.charge(l, "a", 5), 5, 0)
		s.takes(s.charge(l, "b", 4), 4, 1)
		if r := s.apply(ratelimit.Reset, s.charge(l, "a", 0))[0]; r.Remaining != 5 || r.ResetAfter != 0 {
			s.Errorf("%s: Reset = %+v, want Remaining 5, ResetAfter 0", l.Strategy, r)
		}
		s.remains(l, "a", 5)
		s.remains(l, "b", 1)
		s.apply(ratelimit.Reset, s.charge(l, "never charged", 0))
	}
}
