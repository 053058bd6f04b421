package redis_test

import (
	"context"
	"errors"
	"flag"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/ratelimittest"
	"github.com/hone-go/hone/store/redis"
)

var seed = flag.Uint64("seed", 0, "seed of the random calls; 0 takes one")

// unclocked hides that the store's clock can be set.
type unclocked struct{ ratelimit.Store }

func TestLimitsConformance(t *testing.T) {
	agreement := ratelimittest.AgreementConfig{Seed: *seed}
	t.Run("set clock", func(t *testing.T) {
		ratelimittest.Run(t, func(t *testing.T) ratelimit.Store { return shared(t).Limits() }, agreement)
	})
	t.Run("server's clock", func(t *testing.T) {
		ratelimittest.Run(t, func(t *testing.T) ratelimit.Store { return unclocked{shared(t).Limits()} }, agreement)
	})
}

// daily returns a limit of each strategy, of so many units.
func daily(amount int64) []ratelimit.Limit {
	var limits []ratelimit.Limit
	for s := ratelimit.SlidingWindow; s <= ratelimit.Concurrency; s++ {
		limits = append(limits, ratelimit.Limit{Strategy: s, Amount: amount, Period: 24 * time.Hour})
	}
	return limits
}

// charges returns a charge of one unit on each limit.
func charges(scope, key string, limits []ratelimit.Limit) []ratelimit.Charge {
	all := make([]ratelimit.Charge, len(limits))
	for i, l := range limits {
		all[i] = ratelimit.Charge{Limit: l, Scope: scope, Key: key, Cost: 1, ID: ratelimit.ID(token())}
	}
	return all
}

func apply(t testing.TB, l *redis.Limits, op ratelimit.Op, charges []ratelimit.Charge) []ratelimit.Result {
	t.Helper()
	results := make([]ratelimit.Result, len(charges))
	if err := l.Apply(t.Context(), op, charges, results); err != nil {
		t.Fatalf("Apply(%d) of %d charges: %v", op, len(charges), err)
	}
	return results
}

// TestLimitsAreOneCommand counts what a server of its own is sent.
func TestLimitsAreOneCommand(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{Heartbeat: time.Hour}).Limits()
	c := raw(t, n.Address())
	all := charges("t:one", "key", daily(1000))
	apply(t, l, ratelimit.Take, all) // so that the server knows the scripts
	apply(t, l, ratelimit.Take, all[:1])
	for _, k := range []int{1, 3, len(all)} {
		apply(t, l, ratelimit.Take, all[:k])
		command(t, c, "CONFIG", "RESETSTAT")
		for range 100 {
			apply(t, l, ratelimit.Take, all[:k])
		}
		sent := callsOf(t, c)
		if sent["evalsha"] != 100 || sent["time"] != 100 {
			t.Errorf("%d limits: 100 calls sent %v, want 100 evalsha, which ask for the time once", k, sent)
		}
		for _, other := range []string{"eval", "script|load", "multi", "publish"} {
			if sent[other] != 0 {
				t.Errorf("%d limits: 100 calls sent %v", k, sent)
			}
		}
	}
}

// TestLimitsResetIsOneCommand counts what a reset sends, and what it tells.
func TestLimitsResetIsOneCommand(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{Heartbeat: time.Hour}).Limits()
	c := raw(t, n.Address())
	all := charges("t:one", "key", daily(10))
	all = append(all, charges("t:other", "key", daily(20))...)
	apply(t, l, ratelimit.Take, all)
	apply(t, l, ratelimit.Reset, all) // the server knows the script
	apply(t, l, ratelimit.Take, all)
	command(t, c, "CONFIG", "RESETSTAT")
	for i, r := range apply(t, l, ratelimit.Reset, all) {
		if want := (ratelimit.Result{Remaining: all[i].Limit.Amount}); r != want {
			t.Errorf("%s: Reset = %+v, want %+v", all[i].Limit.Strategy, r, want)
		}
	}
	// The script's own calls count too: one for each key, and for each scope.
	sent := callsOf(t, c)
	if sent["evalsha"] != 1 || sent["del"] != 12 || sent["publish"] != 2 || sent["eval"] != 0 {
		t.Errorf("Reset sent %v, want 1 evalsha that calls 12 del and 2 publish", sent)
	}
}

// callsOf returns how often a server was sent each command since RESETSTAT.
// What scripts call counts too.
func callsOf(t testing.TB, c rueidis.Client) map[string]int64 {
	t.Helper()
	text, err := command(t, c, "INFO", "commandstats").ToString()
	if err != nil {
		t.Fatal(err)
	}
	calls := make(map[string]int64)
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		n, _, _ := strings.Cut(rest, ",")
		if v, err := strconv.ParseInt(n, 10, 64); err == nil {
			calls[name] = v
		}
	}
	return calls
}

func wantLimitsUnavailable(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, ratelimit.ErrUnavailable) {
		t.Errorf("%s: Apply = %v, want an error that matches ErrUnavailable", what, err)
	}
}

func TestLimitsSurviveLosingTheScripts(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{}).Limits()
	c := raw(t, n.Address())
	all := charges("t:flush", "key", daily(1000))
	for i := range 5 {
		r := apply(t, l, ratelimit.Take, all)
		for j := range r {
			// The last is held by its ID, and extended.
			if want := int64(999 - i); j < 4 && r[j].Remaining != want {
				t.Errorf("%s: %d remain after %d, want %d: nothing is counted twice", all[j].Limit.Strategy, r[j].Remaining, i+1, want)
			}
		}
		command(t, c, "SCRIPT", "FLUSH", "SYNC")
	}
}

func TestLimitsRefusedWrites(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{}).Limits()
	c := raw(t, n.Address())
	all := charges("t:full", "key", daily(10))
	apply(t, l, ratelimit.Take, all)
	for _, full := range []struct{ set, clear []string }{
		{[]string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"}},
		{[]string{"CONFIG", "SET", "min-replicas-to-write", "1"}, []string{"CONFIG", "SET", "min-replicas-to-write", "0"}},
		{[]string{"REPLICAOF", "127.0.0.1", "1"}, []string{"REPLICAOF", "NO", "ONE"}},
	} {
		command(t, c, full.set...)
		wantLimitsUnavailable(t, strings.Join(full.set, " "), l.Apply(t.Context(), ratelimit.Take, all[:4], make([]ratelimit.Result, 4)))
		command(t, c, full.clear...)
	}
	testserver.Eventually(t, "writes are taken again", func() bool {
		return l.Apply(t.Context(), ratelimit.Take, all[4:], make([]ratelimit.Result, 1)) == nil
	})
	for i, r := range apply(t, l, ratelimit.Peek, all[:4]) {
		if r.Remaining != 9 {
			t.Errorf("%s: %d remain, want 9: what was refused charged nothing", all[i].Limit.Strategy, r.Remaining)
		}
	}
}

func TestWatchResets(t *testing.T) {
	n := node(t)
	mine, others := ready(t, url(n), redis.Config{}).Limits(), ready(t, url(n), redis.Config{}).Limits()
	var mu sync.Mutex
	told := 0
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return told
	}
	done := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(done)
		mine.WatchResets(ctx, "shop", func() {
			mu.Lock()
			defer mu.Unlock()
			told++
		})
	}()
	testserver.Eventually(t, "the subscription is told", func() bool { return count() > 0 })

	before := count()
	apply(t, others, ratelimit.Reset, charges("shop2:login", "k", daily(1)[:1]))
	apply(t, others, ratelimit.Reset, charges("shop:login", "k", daily(1)))
	testserver.Eventually(t, "a reset is told", func() bool { return count() > before })
	if n := count() - before; n != 1 {
		t.Errorf("told %d times, want 1: one scope was reset, and another namespace's", n)
	}

	before = count()
	n.Kill()
	testserver.Eventually(t, "the loss is told", func() bool { return count() > before })
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, "a reset after the restart is told", func() bool {
		before := count()
		_ = others.Apply(t.Context(), ratelimit.Reset, charges("shop:login", "k", daily(1)[:1]), make([]ratelimit.Result, 1))
		return count() > before
	})
	stop()
	<-done
}
