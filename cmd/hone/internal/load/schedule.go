package load

import (
	"math"
	"time"
)

// A schedule says when each request is due. It paces an attack as a
// [vegeta.Pacer]: it does the waiting itself, so that a cancelled run need not
// sit out the wait for the next request. Everything but Pace is safe for
// concurrent use.
type schedule struct {
	began time.Time // when request 0 is due
	rate  float64   // requests per second
	warm  uint64    // requests before this one are not measured
	total uint64    // requests planned, the warm-up included
	stop  <-chan struct{}
	timer *time.Timer
}

func newSchedule(c Config, began time.Time, stop <-chan struct{}) *schedule {
	timer := time.NewTimer(0)
	timer.Stop()
	warm := requestsWithin(c.Warmup, c.Rate)
	return &schedule{
		began: began,
		rate:  c.Rate,
		warm:  warm,
		total: max(warm+1, requestsWithin(c.Warmup+c.For, c.Rate)),
		stop:  stop,
		timer: timer,
	}
}

// requestsWithin counts the requests due before d: those n ≥ 0 with
// n/rate < d. The product is rounded to 1e-6 of a request first, so that
// 0.1 s at 30 per second is 3 and not, for want of binary tenths, 4.
func requestsWithin(d time.Duration, rate float64) uint64 {
	n := d.Seconds() * rate
	return uint64(math.Ceil(math.Round(n*1e6) / 1e6))
}

// due returns when request n is due: began + n/rate.
func (s *schedule) due(n uint64) time.Time {
	return s.began.Add(time.Duration(float64(n) / s.rate * float64(time.Second)))
}

// timerSlack is how long before a request is due its timer is set to fire; the
// rest is napped. Not shorter: where nothing else is to do, the runtime waits
// for timers in whole milliseconds and so fires them up to one late, which
// would be charged to the service. Not longer: a nap holds a thread.
const timerSlack = 1500 * time.Microsecond

// Pace waits until request n is due, or not at all if that is past. It reports
// true when there is nothing more to send.
func (s *schedule) Pace(_ time.Duration, n uint64) (time.Duration, bool) {
	if n >= s.total {
		return 0, true
	}
	due := s.due(n)
	if !s.wait(time.Until(due) - timerSlack) {
		return 0, true
	}
	nap(time.Until(due))
	return 0, !s.wait(time.Until(due)) // for what the nap left over, if anything
}

// wait waits for d, and reports false if the run was stopped.
func (s *schedule) wait(d time.Duration) bool {
	select {
	case <-s.stop:
		return false
	default:
	}
	if d <= 0 {
		return true
	}
	s.timer.Reset(d)
	defer s.timer.Stop()
	select {
	case <-s.timer.C:
		return true
	case <-s.stop:
		return false
	}
}

// Rate returns the constant rate in requests per second.
func (s *schedule) Rate(time.Duration) float64 { return s.rate }
