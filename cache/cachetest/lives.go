package cachetest

import (
	"math"
	"time"

	"github.com/hone-go/hone/cache"
)

func lifeCases() []testCase {
	return []testCase{
		{"Life/Ends", testLifeEnds},
		{"Life/NeverEarly", testNeverEarly},
		{"Life/Forever", testForever},
		{"Life/Replaced", testLifeReplaced},
		{"Life/Refused", testLifeRefused},
		{"Life/Told", testLifeTold},
		{"Touch/NewLife", testTouch},
	}
}

// Lives that end during a case. A store may round them up by a second.
const (
	shortLife  = 50 * time.Millisecond
	markerLife = 500 * time.Millisecond // long enough to be replaced in time
)

func (s *suite) wantEnd(key string) {
	s.Helper()
	s.eventually("the end of a short life", func() bool { return s.get(key).State == cache.Absent })
}

func testLifeEnds(s *suite) {
	for _, life := range []time.Duration{time.Millisecond, 1500 * time.Microsecond, shortLife} {
		key := s.key(life.String())
		s.set(key, "v", life)
		s.wantEnd(key)
		if n := s.delete(key); n != 0 {
			s.Errorf("Delete of a value whose life of %v has ended = %d, want 0", life, n)
		}
		if !s.add(key, "w", time.Hour) {
			s.Errorf("Add to a key whose life of %v has ended = false, want true", life)
		}
		s.wantValue(key, "w")
	}
}

// testNeverEarly looks at the time on the outside: a value that was absent when
// the answer came must have been written a life ago.
func testNeverEarly(s *suite) {
	const life = 300 * time.Millisecond
	writes := map[string]func(key string){
		"Set":       func(key string) { s.set(key, "1", life) },
		"Add":       func(key string) { s.add(key, "1", life) },
		"Increment": func(key string) { s.increment(key, 1, life) },
		"Fill": func(key string) {
			by := newToken()
			s.lease(key, by, time.Hour)
			_, err := s.store.Fill(s.ctx, []cache.Entry{{Key: key, Value: []byte("1"), Life: life}}, by)
			s.must("Fill", err)
		},
		"Touch": func(key string) {
			s.set(key, "1", time.Hour)
			_, err := s.store.Touch(s.ctx, key, life)
			s.must("Touch", err)
		},
	}
	for name, write := range writes {
		before := time.Now()
		write(s.key(name))
		s.wantEnd(s.key(name))
		if lived := time.Since(before); lived < life {
			s.Errorf("value of %s with a life of %v was gone after %v", name, life, lived)
		}
	}
}

func testForever(s *suite) {
	s.set(s.key("forever"), "v", cache.NoExpiry)
	s.set(s.key("90 years"), "v", 90*365*24*time.Hour)
	s.set(s.key("marker"), "v", shortLife)
	s.wantEnd(s.key("marker"))
	s.wantValue(s.key("forever"), "v")
	s.wantValue(s.key("90 years"), "v")
}

// testLifeReplaced: a write brings its own life, whatever was there.
func testLifeReplaced(s *suite) {
	s.set(s.key("shorter"), "old", cache.NoExpiry)
	s.set(s.key("shorter"), "new", shortLife)
	s.set(s.key("longer"), "old", shortLife)
	s.set(s.key("longer"), "new", cache.NoExpiry)
	s.wantEnd(s.key("shorter"))
	s.wantValue(s.key("longer"), "new")
}

func testLifeRefused(s *suite) {
	by := newToken()
	key, none := s.key("v"), s.key("none")
	s.set(key, "5", cache.NoExpiry)
	s.lease(s.key("leased"), by, time.Hour)
	for _, life := range []time.Duration{
		0, -2, -time.Second, math.MinInt64, 1, time.Millisecond - 1, 101 * 366 * 24 * time.Hour, math.MaxInt64,
	} {
		entry := cache.Entry{Key: none, Value: []byte("v"), Life: life}
		good := cache.Entry{Key: s.key("good"), Value: []byte("v"), Life: time.Hour}
		calls := map[string]func() error{
			"Set":       func() error { return s.store.Set(s.ctx, []cache.Entry{good, entry}) },
			"Add":       func() error { _, err := s.store.Add(s.ctx, entry); return err },
			"Increment": func() error { _, err := s.store.Increment(s.ctx, none, 1, life); return err },
			"Touch":     func() error { _, err := s.store.Touch(s.ctx, key, life); return err },
			"Claim": func() error {
				_, err := s.store.Claim(s.ctx, []string{none}, cache.Claim{Token: by, Life: life})
				return err
			},
			"Extend": func() error { _, err := s.store.Extend(s.ctx, []string{s.key("leased")}, by, life); return err },
			"Fill": func() error {
				_, err := s.store.Fill(s.ctx, []cache.Entry{{Key: s.key("leased"), Value: []byte("v"), Life: life}}, by)
				return err
			},
		}
		for name, call := range calls {
			s.wantError(name+" with a life of "+life.String(), call(), cache.ErrLife)
		}
		s.wantAbsent(none)
		s.wantAbsent(good.Key)
		s.wantAbsent(s.key("leased"))
	}
	s.wantValue(key, "5")
	s.wantFree(none)
	s.wantLeased(s.key("leased"))
}

// testLifeTold is for stores that are a [cache.LifeTeller].
func testLifeTold(s *suite) {
	teller, ok := s.store.(cache.LifeTeller)
	if !ok {
		return
	}
	s.set(s.key("hour"), "1", time.Hour)
	s.set(s.key("forever"), "1", cache.NoExpiry)
	s.increment(s.key("hour"), 1, cache.NoExpiry)
	s.increment(s.key("forever"), 1, time.Hour)
	s.increment(s.key("counter"), 1, time.Hour)
	for name, want := range map[string]time.Duration{
		"hour": time.Hour, "counter": time.Hour, "forever": cache.NoExpiry, "missing": 0,
	} {
		left, found, err := teller.Life(s.ctx, s.key(name))
		s.must("Life", err)
		if found != (want != 0) {
			s.Errorf("Life(%q) found = %t", name, found)
		}
		if want == time.Hour && left > want-time.Minute && left <= want+time.Second {
			continue
		}
		if left != want {
			s.Errorf("Life(%q) = %v, want %v", name, left, want)
		}
	}
}

func testTouch(s *suite) {
	s.set(s.key("shorter"), "v", cache.NoExpiry)
	s.set(s.key("longer"), "v", markerLife)
	for name, life := range map[string]time.Duration{"shorter": shortLife, "longer": cache.NoExpiry} {
		found, err := s.store.Touch(s.ctx, s.key(name), life)
		if err != nil || !found {
			s.Errorf("Touch(%q) = %t, %v, want true, nil", name, found, err)
		}
	}
	s.wantEnd(s.key("shorter"))
	if found, err := s.store.Touch(s.ctx, s.key("shorter"), time.Hour); err != nil || found {
		s.Errorf("Touch of a value whose life has ended = %t, %v, want false, nil", found, err)
	}
	s.wantAbsent(s.key("shorter"))
	s.set(s.key("marker"), "v", markerLife)
	s.wantEnd(s.key("marker"))
	s.wantValue(s.key("longer"), "v")
}
