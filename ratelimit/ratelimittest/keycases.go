package ratelimittest

import (
	"strings"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

func keyCases() []testCase {
	return []testCase{
		{"HostileKeysDoNotShare", testHostileKeys},
		{"LimitsOfAKeyDoNotShare", testLimitsApart},
	}
}

func testHostileKeys(s *suite) {
	long := strings.Repeat("k", 1<<20)
	names := []struct{ scope, key string }{
		{"", ""},
		{"", "a"},
		{"a", ""},
		{"a", "b/c"},
		{"a/b", "c"},
		{"a", "bc"},
		{"ab", "c"},
		{"a:b", "c"},
		{"a", "b:c"},
		{"a", "}"},
		{"a", "{"},
		{"a", "{}"},
		{"a", "{b}"},
		{"a", " "},
		{"a", "  "},
		{"a", "\n"},
		{"a", "\r\n"},
		{"a", "\x00"},
		{"a\x00", ""},
		{"a", "\xff\xfe"},
		{"a", "\ufffd"},
		{"a", "\ufffd\ufffd"},
		{"a", "*"},
		{"a", "é"},
		{"a", "e\u0301"},
		{"a", "A"},
		{"a", long},
		{"a", long + "k"},
		{long, "a"},
	}
	for _, l := range s.hourly(1) {
		for _, n := range names {
			c := s.charge(l, n.key, 1)
			c.Scope += n.scope
			if r := s.apply(ratelimit.Take, c)[0]; !r.Allowed {
				s.Errorf("%s: the bucket of scope %.20q, key %.20q is another's", l.Strategy, n.scope, n.key)
			}
		}
		for _, n := range names {
			c := s.charge(l, n.key, 1)
			c.Scope += n.scope
			if r := s.apply(ratelimit.Take, c)[0]; r.Allowed {
				s.Errorf("%s: the bucket of scope %.20q, key %.20q was lost", l.Strategy, n.scope, n.key)
			}
		}
	}
}

// testLimitsApart has limits that differ in one field: a limit that is changed
// begins anew.
func testLimitsApart(s *suite) {
	limits := s.hourly(5)
	for _, l := range s.hourly(5) {
		more, longer, burst := l, l, l
		more.Amount++
		longer.Period += time.Microsecond
		limits = append(limits, more, longer)
		if burst.Burst = 6; burst.Validate() == nil {
			limits = append(limits, burst)
		}
	}
	for _, l := range limits {
		s.takes(s.charge(l, "a", l.Most()), l.Most(), 0)
	}
}
