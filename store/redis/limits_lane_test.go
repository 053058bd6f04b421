package redis_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/redis"
)

// A taker is one call of Apply.
type taker struct {
	charges []ratelimit.Charge
	results []ratelimit.Result
	err     error
}

// waiters has n takes wait in a frozen server's lane: those under way go first.
// The server is thawed when the function that it returns is called, which waits
// for the answers.
func waiters(t *testing.T, n *server.RedisNode, l *redis.Limits, all []*taker, ctx func(i int) context.Context) (answers func()) {
	t.Helper()
	if err := n.Freeze(); err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for i, tk := range all {
		tk.results = make([]ratelimit.Result, len(tk.charges))
		callers.Go(func() { tk.err = l.Apply(ctx(i), ratelimit.Take, tk.charges, tk.results) })
	}
	testserver.Eventually(t, "all wait", func() bool {
		flights, waiting := l.Lanes()
		return flights+waiting == len(all)
	})
	return func() {
		if err := n.Thaw(); err != nil {
			t.Error(err)
		}
		callers.Wait()
	}
}

func always(t *testing.T) func(int) context.Context {
	return func(int) context.Context { return t.Context() }
}

// plain returns one charge on a sliding window.
func plain(key string, amount, cost int64) ratelimit.Charge {
	return ratelimit.Charge{
		Limit: ratelimit.Limit{Amount: amount, Period: 24 * time.Hour}, Scope: "t:lane", Key: key, Cost: cost,
	}
}

// idle waits until no command is under way.
func idle(t *testing.T, l *redis.Limits) {
	t.Helper()
	testserver.Eventually(t, "nothing is under way", func() bool {
		flights, waiting := l.Lanes()
		return flights == 0 && waiting == 0
	})
}

func TestLimitsShareCommands(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{}).Limits()
	c := raw(t, n.Address())
	apply(t, l, ratelimit.Take, []ratelimit.Charge{plain("known", 1, 1)}) // the server knows the script
	const callers = 150
	var all []*taker
	for i := range callers {
		all = append(all, &taker{charges: []ratelimit.Charge{plain(fmt.Sprint(i%7), 10, 1), plain(fmt.Sprint("own ", i), int64(1000+i), int64(i))}})
	}
	command(t, c, "CONFIG", "RESETSTAT")
	waiters(t, n, l, all, always(t))()
	admitted := make(map[string]int)
	for i, tk := range all {
		if tk.err != nil {
			t.Fatalf("Apply = %v", tk.err)
		}
		shared, own := tk.results[0], tk.results[1]
		want := ratelimit.Result{Allowed: true, Remaining: int64(1000 + i)}
		if shared.Allowed {
			admitted[tk.charges[0].Key]++
			want.Granted, want.Remaining = int64(i), 1000
		}
		if own.Allowed != want.Allowed || own.Granted != want.Granted || own.Remaining != want.Remaining {
			t.Errorf("call %d: the charge on its own bucket = %+v, want %+v: another's answer?", i, own, want)
		}
	}
	for key, n := range admitted {
		if n != 10 {
			t.Errorf("key %s: %d were admitted at once, want 10", key, n)
		}
	}
	// Two that went at once, and the others by so many charges.
	shares := int64(2 + (2*callers+redis.BatchCharges-1)/redis.BatchCharges)
	if sent := callsOf(t, c)["evalsha"]; sent > shares {
		t.Errorf("%d calls at once sent %d commands, want at most %d", callers, sent, shares)
	}
	idle(t, l)
}

// TestLimitsInSomeOrder has many callers take random costs from one bucket, and
// from one of their own: the answers are those of the calls in some order, and
// each caller gets its own.
func TestLimitsInSomeOrder(t *testing.T) {
	l := ready(t, url(node(t)), redis.Config{}).Limits()
	s := cmp.Or(*seed, rand.Uint64())
	t.Logf("-seed %d", s)
	for _, strategy := range []ratelimit.Strategy{ratelimit.SlidingWindow, ratelimit.FixedWindow, ratelimit.GCRA} {
		t.Run(strategy.String(), func(t *testing.T) {
			const callers, calls = 64, 40
			limit := ratelimit.Limit{Strategy: strategy, Amount: 5000, Period: 1000 * time.Hour}
			var mu sync.Mutex
			var granted []ratelimit.Result
			var all sync.WaitGroup
			for i := range callers {
				all.Go(func() {
					rng := rand.New(rand.NewPCG(s, uint64(i)))
					own := ratelimit.Charge{Limit: limit, Scope: "t:order", Key: fmt.Sprint("own ", i), Cost: int64(i)}
					own.Limit.Amount += 1000 * int64(i)
					left := own.Limit.Amount
					for range calls {
						shared := ratelimit.Charge{Limit: limit, Scope: "t:order", Key: "shared", Cost: 1 + rng.Int64N(9)}
						r := make([]ratelimit.Result, 2)
						if err := l.Apply(t.Context(), ratelimit.Take, []ratelimit.Charge{shared, own}, r); err != nil {
							t.Error(err)
							return
						}
						if r[0].Allowed {
							left -= own.Cost
						}
						if !r[1].Allowed || r[1].Remaining != left || r[0].Allowed != (r[0].Granted == shared.Cost) {
							t.Errorf("caller %d got %+v, want %d remaining of its own", i, r, left)
							return
						}
						switch {
						case r[0].Allowed:
							mu.Lock()
							granted = append(granted, r[0])
							mu.Unlock()
						case r[0].Remaining >= shared.Cost:
							t.Errorf("a cost of %d was refused: %+v", shared.Cost, r[0])
						}
					}
				})
			}
			all.Wait()
			slices.SortFunc(granted, func(a, b ratelimit.Result) int { return cmp.Compare(b.Remaining, a.Remaining) })
			left := limit.Amount
			for _, r := range granted {
				if left -= r.Granted; r.Remaining != left {
					t.Fatalf("%+v, want %d remaining: no order of the calls gives that", r, left)
				}
			}
			if left > 8 {
				t.Errorf("%d remain, want fewer than the largest cost: the test does not reach the limit", left)
			}
		})
	}
}

// TestLimitsForeignBucket checks that what is no bucket fails those calls alone
// that charge it.
// TestLimitsEndWithTheirContext checks that a call in the queue waits no longer
// than its own context, that it is not charged then, and that others are.
func TestLimitsEndWithTheirContext(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{}).Limits()
	apply(t, l, ratelimit.Take, []ratelimit.Charge{plain("a", 1000, 1)})
	hold := []*taker{{charges: []ratelimit.Charge{plain("a", 1000, 1)}}, {charges: []ratelimit.Charge{plain("a", 1000, 1)}}}
	held := waiters(t, n, l, hold, always(t))

	ended, end := context.WithCancel(t.Context())
	var all []*taker
	var callers, gone sync.WaitGroup
	for i := range 30 {
		tk := &taker{charges: []ratelimit.Charge{plain("a", 1000, 10)}, results: make([]ratelimit.Result, 1)}
		all = append(all, tk)
		ctx, group := t.Context(), &callers
		if i%3 == 0 {
			ctx, group = ended, &gone
		}
		group.Go(func() { tk.err = l.Apply(ctx, ratelimit.Take, tk.charges, tk.results) })
	}
	testserver.Eventually(t, "all wait", func() bool { _, waiting := l.Lanes(); return waiting == 30 })
	end()
	gone.Wait() // while the server is frozen
	held()
	callers.Wait()
	for i, tk := range all {
		if i%3 != 0 {
			if tk.err != nil || tk.results[0].Granted != 10 {
				t.Errorf("call %d = %+v, %v, want 10 granted", i, tk.results[0], tk.err)
			}
			continue
		}
		wantLimitsUnavailable(t, "a call that was ended", tk.err)
		if !errors.Is(tk.err, context.Canceled) || tk.results[0] != (ratelimit.Result{}) {
			t.Errorf("call %d = %+v, %v, want context.Canceled and no result", i, tk.results[0], tk.err)
		}
	}
	if r := apply(t, l, ratelimit.Peek, []ratelimit.Charge{plain("a", 1000, 1)})[0]; r.Remaining != 1000-3-200 {
		t.Errorf("%d remain, want 797: a call that ended in the queue charges nothing", r.Remaining)
	}
	idle(t, l)
}

// TestLimitsGiveUpABatch checks that a command whose callers have all gone holds
// up nobody.
func TestLimitsGiveUpABatch(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{}).Limits()
	apply(t, l, ratelimit.Take, []ratelimit.Charge{plain("a", 1000, 1)})
	hold := []*taker{{charges: []ratelimit.Charge{plain("a", 1000, 1)}}, {charges: []ratelimit.Charge{plain("a", 1000, 1)}}}
	first, endFirst := context.WithCancel(t.Context())
	held := waiters(t, n, l, hold, func(int) context.Context { return first })

	ended, end := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for range 2 * redis.BatchCharges {
		callers.Go(func() {
			err := l.Apply(ended, ratelimit.Take, []ratelimit.Charge{plain("a", 1000, 1)}, make([]ratelimit.Result, 1))
			wantLimitsUnavailable(t, "a call that was ended", err)
		})
	}
	testserver.Eventually(t, "all wait", func() bool { _, waiting := l.Lanes(); return waiting == 2*redis.BatchCharges })
	endFirst()
	testserver.Eventually(t, "all are sent", func() bool { _, waiting := l.Lanes(); return waiting == 0 })
	began := time.Now()
	end()
	callers.Wait()
	idle(t, l)
	if took := time.Since(began); took > redis.KeepAlive {
		t.Errorf("commands without callers were under way for %v, as long as the silent connection", took)
	}
	held()
	if r := apply(t, l, ratelimit.Take, []ratelimit.Charge{plain("b", 10, 1)})[0]; r.Granted != 1 {
		t.Errorf("Take after the thaw = %+v, want 1 granted", r)
	}
}

// TestLimitsWithScarceTime has calls end at any moment: an error leaves the
// results alone, then and later, which the race detector sees.
func TestLimitsWithScarceTime(t *testing.T) {
	l := ready(t, url(node(t)), redis.Config{}).Limits()
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(*seed, uint64(i)))
			for range 200 {
				ctx, stop := context.WithTimeout(t.Context(), time.Duration(rng.IntN(3000))*time.Microsecond)
				r := make([]ratelimit.Result, 1)
				err := l.Apply(ctx, ratelimit.Take, []ratelimit.Charge{plain("a", 1e9, 1)}, r)
				stop()
				switch {
				case err == nil && r[0].Granted != 1:
					t.Errorf("Take = %+v, want 1 granted", r)
				case err != nil && r[0] != (ratelimit.Result{}):
					t.Errorf("Take = %+v, %v, want no result", r, err)
				}
				r[0].Granted = 77 // it is the caller's again
			}
		})
	}
	all.Wait()
	idle(t, l)
}

// TestLimitsEndWithTheStore checks that Close leaves no caller waiting.
func TestLimitsEndWithTheStore(t *testing.T) {
	n := node(t)
	s := ready(t, url(n), redis.Config{})
	l := s.Limits()
	apply(t, l, ratelimit.Take, []ratelimit.Charge{plain("a", 1000, 1)})
	var all []*taker
	for range 200 {
		all = append(all, &taker{charges: []ratelimit.Charge{plain("a", 1000, 1)}})
	}
	answers := waiters(t, n, l, all, always(t))
	if err := s.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	idle(t, l)
	answers()
	for _, tk := range all {
		wantLimitsUnavailable(t, "a call as the store closes", tk.err)
	}
	wantLimitsUnavailable(t, "a closed store", l.Apply(t.Context(), ratelimit.Take, all[0].charges, all[0].results))
}
