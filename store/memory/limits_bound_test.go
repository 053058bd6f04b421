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
			var got ratelimit.Result
			if r.IntN(4) == 0 {
				got = take(t, short, limit, key, cost)
			} else {
				got = takeBound(bound, key, cost)
			}
			if got != want {
				t.Fatalf("%s: Take(%s, %d) at %d = %+v, want %+v", strategy, key, cost, now, got, want)
			}
		}
	}
}

// takeBound puts the parts of a Result together.
func takeBound(b ratelimit.Bound, key string, cost int64) (r ratelimit.Result) {
	r.Remaining, r.RetryAfter, r.ResetAfter, r.Receipt = b.Take(key, cost)
	if r.RetryAfter == 0 {
		r.Allowed, r.Granted = true, cost
	}
	return r
}

// TestBoundKeepsNothingForNothing asks for no units of keys that have no bucket,
// and for more than there ever are.
func TestBoundKeepsNothingForNothing(t *testing.T) {
	s := openLimits(t, memory.LimitsConfig{})
	bound := s.Bind("s", ratelimit.Limit{Amount: 2, Period: time.Hour})
	takeBound(bound, "first", 1) // its shard has room for more now
	for i := range 1000 {
		if r := takeBound(bound, strconv.Itoa(i), 0); !r.Allowed || r.Remaining != 2 {
			t.Errorf("Take(%d, 0) = %+v, want an admission with 2 units left", i, r)
		}
		if r := takeBound(bound, strconv.Itoa(i), 3); r.Allowed || r.RetryAfter != ratelimit.Never {
			t.Errorf("Take(%d, 3) = %+v, want a refusal for ever", i, r)
		}
	}
	if got := s.Stats().Buckets; got != 1 {
		t.Errorf("Stats().Buckets = %d, want 1", got)
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
