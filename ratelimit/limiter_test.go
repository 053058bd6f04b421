package ratelimit_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		store  ratelimit.Store
		config ratelimit.Config
		want   []string
	}{
		{"no store", nil, ratelimit.Config{Namespace: "n"}, []string{"store is nil"}},
		{"no namespace", newMemory(t), ratelimit.Config{}, []string{"Config.Namespace"}},
		{"a bad namespace", newMemory(t), ratelimit.Config{Namespace: "a:b"}, []string{`"a:b"`}},
		{"a long namespace", newMemory(t), ratelimit.Config{Namespace: strings.Repeat("a", 41)}, []string{"1 to 40"}},
		{
			"all else", newMemory(t),
			ratelimit.Config{Namespace: "n", Timeout: -1, ProbeInterval: 1, Instances: -1, LeasedKeys: -1},
			[]string{"Config.Timeout", "Config.ProbeInterval", "Config.Instances", "Config.LeasedKeys"},
		},
	} {
		l, err := ratelimit.New(c.store, c.config)
		if err == nil {
			l.Close()
			t.Errorf("%s: New = nil error", c.name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: New = %q, want it to say %q", c.name, err, want)
			}
		}
	}
}

func TestRuleRefuses(t *testing.T) {
	l := newLimiter(t, newMemory(t), ratelimit.Config{})
	closed := ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed}
	if _, err := l.Rule("taken", "1/second", closed); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, limits string
		config       ratelimit.RuleConfig
		want         string
	}{
		{"taken", "1/second", closed, "taken"},
		{"", "1/second", closed, "want a name"},
		{"Upper", "1/second", closed, "want a name"},
		{"a", "1 per fortnight", closed, "a"},
		{"a", "1/second", ratelimit.RuleConfig{}, "OnStoreError is 0"},
		{"a", "1/second", ratelimit.RuleConfig{OnStoreError: 9}, "OnStoreError is 9"},
		{"a", "1/second", ratelimit.RuleConfig{OnStoreError: ratelimit.FailShare}, "Config.Local"},
		{"a", "1/second", ratelimit.RuleConfig{OnStoreError: ratelimit.FailOpen, Lease: 0.6}, "Lease is 0.6"},
		{"a", "1/second", ratelimit.RuleConfig{OnStoreError: ratelimit.FailOpen, Lease: -0.1}, "Lease is -0.1"},
		{"a", "1/second", ratelimit.RuleConfig{OnStoreError: ratelimit.FailOpen, Lease: math.NaN()}, "Lease is NaN"},
		{"a", "1/second; 1/second", closed, "twice"},
	} {
		if r, err := l.Rule(c.name, c.limits, c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Rule(%q, %q, %+v) = %v, %v, want an error that says %q", c.name, c.limits, c.config, r, err, c.want)
		}
	}
	if rules := l.Rules(); len(rules) != 1 || rules[0].Name() != "taken" {
		t.Errorf("Rules() = %d, want the one that could be defined", len(rules))
	}
	l.Close()
	if _, err := l.Rule("late", "1/second", closed); err == nil {
		t.Error("Rule after Close = nil error")
	}
}

func TestUsesThatAreWrong(t *testing.T) {
	l, other := newLimiter(t, newMemory(t), ratelimit.Config{}), newLimiter(t, newMemory(t), ratelimit.Config{})
	r := newRule(t, l, "a", "5/hour", ratelimit.RuleConfig{})
	strange := newRule(t, other, "a", "5/hour", ratelimit.RuleConfig{})
	for _, c := range []struct {
		name string
		uses []ratelimit.Use
		want error
	}{
		{"no rule", []ratelimit.Use{{Key: "k", Cost: 1}}, ratelimit.ErrKey},
		{"another limiter's rule", []ratelimit.Use{strange.Use("k", 1)}, ratelimit.ErrKey},
		{"an empty key", []ratelimit.Use{r.Use("", 1)}, ratelimit.ErrKey},
		{"one key twice", []ratelimit.Use{r.Use("k", 1), r.Use("j", 1), r.Use("k", 1)}, ratelimit.ErrKey},
		{"a negative cost", []ratelimit.Use{r.Use("k", -1)}, ratelimit.ErrCost},
		{"a cost too great", []ratelimit.Use{r.Use("k", ratelimit.MaxAmount+1)}, ratelimit.ErrCost},
		{"an overflowing cost", []ratelimit.Use{r.Use("k", math.MaxInt64)}, ratelimit.ErrCost},
		{"the least cost", []ratelimit.Use{r.Use("k", math.MinInt64)}, ratelimit.ErrCost},
		{"a plan that is no limit", []ratelimit.Use{{Rule: r, Key: "k", Cost: 1, Limits: []ratelimit.Limit{{Amount: -1, Period: time.Second}}}}, nil},
	} {
		// A good use beside it is not charged.
		uses := append([]ratelimit.Use{r.Use("good", 1)}, c.uses...)
		d, err := l.Take(t.Context(), uses...)
		if err == nil || d.Allowed || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: Take = %t, %v, want an error that matches %v", c.name, d.Allowed, err, c.want)
		}
	}
	wantLeft(t, r, "good", 5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := r.Take(ctx, "good", 1); !errors.Is(err, context.Canceled) || d.Allowed {
		t.Errorf("Take with an ended context = %t, %v, want false, Canceled", d.Allowed, err)
	}
	wantLeft(t, r, "good", 5)
	if d, err := l.Take(t.Context()); err != nil || !d.Allowed || d.Len() != 0 || d.Closest() != nil {
		t.Errorf("Take of nothing = %+v, %v, want it allowed", d, err)
	}
	if d, err := l.Take(t.Context(), ratelimit.Use{Rule: r, Key: "k", Cost: 9, Limits: []ratelimit.Limit{}}); err != nil || !d.Allowed {
		t.Errorf("Take with an empty plan = %t, %v, want true", d.Allowed, err)
	}
}

// TestAllOrNothing checks several rules of several limits together.
func TestAllOrNothing(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		wide := newRule(t, l, "wide", "100/hour; 1000/day", ratelimit.RuleConfig{})
		narrow := newRule(t, l, "narrow", "3/hour", ratelimit.RuleConfig{})
		for range 3 {
			take(t, l, true, wide.Use("k", 1), narrow.Use("k", 1))
		}
		for range 5 {
			d := take(t, l, false, wide.Use("k", 1), narrow.Use("k", 1))
			if q := d.Closest(); q.Rule != narrow || d.RetryAfter() != q.RetryAfter || q.RetryAfter <= 0 {
				t.Errorf("Closest() = %s, RetryAfter() = %v, want narrow's", q.Rule.Name(), d.RetryAfter())
			}
		}
		wantLeft(t, wide, "k", 97)
		d := take(t, l, true, wide.Use("k", 2), narrow.Use("other", 1))
		if d.Len() != 3 {
			t.Errorf("Len() = %d, want a quota for each of three limits", d.Len())
		}
		var order []string
		for q := range d.Quotas() {
			order = append(order, q.Rule.Name()+" "+q.Limit.String())
		}
		if got, want := strings.Join(order, ", "), "wide 100/hour, wide 1000/day, narrow 3/hour"; got != want {
			t.Errorf("Quotas() = %s, want %s", got, want)
		}
		wantLeft(t, wide, "k", 95)
	})
}

// both runs f on a store that a limiter knows to be local, and on one that it
// takes for another process.
func both(t *testing.T, f func(t *testing.T, store ratelimit.Store)) {
	t.Helper()
	t.Run("local", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { f(t, newMemory(t)) }) })
	t.Run("remote", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { f(t, newRemote(t)) }) })
}

func TestDryRunStopsNobody(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		tried := newRule(t, l, "tried", "2/hour", ratelimit.RuleConfig{DryRun: true})
		real := newRule(t, l, "real", "5/hour", ratelimit.RuleConfig{})
		for i := range 5 {
			d := take(t, l, true, tried.Use("k", 1), real.Use("k", 1))
			for q := range d.Quotas() {
				if q.Rule == tried && q.Allowed != (i < 2) {
					t.Errorf("request %d: the rule that is tried out says %t, want %t", i, q.Allowed, i < 2)
				}
			}
			if q := d.Closest(); q.Rule != real {
				t.Errorf("request %d: Closest() is of %s, want what can refuse", i, q.Rule.Name())
			}
		}
		take(t, l, false, tried.Use("j", 1), real.Use("k", 1))
		// Nothing was charged for a request that another refused.
		take(t, l, true, tried.Use("j", 2))
		if s := tried.Stats(); s.Refused != 3 {
			t.Errorf("Stats() = %+v, want 3 refused, as it found", s)
		}
	})
}

func TestCheckChargesNothing(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		ban := newRule(t, l, "ban", "2/hour", ratelimit.RuleConfig{})
		r := newRule(t, l, "r", "100/hour", ratelimit.RuleConfig{})
		check := ban.Use("k", 1)
		check.Check = true
		for range 5 {
			take(t, l, true, check, r.Use("k", 1))
		}
		take(t, l, true, ban.Use("k", 2))
		take(t, l, false, check, r.Use("k", 1))
		wantLeft(t, r, "k", 95)
	})
}

func TestCostAboveTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newRemote(t)
		l := newLimiter(t, store, ratelimit.Config{})
		r := newRule(t, l, "r", "5/hour", ratelimit.RuleConfig{})
		none := newRule(t, l, "none", "0/hour", ratelimit.RuleConfig{})
		for _, u := range []ratelimit.Use{r.Use("k", 6), none.Use("k", 0), none.Use("k", 1)} {
			if d := take(t, l, false, u); d.RetryAfter() != ratelimit.Never {
				t.Errorf("Take(%s).RetryAfter() = %v, want Never", describe([]ratelimit.Use{u}), d.RetryAfter())
			}
		}
		if n := store.calls.Load(); n != 0 {
			t.Errorf("the store was asked %d times for what no bucket admits", n)
		}
		take(t, l, true, r.Use("k", 5))
		take(t, l, true, r.Use("k", 0)) // a cost of 0 asks whether the limit is exceeded
	})
}

func TestPlans(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		r := newRule(t, l, "r", "2/hour", ratelimit.RuleConfig{})
		paid := ratelimit.Use{Rule: r, Key: "paid", Cost: 1, Limits: []ratelimit.Limit{{Amount: 5, Period: time.Hour}}}
		for range 5 {
			take(t, l, true, paid)
		}
		take(t, l, false, paid)
		take(t, l, true, r.Use("paid", 2)) // another limit is another bucket
	})
}

func TestReset(t *testing.T) {
	both(t, func(t *testing.T, store ratelimit.Store) {
		l := newLimiter(t, store, ratelimit.Config{})
		for _, s := range strategies {
			r := newRule(t, l, "r-"+s.String(), ratelimit.Limit{Strategy: s, Amount: 2, Period: time.Hour}.String(), ratelimit.RuleConfig{})
			take(t, l, true, r.Use("k", 2))
			take(t, l, false, r.Use("k", 1)) // and is remembered
			if err := r.Reset(t.Context(), "k"); err != nil {
				t.Fatal(err)
			}
			take(t, l, true, r.Use("k", 2))
		}
	})
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, newRemote(t), ratelimit.Config{})
		a := newRule(t, l, "a", "2/hour", ratelimit.RuleConfig{})
		b := newRule(t, l, "b", "100/hour", ratelimit.RuleConfig{})
		for i := range 5 {
			take(t, l, i < 2, a.Use("k", 1), b.Use("k", 1))
		}
		if got, want := a.Stats(), (ratelimit.RuleStats{Allowed: 2, Refused: 3, Remembered: 2}); got != want {
			t.Errorf("Stats() = %+v, want %+v", got, want)
		}
		// The store was asked about b three times; twice the request was
		// refused before.
		if got, want := b.Stats(), (ratelimit.RuleStats{Allowed: 3}); got != want {
			t.Errorf("Stats() = %+v, want %+v", got, want)
		}
		if _, err := a.Peek(t.Context(), "k", 1); err != nil {
			t.Fatal(err)
		}
		if got := a.Stats().Refused; got != 3 {
			t.Errorf("Peek counted: %d refused, want 3", got)
		}
	})
}

func TestTakeAllocatesNothing(t *testing.T) {
	l := newLimiter(t, newMemory(t), ratelimit.Config{})
	for _, s := range []ratelimit.Strategy{ratelimit.SlidingWindow, ratelimit.FixedWindow, ratelimit.GCRA} {
		r := ruleOf(t, l, s.String(), ratelimit.Limit{Strategy: s, Amount: 100, Period: time.Hour}, ratelimit.RuleConfig{})
		ctx := t.Context()
		if n := testing.AllocsPerRun(1000, func() { _, _ = r.Take(ctx, "key", 1) }); n != 0 {
			t.Errorf("%s: Take allocates %v times, want 0", s, n)
		}
	}
}

// TestManyAtOnce has 800 callers ask for one of five units.
func TestManyAtOnce(t *testing.T) {
	l := newLimiter(t, newMemory(t), ratelimit.Config{})
	for _, s := range strategies {
		r := ruleOf(t, l, s.String(), ratelimit.Limit{Strategy: s, Amount: 5, Period: time.Hour}, ratelimit.RuleConfig{})
		if n := admitted(t, r, 800); n != 5 {
			t.Errorf("%s: %d of 800 callers were admitted, want 5", s, n)
		}
	}
}

func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, newRemote(t), ratelimit.Config{Local: newMemory(t)})
		rules := map[ratelimit.OnStoreError]*ratelimit.Rule{}
		for policy, name := range map[ratelimit.OnStoreError]string{
			ratelimit.FailOpen: "open", ratelimit.FailClosed: "closed", ratelimit.FailShare: "share",
		} {
			rules[policy] = newRule(t, l, name, "5/hour", ratelimit.RuleConfig{OnStoreError: policy})
		}
		l.Close()
		l.Close()
		for policy, r := range rules {
			d, err := r.Take(t.Context(), "k", 1)
			if want := policy != ratelimit.FailClosed; d.Allowed != want || d.Degraded == nil || (err == nil) != want {
				t.Errorf("%s: Take after Close = %t, %v, degraded %v", r.Name(), d.Allowed, err, d.Degraded)
			}
		}
	})
}
