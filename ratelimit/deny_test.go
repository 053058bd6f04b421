package ratelimit_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// TestRememberedRefusalsAreTrue makes the same random requests of a limiter that
// remembers refusals and of one that does not, on stores of their own: each
// decision must be the same.
func TestRememberedRefusalsAreTrue(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("seed %d", s)
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(s, 0))
		limiters := [2]*ratelimit.Limiter{
			newLimiter(t, newRemote(t), ratelimit.Config{DenyCache: 16}), // so that buckets meet in a slot
			newLimiter(t, newRemote(t), ratelimit.Config{DenyCache: -1}),
		}
		var rules [2][]*ratelimit.Rule
		for i, l := range limiters {
			for _, s := range strategies {
				for _, limit := range []ratelimit.Limit{
					{Strategy: s, Amount: 5, Period: time.Second},
					{Strategy: s, Amount: 20, Period: 700 * time.Millisecond},
				} {
					rules[i] = append(rules[i], ruleOf(t, l, fmt.Sprintf("%s-%d", s, limit.Amount), limit, ratelimit.RuleConfig{}))
				}
			}
		}
		remembered := 0
		for range 10_000 {
			var uses [2][]ratelimit.Use
			for _, k := range rng.Perm(len(rules[0]))[:1+rng.IntN(2)] {
				key, cost := fmt.Sprint(rng.IntN(4)), rng.Int64N(7)
				for i := range uses {
					uses[i] = append(uses[i], rules[i][k].Use(key, cost))
				}
			}
			var d [2]ratelimit.Decision
			for i, l := range limiters {
				var err error
				if d[i], err = l.Take(t.Context(), uses[i]...); err != nil {
					t.Fatal(err)
				}
			}
			if d[0].Allowed != d[1].Allowed {
				t.Fatalf("Take(%s) = %t with memory, want %t:\n%s\n%s", describe(uses[0]), d[0].Allowed, d[1].Allowed, quotas(&d[0]), quotas(&d[1]))
			}
			for q := range d[0].Quotas() {
				if q.Source != ratelimit.FromMemory || q.Allowed || q.RetryAfter == ratelimit.Never {
					continue
				}
				remembered++
				for real := range d[1].Quotas() {
					if real.Source == ratelimit.FromStore && real.Rule.Name() == q.Rule.Name() && real.Key == q.Key && real.RetryAfter < q.RetryAfter {
						t.Fatalf("RetryAfter = %v from memory, want at most %v:\n%s\n%s\n%s", q.RetryAfter, real.RetryAfter, describe(uses[0]), quotas(&d[0]), quotas(&d[1]))
					}
				}
			}
			if rng.IntN(3) == 0 {
				time.Sleep(time.Duration(rng.IntN(100_000)) * time.Microsecond) // stores count in those
			}
		}
		if remembered < 100 {
			t.Errorf("%d refusals were remembered, want many", remembered)
		}
	})
}

// TestAFloodSendsNothing counts the calls for a key that is refused.
func TestAFloodSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newRemote(t)
		l := newLimiter(t, way, ratelimit.Config{})
		for _, s := range strategies[:4] {
			r := ruleOf(t, l, s.String(), ratelimit.Limit{Strategy: s, Amount: 5, Period: time.Minute}, ratelimit.RuleConfig{})
			take(t, l, true, r.Use("k", 4))
			take(t, l, false, r.Use("k", 2))
			take(t, l, true, r.Use("k", 1)) // a smaller cost was not refused
			d := take(t, l, false, r.Use("k", 1))
			retry, reset, before := d.RetryAfter(), d.Closest().ResetAfter, way.calls.Load()
			for i := range 1000 {
				d := take(t, l, false, r.Use("k", 1+int64(i%3)))
				if q := d.Closest(); q.Source != ratelimit.FromMemory || q.RetryAfter != retry || q.ResetAfter != reset || q.Remaining != -1 {
					t.Fatalf("%s: remembered: %s, want RetryAfter %v, ResetAfter %v", s, quotas(&d), retry, reset)
				}
			}
			time.Sleep(retry - time.Microsecond)
			take(t, l, false, r.Use("k", 1))
			if n := way.calls.Load() - before; n != 0 {
				t.Errorf("%s: %d calls for a key that is refused", s, n)
			}
			time.Sleep(time.Microsecond)
			take(t, l, true, r.Use("k", 1))
		}
	})
}

func TestRefusalsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newRemote(t)
		l := newLimiter(t, way, ratelimit.Config{DenyCache: 64})
		r := newRule(t, l, "r", "1/hour", ratelimit.RuleConfig{})
		for round := range 3 {
			for i := range 1000 {
				take(t, l, round == 0, r.Use(fmt.Sprint(i), 1))
			}
		}
		// 64 of them are remembered, at most.
		if n := way.calls.Load(); n < 3000-64 {
			t.Errorf("%d calls for 3000 requests of 1000 keys, want no more than 64 remembered", n)
		}
		take(t, l, false, r.Use("7", 1))
		before := way.calls.Load()
		take(t, l, false, r.Use("7", 1))
		if way.calls.Load() != before {
			t.Error("the last refusal is not remembered")
		}
	})
}
