package cachetest

import (
	"time"

	"github.com/hone-go/hone/cache"
)

func leaseEndCases() []testCase {
	return []testCase{
		{"Lease/DiesWithItsLife", testLeaseDies},
		{"Lease/VoidedByWrites", testLeaseVoided},
		{"Lease/OutlivesTheRest", testLeaseStands},
		{"Extend/NewLife", testExtend},
		{"Release/OnlyOnesOwn", testRelease},
	}
}

// wantLeaseEnd waits until the lease on a key has died, and leaves another.
func (s *suite) wantLeaseEnd(key string) {
	s.Helper()
	next := cache.Claim{Token: newToken(), Life: time.Hour, Refresh: true}
	s.eventually("the end of a lease", func() bool { return s.claim(key, next).State == cache.Granted })
}

func testLeaseDies(s *suite) {
	for _, refresh := range []bool{false, true} {
		key, by := s.key("absent"), newToken()
		if refresh {
			key = s.key("present")
			s.set(key, "V", cache.NoExpiry)
		}
		before := time.Now()
		s.claim(key, cache.Claim{Token: by, Life: 200 * time.Millisecond, Refresh: refresh})
		s.wantLeaseEnd(key)
		if stood := time.Since(before); stood < 200*time.Millisecond {
			s.Errorf("lease of 200ms was dead after %v", stood)
		}
		if s.fill(key, "late", by) {
			s.Errorf("Fill after the lease has died = true, want false")
		}
		// Its former holder must not end or extend the lease that stands now.
		s.must("Release", s.store.Release(s.ctx, []string{key}, by))
		s.wantLeased(key)
	}
}

// testLeaseVoided: a value that was loaded before a deletion never lands after.
func testLeaseVoided(s *suite) {
	writes := map[string]func(key string){
		"Set":       func(key string) { s.set(key, "1", cache.NoExpiry) },
		"Add":       func(key string) { s.add(key, "1", cache.NoExpiry) },
		"Increment": func(key string) { s.increment(key, 1, cache.NoExpiry) },
		"Delete":    func(key string) { s.delete(key) },
	}
	for name, write := range writes {
		for _, refresh := range []bool{false, true} {
			key, by := s.key(name), newToken()
			s.delete(key)
			if refresh {
				if name == "Add" {
					continue // it would not add
				}
				s.set(key, "0", cache.NoExpiry)
			}
			s.wantState(key, s.claim(key, cache.Claim{Token: by, Life: time.Hour, Refresh: refresh}), cache.Granted)
			write(key)
			if s.fill(key, "stale", by) {
				s.Errorf("Fill after %s = true, want false: it voids the lease", name)
			}
			if item := s.get(key); string(item.Value) == "stale" {
				s.Errorf("value after %s and Fill is that of Fill", name)
			}
			s.wantFree(key)
		}
	}
}

// testLeaseStands: what changes no value voids no lease.
func testLeaseStands(s *suite) {
	key, by := s.key("v"), newToken()
	s.set(key, "1", cache.NoExpiry)
	s.wantState(key, s.claim(key, cache.Claim{Token: by, Life: time.Hour, Refresh: true}), cache.Granted)
	if s.add(key, "2", time.Hour) {
		s.Errorf("Add to a key with a value = true, want false")
	}
	_, err := s.store.Touch(s.ctx, key, time.Hour)
	s.must("Touch", err)
	s.get(key)
	s.set(s.key("w"), "1", time.Hour)
	s.delete(s.key("x"))
	if !s.fill(key, "filled", by) {
		s.Errorf("Fill after calls that void nothing = false, want true")
	}
	s.wantValue(key, "filled")
	// A lease outlives the value that it is to refresh.
	s.set(key, "1", shortLife)
	s.wantState(key, s.claim(key, cache.Claim{Token: by, Life: time.Hour, Refresh: true}), cache.Granted)
	s.wantEnd(key)
	if !s.fill(key, "again", by) {
		s.Errorf("Fill after the value's life has ended = false, want true")
	}
}

func testExtend(s *suite) {
	by := newToken()
	keys := []string{s.key("mine"), s.key("others"), s.key("nobody's"), s.key("also mine")}
	s.lease(keys[0], by, time.Hour)
	s.lease(keys[1], newToken(), time.Hour)
	s.lease(keys[3], by, time.Hour)
	held, err := s.store.Extend(s.ctx, keys, by, shortLife)
	if err != nil || held != 2 {
		s.Errorf("Extend of two leases of the token and two others = %d, %v, want 2, nil", held, err)
	}
	s.wantLeaseEnd(keys[0])
	s.wantLeaseEnd(keys[3])
	s.wantLeased(keys[1])
	s.wantFree(keys[2])
	held, err = s.store.Extend(s.ctx, keys, by, time.Hour)
	if err != nil || held != 0 {
		s.Errorf("Extend of leases that have died = %d, %v, want 0, nil", held, err)
	}
	long := s.key("longer")
	s.lease(long, by, markerLife)
	_, err = s.store.Extend(s.ctx, []string{long}, by, time.Hour)
	s.must("Extend", err)
	s.lease(s.key("marker"), by, markerLife)
	s.wantLeaseEnd(s.key("marker"))
	s.wantLeased(long)
}

func testRelease(s *suite) {
	key, by := s.key("v"), newToken()
	s.lease(key, by, time.Hour)
	s.must("Release", s.store.Release(s.ctx, []string{key, s.key("missing")}, newToken()))
	s.wantLeased(key)
	s.must("Release", s.store.Release(s.ctx, []string{s.key("missing"), key}, by))
	if s.fill(key, "late", by) {
		s.Errorf("Fill after Release = true, want false")
	}
	s.wantFree(key)
	s.set(s.key("value"), "V", time.Hour)
	s.must("Release", s.store.Release(s.ctx, []string{s.key("value")}, by))
	s.wantValue(s.key("value"), "V")
}
