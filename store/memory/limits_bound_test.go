package memory_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
)

// TestBoundTakesAsApply charges two stores at random, one by the short way and
// by Apply in turn, the other by Apply alone.
func TestBoundTakesAsApply(t *testing.T) {
	seed := *limitsSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-seed=%d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, strategy := range []ratelimit.Strategy{
		ratelimit.SlidingWindow, ratelimit.FixedWindow, ratelimit.MovingWindow, ratelimit.GCRA,
	} {
		limit := ratelimit.Limit{Strategy: strategy, Amount: 10, Period: time.Millisecond}
		short, long := openLimits(t, memory.LimitsConfig{}), openLimits(t, memory.LimitsConfig{})
		bound := short.Bind("s", limit)
		now := int64(1_000_000)
		for range 20_000 {
			now += r.Int64N(300)
			short.SetNow(now)
			long.SetNow(now)
			key, cost := strconv.Itoa(r.IntN(20)), r.Int64N(12)
			want := take(t, long, limit, key, cost)
			got := bound.Take
			if r.IntN(4) == 0 {
				got = func(key string, cost int64) ratelimit.Result { return take(t, short, limit, key, cost) }
			}
			if got := got(key, cost); got != want {
				t.Fatalf("%s: Take(%s, %d) at %d = %+v, want %+v", strategy, key, cost, now, got, want)
			}
		}
	}
}

// TestBoundAllocatesNothing takes by both ways to a rule with one limit.
func TestBoundAllocatesNothing(t *testing.T) {
	s := openLimits(t, memory.LimitsConfig{})
	l, err := ratelimit.New(s, ratelimit.Config{Namespace: "n"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rule, err := l.Rule("r", "1000000/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if n := testing.AllocsPerRun(1000, func() {
		if d, err := rule.Take(ctx, "k", 1); err != nil || !d.Allowed {
			t.Fatalf("Take = %t, %v, want an admission", d.Allowed, err)
		}
		if d, err := l.Take(ctx, rule.Use("k", 1)); err != nil || !d.Allowed {
			t.Fatalf("Take = %t, %v, want an admission", d.Allowed, err)
		}
	}); n != 0 {
		t.Errorf("two Takes allocate %v times, want 0", n)
	}
	if got := rule.Stats().Allowed; got != 2002 {
		t.Errorf("Stats().Allowed = %d, want 2002", got)
	}
}
