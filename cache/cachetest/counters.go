package cachetest

import (
	"math"
	"strconv"
	"time"

	"github.com/hone-go/hone/cache"
)

func counterCases() []testCase {
	return []testCase{
		{"Increment/Sums", testIncrement},
		{"Increment/KeepsLife", testIncrementLife},
		{"Increment/NotANumber", testNotNumber},
		{"Increment/Overflow", testOverflow},
	}
}

func testIncrement(s *suite) {
	key := s.key("n")
	want := int64(0)
	for _, delta := range []int64{5, 0, -7, 1, 5e12, -5e12, math.MaxInt64, math.MinInt64} {
		want += delta
		if got := s.increment(key, delta, cache.NoExpiry); got != want {
			s.Fatalf("Increment by %d = %d, want %d", delta, got, want)
		}
		s.wantValue(key, strconv.FormatInt(want, 10))
	}
	s.set(key, "41", cache.NoExpiry)
	if got := s.increment(key, 1, cache.NoExpiry); got != 42 {
		s.Errorf("Increment of a value that was set to 41 = %d, want 42", got)
	}
}

func testIncrementLife(s *suite) {
	s.increment(s.key("new"), 1, shortLife)
	s.wantEnd(s.key("new"))
	s.set(s.key("old"), "1", 200*time.Millisecond)
	s.increment(s.key("old"), 1, cache.NoExpiry)
	s.wantEnd(s.key("old"))
	if got := s.increment(s.key("old"), 1, time.Hour); got != 1 {
		s.Errorf("Increment of a counter whose life has ended = %d, want 1", got)
	}
	s.set(s.key("forever"), "1", cache.NoExpiry)
	s.increment(s.key("forever"), 1, time.Millisecond)
	s.set(s.key("marker"), "1", shortLife)
	s.wantEnd(s.key("marker"))
	s.wantValue(s.key("forever"), "2")
}

func testNotNumber(s *suite) {
	key := s.key("v")
	for _, value := range []string{"", "x", "1x", "1.5", " 1", "1 ", "0x10", "1e3", "--1", "-", "9223372036854775808", "\x01"} {
		s.set(key, value, cache.NoExpiry)
		_, err := s.store.Increment(s.ctx, key, 1, time.Hour)
		s.wantError("Increment of "+strconv.Quote(value), err, cache.ErrNotNumber)
		s.wantValue(key, value)
	}
	by := newToken()
	s.wantState(key, s.claim(key, cache.Claim{Token: by, Life: time.Hour, Refresh: true}), cache.Granted)
	if _, err := s.store.Increment(s.ctx, key, 1, time.Hour); err == nil {
		s.Errorf("Increment of what is no number = no error")
	}
	s.wantLeased(key)
}

func testOverflow(s *suite) {
	for _, tt := range []struct{ start, delta int64 }{
		{math.MaxInt64, 1}, {math.MaxInt64 - 1, 2}, {math.MinInt64, -1}, {-2, math.MinInt64}, {math.MaxInt64, math.MaxInt64},
	} {
		text := strconv.FormatInt(tt.start, 10)
		s.set(s.key("n"), text, cache.NoExpiry)
		_, err := s.store.Increment(s.ctx, s.key("n"), tt.delta, time.Hour)
		s.wantError("Increment of "+text+" by "+strconv.FormatInt(tt.delta, 10), err, cache.ErrNotNumber)
		s.wantValue(s.key("n"), text)
	}
}
