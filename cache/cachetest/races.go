package cachetest

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/cache"
)

func raceCases() []testCase {
	return []testCase{
		{"Race/OneClaimIsGranted", testRaceClaim},
		{"Race/OneRefreshIsGranted", testRaceRefresh},
		{"Race/OneAddAdds", testRaceAdd},
		{"Race/IncrementsAllCount", testRaceIncrement},
		{"Race/OneFillAfterDelete", testRaceDelete},
		{"Race/ValuesAreWhole", testRaceValues},
	}
}

const racers = 16

// race runs f at the same time in many goroutines.
func (s *suite) race(f func(racer int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for racer := range racers {
		wg.Go(func() {
			<-start
			f(racer)
		})
	}
	close(start)
	wg.Wait()
}

// report notes the error of a call in a goroutine of a race.
func (s *suite) report(call string, err error) bool {
	if err != nil {
		s.Errorf("%s failed: %v", call, err)
	}
	return err == nil
}

func testRaceClaim(s *suite)   { raceClaim(s, false) }
func testRaceRefresh(s *suite) { raceClaim(s, true) }

func raceClaim(s *suite, refresh bool) {
	for round := range 20 {
		key := s.key(strconv.Itoa(round))
		var granted, held atomic.Int32
		s.race(func(int) {
			c := cache.Claim{Token: newToken(), Life: time.Hour, Refresh: refresh}
			items, err := s.store.Claim(s.ctx, []string{key}, c)
			if !s.report("Claim", err) {
				return
			}
			switch items[0].State {
			case cache.Granted:
				granted.Add(1)
			case cache.Held:
				held.Add(1)
			}
		})
		if granted.Load() != 1 || held.Load() != racers-1 {
			s.Errorf("%d claims at a time = %d granted and %d held, want 1 and %d",
				racers, granted.Load(), held.Load(), racers-1)
		}
	}
}

func testRaceAdd(s *suite) {
	for round := range 20 {
		key := s.key(strconv.Itoa(round))
		var winner atomic.Int32
		var winners atomic.Int32
		s.race(func(racer int) {
			added, err := s.store.Add(s.ctx, cache.Entry{Key: key, Value: []byte(strconv.Itoa(racer)), Life: time.Hour})
			if s.report("Add", err) && added {
				winners.Add(1)
				winner.Store(int32(racer))
			}
		})
		if winners.Load() != 1 {
			s.Errorf("%d calls of Add at a time added %d, want 1", racers, winners.Load())
		}
		s.wantValue(key, strconv.Itoa(int(winner.Load())))
	}
}

func testRaceIncrement(s *suite) {
	const each = 50
	key := s.key("n")
	var seen sync.Map
	s.race(func(int) {
		for range each {
			n, err := s.store.Increment(s.ctx, key, 1, time.Hour)
			if !s.report("Increment", err) {
				return
			}
			if _, twice := seen.LoadOrStore(n, true); twice {
				s.Errorf("two calls of Increment = %d, want each its own", n)
			}
		}
	})
	s.wantValue(key, strconv.Itoa(racers*each))
}

// testRaceDelete: of a fill and a deletion at the same time, the fill is
// refused or the deletion removes it. It is never there afterwards.
func testRaceDelete(s *suite) {
	for round := range 20 {
		keys := make([]string, racers)
		by := newToken()
		for i := range keys {
			keys[i] = s.key(strconv.Itoa(round) + "." + strconv.Itoa(i))
			s.lease(keys[i], by, time.Hour)
		}
		var stored, deleted atomic.Int32
		s.race(func(racer int) {
			if racer == 0 {
				n, err := s.store.Delete(s.ctx, keys)
				s.report("Delete", err)
				deleted.Add(int32(n))
				return
			}
			answer, err := s.store.Fill(s.ctx, []cache.Entry{{Key: keys[racer], Value: []byte("v"), Life: time.Hour}}, by)
			if s.report("Fill", err) && answer[0] {
				stored.Add(1)
			}
		})
		if stored.Load() != deleted.Load() {
			s.Errorf("Fill stored %d and Delete removed %d, want as many", stored.Load(), deleted.Load())
		}
		for _, key := range keys {
			s.wantAbsent(key)
		}
	}
}

// testRaceValues: a reader gets one of the values, never parts of two.
func testRaceValues(s *suite) {
	key := s.key("v")
	value := func(racer int) string { return strings.Repeat(strconv.Itoa(racer%10), 1000*(1+racer%3)) }
	s.set(key, value(0), time.Hour)
	s.race(func(racer int) {
		for range 30 {
			if racer%2 == 0 {
				err := s.store.Set(s.ctx, []cache.Entry{{Key: key, Value: []byte(value(racer)), Life: time.Hour}})
				s.report("Set", err)
				continue
			}
			item, err := s.store.Get(s.ctx, key)
			if !s.report("Get", err) {
				continue
			}
			got := string(item.Value)
			if len(got) < 1000 || strings.Trim(got, got[:1]) != "" {
				s.Errorf("Get while others Set = %s, want one of their values", short(item.Value))
			}
		}
	})
}
