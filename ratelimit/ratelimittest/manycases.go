package ratelimittest

import (
	"fmt"

	"github.com/hone-go/hone/ratelimit"
)

func manyCases() []testCase {
	return []testCase{
		{"AllAreChargedTogether", testAllCharged},
		{"OneRefusalChargesNone", testOneRefusal},
		{"CheckStopsTheOthersAndIsNotCharged", testCheck},
		{"SoftDoesNotStopTheOthers", testSoft},
	}
}

// everywhere returns a charge on each supported strategy's bucket.
func (s *suite) everywhere(amount, cost int64) []ratelimit.Charge {
	var charges []ratelimit.Charge
	for i, l := range append(s.hourly(amount), s.hourly(amount+1)...) {
		charges = append(charges, s.charge(l, fmt.Sprint(i%2), cost))
	}
	return charges
}

func testAllCharged(s *suite) {
	charges := s.everywhere(5, 3)
	for i, r := range s.apply(ratelimit.Take, charges...) {
		c := charges[i]
		if want := c.Limit.Amount - 3; !r.Allowed || r.Granted != 3 || r.Remaining != want {
			s.Errorf("%s: Take of all = %+v, want Allowed, Granted 3, Remaining %d", c.Limit.Strategy, r, want)
		}
		s.remains(c.Limit, c.Key, c.Limit.Amount-3)
	}
}

func testOneRefusal(s *suite) {
	charges := s.everywhere(5, 3)
	for refused, full := range charges {
		s.scope = newScope()
		for i := range charges {
			charges[i].Scope = s.scope
		}
		s.takes(s.charge(full.Limit, full.Key, full.Limit.Amount-2), full.Limit.Amount-2, 2)
		for i, r := range s.apply(ratelimit.Take, charges...) {
			allowed, remaining := i != refused, charges[i].Limit.Amount
			if !allowed {
				remaining = 2
			}
			if r.Allowed != allowed || r.Granted != 0 || r.Remaining != remaining || r.Receipt != (ratelimit.Receipt{}) {
				s.Errorf("%s: Take of all but %d = %+v, want Allowed %t, Granted 0, Remaining %d, no Receipt",
					charges[i].Limit.Strategy, refused, r, allowed, remaining)
			}
			s.remains(charges[i].Limit, charges[i].Key, remaining)
		}
	}
}

func testCheck(s *suite) {
	for _, l := range s.hourly(5) {
		other := s.charge(l, "other", 1)
		check := s.charge(l, "check", 4)
		check.Check = true
		for i, want := range []ratelimit.Result{{Granted: 1, Remaining: 4}, {Remaining: 5}} {
			r := s.apply(ratelimit.Take, other, check)[i]
			if i == 1 {
				want.Granted = 0 // both calls have charged the other by now
			} else if r.Granted != want.Granted || r.Remaining != want.Remaining {
				s.Errorf("%s: Take beside a check = %+v, want Granted 1, Remaining 4", l.Strategy, r)
			}
			if !r.Allowed {
				s.Errorf("%s: Take with a check = %+v, want Allowed", l.Strategy, r)
			}
			other.ID = newID()
		}
		s.remains(l, "check", 5)
		s.remains(l, "other", 3)
		s.takes(s.charge(l, "check", 2), 2, 3)
		if r := s.apply(ratelimit.Take, other, check); r[0].Granted != 0 || !r[0].Allowed || r[1].Allowed {
			s.Errorf("%s: Take with a check that fails = %+v, want it refused and nothing charged", l.Strategy, r)
		}
		s.remains(l, "other", 3)
	}
}

func testSoft(s *suite) {
	for _, l := range s.hourly(5) {
		soft := s.charge(l, "soft", 3)
		soft.Soft = true
		for _, granted := range []int64{3, 0} {
			soft.ID = newID()
			r := s.apply(ratelimit.Take, s.charge(l, "other", 1), soft)
			if r[0].Granted != 1 || r[1].Granted != granted || r[1].Allowed != (granted > 0) || r[1].Remaining != 2 {
				s.Errorf("%s: Take with a soft charge = %+v, want Granted 1 and %d", l.Strategy, r, granted)
			}
		}
		s.takes(s.charge(l, "other", 3), 3, 0)
		soft.Cost = 2
		if r := s.apply(ratelimit.Take, s.charge(l, "other", 1), soft); r[1].Granted != 0 {
			s.Errorf("%s: a soft charge beside a refused one = %+v, want Granted 0", l.Strategy, r[1])
		}
		s.remains(l, "soft", 2)
	}
}
