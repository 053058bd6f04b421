package ratelimittest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// A Clocked is a store whose clock a test sets, in microseconds. The clock
// stands still in between.
type Clocked interface {
	ratelimit.Store
	SetNow(micros int64)
}

// start is where clocks that tests set begin: a time of our years, with digits
// in every place.
const start = 1_765_432_109_876_543

// AgreementConfig holds what is optional about [RunAgreement].
type AgreementConfig struct {
	// Seed makes the calls. Default: a random one, which a failure prints.
	Seed uint64
	// Calls is the number of calls. Default 2000: every pair of operations on
	// one bucket comes up often. More finds more.
	Calls int
	// Steady keeps the clock from stepping back: for a store whose clock never
	// does, and which forgets for good what has lapsed.
	Steady bool
}

func (c AgreementConfig) withDefaults() AgreementConfig {
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	if c.Calls == 0 {
		c.Calls = 2000
	}
	return c
}

// RunAgreement makes the same random calls on a store and on a [Model], with
// the same clock, which now and then steps back unless cfg says not, and checks that the results
// are equal to the microsecond. It leaves out limits that the store does not
// support.
func RunAgreement(t testing.TB, store Clocked, cfg AgreementConfig) {
	cfg = cfg.withDefaults()
	t.Logf("seed %d", cfg.Seed)
	a := newAgreement(store, cfg.Seed)
	a.steady = cfg.Steady
	if len(a.limits) == 0 {
		t.Fatal("the store supports none of the limits")
	}
	for i := range cfg.Calls {
		if why := a.call(); why != "" {
			t.Fatalf("seed %d: call %d: %s\nafter:\n%s", cfg.Seed, i, why, strings.Join(a.calls, "\n"))
		}
	}
}

// An agreement is a run of calls on two stores.
type agreement struct {
	r      *rand.Rand
	now    int64
	steady bool
	stores [2]Clocked // the model, and the one that is checked
	limits []ratelimit.Limit
	scope  string
	// taken are charges that were made, with each store's receipt.
	taken []twice
	calls []string // the last ones
}

type twice struct {
	charge   ratelimit.Charge
	receipts [2]ratelimit.Receipt
}

func newAgreement(store Clocked, seed uint64) *agreement {
	a := &agreement{
		r:      rand.New(rand.NewPCG(seed, 0)),
		now:    start,
		stores: [2]Clocked{NewModel(start), store},
		scope:  newScope(),
	}
	for _, l := range randomLimits(a.r) {
		if store.Supports(l) == nil {
			a.limits = append(a.limits, l)
		}
	}
	return a
}

// randomLimits returns limits of every strategy: common ones, and such as need
// all the digits that there are.
func randomLimits(r *rand.Rand) []ratelimit.Limit {
	limits := []ratelimit.Limit{
		{Amount: 5, Period: time.Second},
		{Amount: 3, Period: time.Millisecond},
		{Strategy: ratelimit.FixedWindow, Amount: 5, Period: time.Second},
		{Strategy: ratelimit.MovingWindow, Amount: 5, Period: time.Second},
		{Strategy: ratelimit.GCRA, Amount: 5, Period: time.Second},
		{Strategy: ratelimit.Concurrency, Amount: 5, Period: time.Second},
		{Amount: 0, Period: time.Second},
		{Strategy: ratelimit.GCRA, Amount: 0, Period: time.Second, Burst: 3},
		{Amount: ratelimit.MaxAmount, Period: ratelimit.MaxPeriod},
		{Strategy: ratelimit.GCRA, Amount: ratelimit.MaxAmount, Period: ratelimit.MaxPeriod},
		{Strategy: ratelimit.GCRA, Amount: ratelimit.MaxAmount, Period: ratelimit.MinPeriod},
		{Strategy: ratelimit.GCRA, Amount: 10, Period: time.Hour, Burst: 37},
	}
	for range 12 {
		limits = append(limits, randomLimit(r))
	}
	return limits
}

// randomLimit returns a valid limit whose numbers are of every magnitude.
func randomLimit(r *rand.Rand) ratelimit.Limit {
	for {
		l := ratelimit.Limit{
			Strategy: ratelimit.Strategy(r.IntN(int(ratelimit.Concurrency) + 1)),
			Amount:   magnitude(r, ratelimit.MaxAmount),
			Period:   micros(magnitude(r, ratelimit.MaxPeriod.Microseconds())),
		}
		if l.Strategy == ratelimit.GCRA && r.IntN(2) == 0 {
			l.Burst = magnitude(r, ratelimit.MaxAmount)
		}
		if l.Validate() == nil {
			return l
		}
	}
}

// magnitude returns 1 to most, each number of digits as often as another.
func magnitude(r *rand.Rand, most int64) int64 {
	n := int64(1)
	for n < most && r.IntN(20) != 0 {
		n *= 10
	}
	return 1 + r.Int64N(min(n, most))
}

// call makes one call on both stores and returns how they differ, or "".
func (a *agreement) call() string {
	op := ratelimit.Take
	switch n := a.r.IntN(100); {
	case n >= 99:
		op = ratelimit.Reset
	case n >= 90:
		op = ratelimit.Extend
	case n >= 70:
		op = ratelimit.Refund
	case n >= 60:
		op = ratelimit.Peek
	}
	limit := a.limits[a.r.IntN(len(a.limits))]
	a.advance(limit)
	charges := a.charges(op, limit)
	var results [2][]ratelimit.Result
	for i, s := range a.stores {
		s.SetNow(a.now)
		asked := make([]ratelimit.Charge, len(charges))
		results[i] = make([]ratelimit.Result, len(charges))
		for j, c := range charges {
			asked[j] = c.charge
			asked[j].Receipt = c.receipts[i]
		}
		if err := s.Apply(context.Background(), op, asked, results[i]); err != nil {
			return fmt.Sprintf("store %d: %v", i, err)
		}
	}
	a.note(op, charges)
	for j, c := range charges {
		want, got := results[0][j], results[1][j]
		if op == ratelimit.Take && want.Granted > 0 {
			c.charge.Cost = want.Granted
			c.receipts = [2]ratelimit.Receipt{want.Receipt, got.Receipt}
			a.taken = append(a.taken, c)
		}
		want.Receipt, got.Receipt = ratelimit.Receipt{}, ratelimit.Receipt{}
		if want != got {
			return fmt.Sprintf("%s on %s/%s = %+v, want %+v", opName(op), c.charge.Limit.Strategy, c.charge.Key, got, want)
		}
	}
	return ""
}

// advance moves the clock by a part of the period, and rarely back.
func (a *agreement) advance(l ratelimit.Limit) {
	period := l.Period.Microseconds()
	switch n := a.r.IntN(20); {
	case n < 4: // at the same microsecond
	case n < 12:
		a.now += a.r.Int64N(period/max(1, l.Amount) + 2)
	case n < 17:
		a.now += a.r.Int64N(period)
	case n < 19:
		a.now += a.r.Int64N(3 * period)
	case !a.steady:
		a.now = max(start/2, a.now-a.r.Int64N(2*period))
	}
	if a.now > 3*start {
		a.now, a.scope, a.taken = start, newScope(), nil
	}
}

// charges returns one charge, or sometimes several, on different buckets.
func (a *agreement) charges(op ratelimit.Op, l ratelimit.Limit) []twice {
	if (op == ratelimit.Refund || op == ratelimit.Extend) && len(a.taken) > 0 {
		// Mostly recent ones: the others have lapsed.
		c := a.taken[max(0, len(a.taken)-1-int(a.r.ExpFloat64()*5))]
		if a.r.IntN(4) == 0 {
			c.charge.Cost = a.r.Int64N(c.charge.Cost + 1)
		}
		return []twice{c}
	}
	n := 1
	if a.r.IntN(4) == 0 {
		n = 2 + a.r.IntN(4)
	}
	var all []twice
	for _, key := range a.r.Perm(5)[:n] {
		all = append(all, twice{charge: a.charge(l, fmt.Sprint(key))})
		if a.r.IntN(2) == 0 {
			l = a.limits[a.r.IntN(len(a.limits))]
		}
	}
	return all
}

func (a *agreement) charge(l ratelimit.Limit, key string) ratelimit.Charge {
	c := ratelimit.Charge{Limit: l, Scope: a.scope, Key: key, Cost: 1}
	switch n := a.r.IntN(10); {
	case n == 0:
		c.Cost = 0
	case n < 5:
		c.Cost = 1 + a.r.Int64N(min(l.Most()+2, ratelimit.MaxAmount))
	}
	if c.Cost > 0 && a.r.IntN(3) == 0 {
		c.Least = 1 + a.r.Int64N(c.Cost)
	}
	c.Check, c.Soft = a.r.IntN(10) == 0, a.r.IntN(10) == 0
	// Few IDs: a lease is often taken again.
	c.ID = ratelimit.ID{0: 1, 15: byte(a.r.IntN(8))}
	return c
}

// note remembers a call for the report of a failure.
func (a *agreement) note(op ratelimit.Op, charges []twice) {
	var b strings.Builder
	fmt.Fprintf(&b, "\t%d %s", a.now, opName(op))
	for _, c := range charges {
		fmt.Fprintf(&b, " {%+v key %s cost %d least %d check %t soft %t id %d %+v}", c.charge.Limit, c.charge.Key,
			c.charge.Cost, c.charge.Least, c.charge.Check, c.charge.Soft, c.charge.ID[15], c.receipts)
	}
	a.calls = append(a.calls, b.String())
	if len(a.calls) > 12 {
		a.calls = a.calls[1:]
	}
}

func opName(op ratelimit.Op) string {
	names := []string{"Take", "Peek", "Refund", "Extend", "Reset"}
	if int(op) < len(names) {
		return names[op]
	}
	return fmt.Sprint(uint8(op))
}
