package redis_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/redis"
)

// TestLimitsAgreeWithBucket runs one random list of operations on a bucket in
// Redis and on a ratelimit.Bucket: each result must be the same.
func TestLimitsAgreeWithBucket(t *testing.T) {
	limits := []ratelimit.Limit{
		{Strategy: ratelimit.FixedWindow, Amount: 5, Period: time.Second},
		{Strategy: ratelimit.SlidingWindow, Amount: 7, Period: time.Second},
		{Strategy: ratelimit.SlidingWindow, Amount: 1000, Period: 3 * time.Hour},
		{Strategy: ratelimit.MovingWindow, Amount: 6, Period: time.Second},
		{Strategy: ratelimit.GCRA, Amount: 3, Period: time.Second, Burst: 5},
		{Strategy: ratelimit.GCRA, Amount: 999_983, Period: 365 * 24 * time.Hour},
		{Strategy: ratelimit.Concurrency, Amount: 4, Period: time.Second},
		{Strategy: ratelimit.Concurrency, Amount: 0, Period: time.Second},
	}
	for _, limit := range limits {
		t.Run(fmt.Sprintf("%s/%d", limit.Strategy, limit.Amount), func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			rng := rand.New(rand.NewPCG(seed, 1))
			store := shared(t).Limits()
			agree(t, store, limit, rng)
		})
	}
}

func agree(t *testing.T, store *redis.Limits, limit ratelimit.Limit, rng *rand.Rand) {
	var b ratelimit.Bucket
	plan := limit.Plan()
	now := int64(1_700_000_000_000_000)
	key := fmt.Sprintf("agree %d", rng.Uint64())
	var made []ratelimit.Charge
	twin := make(map[ratelimit.ID]ratelimit.Receipt) // the Bucket's, of those
	step := int64(limit.Period / time.Microsecond / 5)
	var log []string
	for i := range 600 {
		now += rng.Int64N(step)
		if rng.IntN(30) == 0 {
			now -= rng.Int64N(step * 3)
		}
		if rng.IntN(40) == 0 {
			now += step * 11
		}
		c := ratelimit.Charge{Limit: limit, Scope: "t:agree", Key: key, Cost: rng.Int64N(max(limit.Amount/2, 1) + 2)}
		c.ID[0], c.ID[1] = byte(i), byte(i>>8)
		op := ratelimit.Take
		switch n := rng.IntN(20); {
		case n < 2:
			op = ratelimit.Peek
		case n < 6 && len(made) > 0:
			op = ratelimit.Refund
			c = made[len(made)-1-rng.IntN(min(len(made), 8))]
		case n < 8 && len(made) > 0:
			op = ratelimit.Extend
			c = made[len(made)-1-rng.IntN(min(len(made), 8))]
		case n == 8 && rng.IntN(8) == 0:
			op = ratelimit.Reset
		case n < 12 && c.Cost > 1:
			c.Least = 1
		}
		same := c
		same.Receipt = twin[c.ID]
		want := b.Apply(&plan, op, now, &same)
		if op == ratelimit.Peek {
			want.Granted = 0
		}
		receipt := want.Receipt
		store.SetNow(now)
		var got [1]ratelimit.Result
		if err := store.Apply(t.Context(), op, []ratelimit.Charge{c}, got[:]); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if limit.Strategy == ratelimit.MovingWindow { // numbers are each store's own
			want.Receipt.Level = got[0].Receipt.Level
		}
		log = append(log, fmt.Sprintf("%d op %d now %d id %x cost %d least %d receipt %v -> %+v bucket %+v", i, op, now, c.ID[:2], c.Cost, c.Least, c.Receipt, got[0], b))
		if got[0] != want {
			for _, l := range log[max(0, len(log)-6):] {
				t.Log(l)
			}
			t.Fatalf("step %d: op %d at %d of %+v:\n got %+v\nwant %+v\nbucket %+v", i, op, now, c, got[0], want, b)
		}
		if op == ratelimit.Take && got[0].Granted > 0 {
			c.Receipt = got[0].Receipt
			made = append(made, c)
			twin[c.ID] = receipt
		}
	}
}
