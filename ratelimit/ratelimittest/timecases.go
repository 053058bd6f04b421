package ratelimittest

import (
	"time"

	"github.com/hone-go/hone/ratelimit"
)

func timeCases() []testCase {
	return []testCase{
		{"RetryAfterIsEnough", testRetryAfter},
		{"ResetAfterIsEnough", testResetAfter},
		{"TimetableOfFixedWindow", timetable(fixedTimetable())},
		{"TimetableOfMovingWindow", timetable(movingTimetable())},
		{"TimetableOfSlidingWindow", timetable(slidingTimetable())},
		{"TimetableOfGCRA", timetable(gcraTimetable())},
	}
}

// The period of the cases that wait: much longer than a busy machine pauses,
// and no longer than needed, because it is waited.
const shortPeriod = 400 * time.Millisecond

func testRetryAfter(s *suite) {
	for _, l := range s.limits(4, shortPeriod) {
		for range 4 {
			s.apply(ratelimit.Take, s.charge(l, "a", 1))
		}
		for range 3 {
			// Of a store whose clock runs, some may have lapsed.
			r := s.apply(ratelimit.Take, s.charge(l, "a", 2))[0]
			if !r.Allowed {
				s.wait(r.RetryAfter)
				if r := s.apply(ratelimit.Take, s.charge(l, "a", 2))[0]; !r.Allowed {
					s.Errorf("%s: Take after RetryAfter = %+v, want Allowed", l.Strategy, r)
				}
			}
		}
	}
}

func testResetAfter(s *suite) {
	for _, l := range s.limits(4, shortPeriod) {
		r := s.apply(ratelimit.Take, s.charge(l, "a", 3))[0]
		s.wait(r.ResetAfter)
		if r := s.takes(s.charge(l, "a", 4), 4, 0); r.ResetAfter < shortPeriod-time.Millisecond {
			s.Errorf("%s: ResetAfter of a full bucket = %s, want a period at least", l.Strategy, r.ResetAfter)
		}
	}
}

// A moment is a call of a timetable, and what has to come of it.
type moment struct {
	at          time.Duration // since the beginning
	cost        int64         // -1: Peek of 1
	granted     int64         // -1: refused
	remaining   int64
	retry       time.Duration
	reset       time.Duration
	description string
}

// timetable goes through moments with a clock that stands still in between. A
// store whose clock runs does not have it: its results are not exact.
func timetable(l ratelimit.Limit, moments []moment) func(s *suite) {
	return func(s *suite) {
		if s.clock == nil || s.store.Supports(l) != nil {
			return
		}
		for _, m := range moments {
			s.clock.SetNow(s.now + m.at.Microseconds())
			op, cost := ratelimit.Take, m.cost
			if cost < 0 {
				op, cost = ratelimit.Peek, 1
			}
			r := s.apply(op, s.charge(l, "a", cost))[0]
			r.Receipt = ratelimit.Receipt{}
			want := ratelimit.Result{
				Allowed: m.granted >= 0, Granted: max(0, m.granted), Remaining: m.remaining,
				RetryAfter: m.retry, ResetAfter: m.reset,
			}
			if r != want {
				s.Errorf("%s: at %s, %s(cost %d) = %+v, want %+v (%s)",
					l.Strategy, m.at, opName(op), cost, r, want, m.description)
			}
		}
	}
}

func fixedTimetable() (ratelimit.Limit, []moment) {
	const sec, ms = time.Second, time.Millisecond
	return ratelimit.Limit{Strategy: ratelimit.FixedWindow, Amount: 10, Period: 2 * sec}, []moment{
		{0, -1, 0, 10, 0, 0, "an empty bucket"},
		{0, 5, 5, 5, 0, 2 * sec, "the window begins"},
		{500 * ms, 6, -1, 5, 1500 * ms, 1500 * ms, "not enough left"},
		{500 * ms, 11, -1, 5, ratelimit.Never, 1500 * ms, "more than ever"},
		{time.Second, 5, 5, 0, 0, sec, "all of it"},
		{2*sec - 1000, 1, -1, 0, 1000, 1000, "a microsecond before the end"},
		{2 * sec, -1, 0, 10, 0, 0, "the end"},
		{3 * sec, 10, 10, 0, 0, 2 * sec, "a window begins with its first charge, not at a multiple"},
		{sec, 1, -1, 0, 4 * sec, 4 * sec, "the clock stepped back: the window stands still"},
	}
}

func movingTimetable() (ratelimit.Limit, []moment) {
	const sec, ms = time.Second, time.Millisecond
	return ratelimit.Limit{Strategy: ratelimit.MovingWindow, Amount: 10, Period: 2 * sec}, []moment{
		{0, 5, 5, 5, 0, 2 * sec, "five at the beginning"},
		{1800 * ms, 4, 4, 1, 0, 2 * sec, "four near the end"},
		{1800 * ms, 2, -1, 1, 200 * ms, 2 * sec, "one too many, until the five lapse"},
		{1800 * ms, 7, -1, 1, 2 * sec, 2 * sec, "the five are not enough: the four too"},
		{1900 * ms, 1, 1, 0, 0, 2 * sec, "the last one"},
		{2*sec - 1000, 1, -1, 0, 1000, 1901*ms - 999*1000, "a microsecond before the five lapse"},
		{2 * sec, 5, 5, 0, 0, 2 * sec, "the five have lapsed"},
		{3800 * ms, -1, 0, 4, 0, 200 * ms, "the four have lapsed"},
		{4 * sec, -1, 0, 10, 0, 0, "all have lapsed"},
	}
}

func slidingTimetable() (ratelimit.Limit, []moment) {
	const sec, ms = time.Second, time.Millisecond
	return ratelimit.Limit{Amount: 100, Period: 60 * sec}, []moment{
		{0, 40, 40, 60, 0, 120 * sec, "the first window begins"},
		{60 * sec, 60, 60, 0, 0, 120 * sec, "the second: the first weighs 40"},
		{75 * sec, 10, 10, 0, 0, 105 * sec, "a quarter gone: it weighs 30"},
		{90 * sec, 10, 10, 0, 0, 90 * sec, "a half gone: it weighs 20"},
		{90 * sec, 1, -1, 0, 15 * time.Microsecond, 90 * sec, "in the next step of 15 µs 19.99… weighs 19"},
		{119 * sec, 21, -1, 20, sec + 15*time.Microsecond, 61 * sec, "80 and ⌊40/60⌋ = 0: one too many until the 80 weigh less"},
		{120 * sec, 20, 20, 0, 0, 120 * sec, "the third window: the second weighs 80"},
		{239 * sec, -1, 0, 100, 0, sec, "20 of the third weigh nothing in the last second of the fourth"},
		{240 * sec, 100, 100, 0, 0, 120 * sec, "after two periods all is new"},
		{240*sec + ms, 100, -1, 0, 119399015 * time.Microsecond, 120*sec - ms, "until the 100 weigh less than one"},
	}
}

func gcraTimetable() (ratelimit.Limit, []moment) {
	const sec, ms = time.Second, time.Millisecond
	return ratelimit.Limit{Strategy: ratelimit.GCRA, Amount: 10, Period: sec, Burst: 5}, []moment{
		{0, 5, 5, 0, 0, 500 * ms, "a burst"},
		{0, 1, -1, 0, 100 * ms, 500 * ms, "a unit each 100 ms"},
		{0, 3, -1, 0, 300 * ms, 500 * ms, "three need three times that"},
		{0, 6, -1, 0, ratelimit.Never, 500 * ms, "more than the burst"},
		{100*ms - 1000, 1, -1, 0, 1000, 400*ms + 1000, "a microsecond before"},
		{100 * ms, 1, 1, 0, 0, 500 * ms, "one is back"},
		{350 * ms, 2, 2, 0, 0, 450 * ms, "two and a half are back"},
		{10 * sec, 5, 5, 0, 0, 500 * ms, "never more than the burst"},
		{5 * sec, 1, -1, 0, 5100 * ms, 5500 * ms, "the clock stepped back: nothing refills"},
	}
}
