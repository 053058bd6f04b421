package redis_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/ratelimittest"
	"github.com/hone-go/hone/store/redis"
)

func TestLimitsOnCluster(t *testing.T) {
	c := cluster(t, 0)
	l := ready(t, c.URL(), redis.Config{}).Limits()
	t.Run("agreement in one slot", func(t *testing.T) {
		one := oneSlot{ready(t, c.URL(), redis.Config{}).Limits()}
		ratelimittest.RunAgreement(t, one, ratelimittest.AgreementConfig{Seed: *seed, Calls: 500})
	})
	t.Run("agreement over slots", func(t *testing.T) {
		// What a refusal takes back leaves no trace, but for what Limits says.
		over := leaseless{ready(t, c.URL(), redis.Config{}).Limits()}
		ratelimittest.RunAgreement(t, over, ratelimittest.AgreementConfig{Seed: *seed, Calls: 500, Steady: true})
	})
	t.Run("a refusal in one slot takes back the others", func(t *testing.T) { testTakenBack(t, l) })
	t.Run("many callers over slots", func(t *testing.T) { testManyOverSlots(t, l) })
	t.Run("processes over slots", func(t *testing.T) { testProcessesOverSlots(t, c.URL(), l) })
	t.Run("a lost node is an error", func(t *testing.T) { testLostNode(t, c, l) })
}

// oneSlot puts all buckets in one slot, by keeping them apart by their scopes.
type oneSlot struct{ *redis.Limits }

func (o oneSlot) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	moved := slices.Clone(charges)
	for i := range moved {
		moved[i].Scope, moved[i].Key = moved[i].Scope+":"+moved[i].Key, "one"
	}
	return o.Limits.Apply(ctx, op, moved, results)
}

// leaseless supports no leases.
type leaseless struct{ *redis.Limits }

func (leaseless) Supports(l ratelimit.Limit) error {
	if l.Strategy == ratelimit.Concurrency {
		return ratelimit.ErrUnsupported
	}
	return nil
}

// overSlots returns a charge of one unit on each of n keys.
func overSlots(scope string, n int, limit ratelimit.Limit) []ratelimit.Charge {
	var all []ratelimit.Charge
	for i := range n {
		all = append(all, charges(scope, fmt.Sprint("key ", i), []ratelimit.Limit{limit})...)
	}
	return all
}

func testTakenBack(t *testing.T, l *redis.Limits) {
	for _, limit := range daily(5) {
		all := overSlots("t:back "+limit.Strategy.String(), 20, limit)
		empty := all[7]
		for range 5 {
			empty.ID = ratelimit.ID(token())
			apply(t, l, ratelimit.Take, []ratelimit.Charge{empty})
		}
		for i, r := range apply(t, l, ratelimit.Take, all) {
			if r.Allowed != (i != 7) || r.Granted != 0 {
				t.Errorf("%s: charge %d = %+v, want Allowed %t and nothing granted", limit.Strategy, i, r, i != 7)
			}
		}
		for i, r := range apply(t, l, ratelimit.Peek, all) {
			if want := int64(5); i != 7 && r.Remaining != want {
				t.Errorf("%s: %d remain of charge %d after a refusal elsewhere, want %d", limit.Strategy, r.Remaining, i, want)
			}
		}
		// A soft one stops nobody.
		all[7].Soft = true
		for i, r := range apply(t, l, ratelimit.Take, all) {
			if want := int64(1); i != 7 && r.Granted != want {
				t.Errorf("%s: charge %d beside a soft refusal = %+v, want 1 granted", limit.Strategy, i, r)
			}
		}
	}
}

// testManyOverSlots has many callers take from ten buckets at a time, in
// which there is room for five.
func testManyOverSlots(t *testing.T, l *redis.Limits) {
	for _, limit := range daily(5) {
		var passed atomic.Int64
		var callers sync.WaitGroup
		for range 40 {
			callers.Go(func() {
				// Each with IDs of its own.
				all := overSlots("t:many "+limit.Strategy.String(), 10, limit)
				results := make([]ratelimit.Result, len(all))
				if err := l.Apply(t.Context(), ratelimit.Take, all, results); err != nil {
					t.Error(err)
					return
				}
				if allowed(results) {
					passed.Add(1)
				}
			})
		}
		callers.Wait()
		if n := passed.Load(); n > 5 {
			t.Errorf("%s: %d of 40 callers passed, want at most 5", limit.Strategy, n)
		}
		// What was taken back is there again: in the end exactly five pass.
		for passed.Load() < 5 {
			r := apply(t, l, ratelimit.Take, overSlots("t:many "+limit.Strategy.String(), 10, limit))
			if !allowed(r) {
				t.Fatalf("%s: only %d passed, and the next is refused: %+v", limit.Strategy, passed.Load(), r)
			}
			passed.Add(1)
		}
		if allowed(apply(t, l, ratelimit.Take, overSlots("t:many "+limit.Strategy.String(), 10, limit))) {
			t.Errorf("%s: a sixth passed", limit.Strategy)
		}
	}
}

func allowed(results []ratelimit.Result) bool {
	for _, r := range results {
		if !r.Allowed {
			return false
		}
	}
	return true
}

func testLostNode(t *testing.T, c *server.RedisCluster, l *redis.Limits) {
	c.Nodes[0].Kill()
	all := overSlots("t:lost", 20, daily(5)[0])
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	wantLimitsUnavailable(t, "a node is lost", l.Apply(ctx, ratelimit.Take, all, make([]ratelimit.Result, len(all))))
}
