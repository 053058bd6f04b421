package ratelimittest

import (
	"sync"
	"sync/atomic"

	"github.com/hone-go/hone/ratelimit"
)

func raceCases() []testCase {
	return []testCase{
		{"OneHundredAtOnceTakeFive", testRace},
		{"ManyBucketsAtOnceStayWhole", testRaceMany},
	}
}

// together calls f in 100 goroutines that begin together.
func together(f func(i int)) {
	const goroutines = 100
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	all.Wait()
}

func testRace(s *suite) {
	for _, l := range s.hourly(5) {
		var admitted atomic.Int64
		together(func(int) {
			r := make([]ratelimit.Result, 1)
			if err := s.store.Apply(s.ctx, ratelimit.Take, []ratelimit.Charge{s.charge(l, "a", 1)}, r); err != nil {
				s.Errorf("%s: Apply = %v", l.Strategy, err)
			}
			admitted.Add(r[0].Granted)
		})
		if got := admitted.Load(); got != 5 {
			s.Errorf("%s: 100 goroutines took %d of 5", l.Strategy, got)
		}
	}
}

// testRaceMany takes from two buckets, in either order, of which one has less:
// so much of both is taken.
func testRaceMany(s *suite) {
	for _, l := range s.hourly(5) {
		large := l
		large.Amount = 50
		var admitted atomic.Int64
		together(func(i int) {
			charges := []ratelimit.Charge{s.charge(l, "a", 1), s.charge(large, "b", 1)}
			if i%2 == 0 {
				charges[0], charges[1] = charges[1], charges[0]
			}
			r := make([]ratelimit.Result, 2)
			if err := s.store.Apply(s.ctx, ratelimit.Take, charges, r); err != nil {
				s.Errorf("%s: Apply = %v", l.Strategy, err)
			}
			if r[0].Granted != r[1].Granted {
				s.Errorf("%s: Take of two = %+v, want both or none", l.Strategy, r)
			}
			admitted.Add(r[0].Granted)
		})
		if got := admitted.Load(); got != 5 {
			s.Errorf("%s: 100 goroutines took %d of 5 and of 50", l.Strategy, got)
		}
		s.remains(l, "a", 0)
		s.remains(large, "b", 45)
	}
}
