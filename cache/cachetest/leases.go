package cachetest

import (
	"time"

	"github.com/hone-go/hone/cache"
)

func leaseCases() []testCase {
	return []testCase{
		{"Claim/States", testClaimStates},
		{"Claim/Many", testClaimMany},
		{"Claim/AgainByTheHolder", testClaimAgain},
		{"Claim/Refresh", testRefresh},
		{"Fill/ByTheHolderAlone", testFill},
		{"Fill/Many", testFillMany},
		{"Fill/OverAValue", testFillRefreshed},
	}
}

func testClaimStates(s *suite) {
	key, one, two := s.key("v"), newToken(), newToken()
	s.lease(key, one, time.Hour)
	s.wantState(key, s.claim(key, cache.Claim{Token: two, Life: time.Hour}), cache.Held)
	s.wantAbsent(key)
	if !s.fill(key, "filled", one) {
		s.Fatalf("Fill by the holder = false, want true")
	}
	for _, by := range []cache.Token{one, two} {
		item := s.claim(key, cache.Claim{Token: by, Life: time.Hour})
		s.wantState(key, item, cache.Found)
		if string(item.Value) != "filled" {
			s.Errorf("Claim of a value = %q, want %q", item.Value, "filled")
		}
	}
	s.wantFree(key) // a Claim that found a value granted nothing
}

func testClaimMany(s *suite) {
	by := newToken()
	s.set(s.key("found"), "F", time.Hour)
	s.lease(s.key("held"), newToken(), time.Hour)
	keys := []string{s.key("new"), s.key("held"), s.key("found"), s.key("other")}
	items, err := s.store.Claim(s.ctx, keys, cache.Claim{Token: by, Life: time.Hour})
	s.must("Claim", err)
	if len(items) != len(keys) {
		s.Fatalf("Claim of %d keys = %d items", len(keys), len(items))
	}
	for i, want := range []cache.State{cache.Granted, cache.Held, cache.Found, cache.Granted} {
		s.wantState(keys[i], items[i], want)
	}
	if got := string(items[2].Value); got != "F" {
		s.Errorf("Claim item 2 = %q, want %q", got, "F")
	}
}

func testClaimAgain(s *suite) {
	key, by := s.key("v"), newToken()
	s.lease(key, by, time.Hour)
	s.lease(key, by, time.Hour)
	s.wantLeased(key)
	s.lease(key, by, shortLife)
	s.wantLeaseEnd(key)
}

func testRefresh(s *suite) {
	one, two := newToken(), newToken()
	s.set(s.key("value"), "V", time.Hour)
	for _, key := range []string{s.key("value"), s.key("missing")} {
		for _, step := range []struct {
			by   cache.Token
			want cache.State
		}{{one, cache.Granted}, {two, cache.Held}, {one, cache.Granted}} {
			item := s.claim(key, cache.Claim{Token: step.by, Life: time.Hour, Refresh: true})
			s.wantState(key, item, step.want)
			if item.Value != nil {
				s.Errorf("Claim with Refresh = value %q, want none: it reads nothing", item.Value)
			}
		}
	}
	s.wantValue(s.key("value"), "V")
	// Whoever does not want to refresh still finds the value.
	s.wantState(s.key("value"), s.claim(s.key("value"), cache.Claim{Token: two, Life: time.Hour}), cache.Found)
	s.wantState(s.key("missing"), s.claim(s.key("missing"), cache.Claim{Token: two, Life: time.Hour}), cache.Held)
}

func testFill(s *suite) {
	key, by := s.key("v"), newToken()
	if s.fill(key, "x", by) {
		s.Errorf("Fill without a lease = true, want false")
	}
	s.wantAbsent(key)
	s.lease(key, by, time.Hour)
	if s.fill(key, "x", newToken()) {
		s.Errorf("Fill by another = true, want false")
	}
	s.wantAbsent(key)
	s.wantLeased(key)
	if !s.fill(key, "v", by) {
		s.Errorf("Fill by the holder = false, want true")
	}
	s.wantValue(key, "v")
	if s.fill(key, "w", by) {
		s.Errorf("Fill for the second time = true, want false: the first ended the lease")
	}
	s.wantValue(key, "v")
}

func testFillMany(s *suite) {
	by := newToken()
	s.lease(s.key("mine"), by, time.Hour)
	s.lease(s.key("others"), newToken(), time.Hour)
	var entries []cache.Entry
	for _, name := range []string{"others", "mine", "nobody's", "mine"} {
		entries = append(entries, cache.Entry{Key: s.key(name), Value: []byte(name), Life: time.Hour})
	}
	stored, err := s.store.Fill(s.ctx, entries, by)
	s.must("Fill", err)
	if len(stored) != len(entries) {
		s.Fatalf("Fill of %d entries = %d answers", len(entries), len(stored))
	}
	for i, want := range []bool{false, true, false, false} {
		if stored[i] != want {
			s.Errorf("Fill of %q = %t, want %t", entries[i].Key, stored[i], want)
		}
	}
	s.wantValue(s.key("mine"), "mine")
	s.wantAbsent(s.key("others"))
	s.wantAbsent(s.key("nobody's"))
}

func testFillRefreshed(s *suite) {
	key, by := s.key("v"), newToken()
	s.set(key, "old", time.Hour)
	s.wantState(key, s.claim(key, cache.Claim{Token: by, Life: time.Hour, Refresh: true}), cache.Granted)
	if !s.fill(key, "new", by) {
		s.Errorf("Fill over a value by the holder = false, want true")
	}
	s.wantValue(key, "new")
	s.wantFree(key)
}
