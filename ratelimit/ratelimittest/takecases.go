package ratelimittest

import (
	"context"
	"errors"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

func takeCases() []testCase {
	return []testCase{
		{"TakesUpToTheAmount", testAmount},
		{"RefusalChargesNothing", testRefusal},
		{"CostZeroIsAdmittedAndChargesNothing", testCostZero},
		{"CostOverTheMostIsNeverAdmitted", testCostOverMost},
		{"LeastTakesWhatThereIs", testLeast},
		{"PeekChangesNothing", testPeek},
		{"AmountZeroRefusesEverything", testAmountZero},
		{"BurstIsWhatPassesAtOnce", testBurst},
		{"LargeNumbersAreExact", testLarge},
		{"WhatIsNotSupportedIsRefused", testUnsupported},
		{"CanceledCallChargesNothing", testCanceled},
		{"Pings", testPing},
	}
}

func testAmount(s *suite) {
	for _, l := range s.hourly(5) {
		for left := int64(4); left >= 0; left-- {
			r := s.takes(s.charge(l, "a", 1), 1, left)
			if r.ResetAfter <= 0 || r.ResetAfter > 2*l.Period {
				s.Errorf("%s: Take.ResetAfter = %s, want up to 2 periods", l.Strategy, r.ResetAfter)
			}
		}
		r := s.takes(s.charge(l, "a", 1), -1, 0)
		if r.RetryAfter < 0 || r.RetryAfter > 2*l.Period || r.ResetAfter < r.RetryAfter {
			s.Errorf("%s: refusal with RetryAfter %s, ResetAfter %s, want up to 2 periods, and in this order",
				l.Strategy, r.RetryAfter, r.ResetAfter)
		}
	}
}

func testRefusal(s *suite) {
	for _, l := range s.hourly(5) {
		s.takes(s.charge(l, "a", 3), 3, 2)
		for range 10 {
			s.takes(s.charge(l, "a", 3), -1, 2)
		}
		s.takes(s.charge(l, "a", 2), 2, 0)
	}
}

func testCostZero(s *suite) {
	for _, l := range s.hourly(5) {
		if r := s.takes(s.charge(l, "a", 0), 0, 5); r.ResetAfter != 0 {
			s.Errorf("%s: Take(cost 0).ResetAfter = %s, want 0", l.Strategy, r.ResetAfter)
		}
		s.takes(s.charge(l, "a", 5), 5, 0)
		s.takes(s.charge(l, "a", 0), 0, 0)
	}
}

func testCostOverMost(s *suite) {
	for _, l := range s.hourly(5) {
		for _, cost := range []int64{6, ratelimit.MaxAmount} {
			if r := s.takes(s.charge(l, "a", cost), -1, 5); r.RetryAfter != ratelimit.Never || r.ResetAfter != 0 {
				s.Errorf("%s: Take(cost %d of 5) = %+v, want RetryAfter Never, ResetAfter 0", l.Strategy, cost, r)
			}
		}
		s.takes(s.charge(l, "a", 5), 5, 0)
		if r := s.takes(s.charge(l, "a", 6), -1, 0); r.RetryAfter != ratelimit.Never {
			s.Errorf("%s: Take(cost 6 of 5).RetryAfter = %s, want Never", l.Strategy, r.RetryAfter)
		}
	}
}

func testLeast(s *suite) {
	take := func(l ratelimit.Limit, cost, least, granted, remaining int64) ratelimit.Result {
		s.Helper()
		c := s.charge(l, "a", cost)
		c.Least = least
		return s.takes(c, granted, remaining)
	}
	for _, l := range s.hourly(10) {
		take(l, 4, 1, 4, 6)
		if r := take(l, 12, 11, -1, 6); r.RetryAfter != ratelimit.Never {
			s.Errorf("%s: Take(least 11 of 10).RetryAfter = %s, want Never", l.Strategy, r.RetryAfter)
		}
		take(l, 10, 7, -1, 6)
		take(l, 12, 6, 6, 0)
		take(l, 3, 1, -1, 0)
	}
}

func testPeek(s *suite) {
	for _, l := range s.hourly(5) {
		for range 10 {
			s.remains(l, "a", 5)
		}
		s.takes(s.charge(l, "a", 4), 4, 1)
		for range 10 {
			s.remains(l, "a", 1)
		}
		if r := s.apply(ratelimit.Peek, s.charge(l, "a", 2))[0]; r.Allowed || r.RetryAfter <= 0 {
			s.Errorf("%s: Peek(cost 2 of 1) = %+v, want a refusal, and when to come again", l.Strategy, r)
		}
		s.takes(s.charge(l, "a", 1), 1, 0)
	}
}

func testAmountZero(s *suite) {
	for _, l := range s.hourly(0) {
		for _, cost := range []int64{0, 1} {
			if r := s.takes(s.charge(l, "a", cost), -1, 0); r.RetryAfter != ratelimit.Never || r.ResetAfter != 0 {
				s.Errorf("%s: Take(cost %d of 0) = %+v, want RetryAfter Never, ResetAfter 0", l.Strategy, cost, r)
			}
		}
	}
}

func testBurst(s *suite) {
	l := ratelimit.Limit{Strategy: ratelimit.GCRA, Amount: 2, Period: time.Hour, Burst: 7}
	if s.store.Supports(l) != nil {
		return
	}
	s.takes(s.charge(l, "a", 5), 5, 2)
	s.takes(s.charge(l, "a", 3), -1, 2)
	s.takes(s.charge(l, "a", 2), 2, 0)
	if r := s.takes(s.charge(l, "a", 1), -1, 0); r.RetryAfter <= 29*time.Minute || r.RetryAfter > 30*time.Minute {
		s.Errorf("Take of an empty 2/hour.RetryAfter = %s, want 30m less the time that it took", r.RetryAfter)
	}
	if r := s.takes(s.charge(l, "b", 8), -1, 7); r.RetryAfter != ratelimit.Never {
		s.Errorf("Take(cost 8, burst 7).RetryAfter = %s, want Never", r.RetryAfter)
	}
}

func testLarge(s *suite) {
	for _, strategy := range strategies {
		l := ratelimit.Limit{Strategy: strategy, Amount: ratelimit.MaxAmount, Period: ratelimit.MaxPeriod}
		if strategy == ratelimit.MovingWindow || strategy == ratelimit.Concurrency {
			l.Amount = ratelimit.MaxLog
		}
		if s.store.Supports(l) != nil {
			continue
		}
		s.takes(s.charge(l, "a", 1), 1, l.Amount-1)
		s.takes(s.charge(l, "a", l.Amount), -1, l.Amount-1)
		s.takes(s.charge(l, "a", l.Amount-2), l.Amount-2, 1)
		if r := s.takes(s.charge(l, "a", 1), 1, 0); r.ResetAfter > 2*l.Period || r.ResetAfter < l.Period-time.Hour {
			s.Errorf("%s: ResetAfter = %s, want 1 to 2 periods of %s", strategy, r.ResetAfter, l.Period)
		}
	}
}

func testUnsupported(s *suite) {
	for _, strategy := range strategies {
		l := ratelimit.Limit{Strategy: strategy, Amount: 5, Period: time.Hour}
		supports := s.store.Supports(l)
		if supports != nil && !errors.Is(supports, ratelimit.ErrUnsupported) {
			s.Errorf("%s: Supports = %v, want ErrUnsupported", strategy, supports)
		}
		err := s.store.Apply(s.ctx, ratelimit.Take, []ratelimit.Charge{s.charge(l, "a", 1)}, make([]ratelimit.Result, 1))
		if errors.Is(err, ratelimit.ErrUnsupported) != (supports != nil) {
			s.Errorf("%s: Supports = %v, Apply = %v, want both or none to be ErrUnsupported", strategy, supports, err)
		}
	}
}

func testCanceled(s *suite) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	for _, l := range s.hourly(5) {
		err := s.store.Apply(ctx, ratelimit.Take, []ratelimit.Charge{s.charge(l, "a", 5)}, make([]ratelimit.Result, 1))
		s.unavailable(l.Strategy.String()+": Apply with a canceled context", err)
		s.remains(l, "a", 5)
	}
}

func testPing(s *suite) {
	if err := s.store.Ping(s.ctx); err != nil {
		s.Errorf("Ping = %v, want nil", err)
	}
}
