package bench_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/didip/tollbooth/v8"
	tollimiter "github.com/didip/tollbooth/v8/limiter"
	"github.com/go-chi/httprate"
	"github.com/sethvargo/go-limiter/memorystore"
	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"
	"github.com/ulule/limiter/v3"
	ululememory "github.com/ulule/limiter/v3/drivers/store/memory"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
)

const (
	limitKeys   = 100_000
	limitAmount = 1_000_000 // in an hour: no benchmark reaches it
)

// limitedKeys returns keys as a service would see them, and the order in which
// they are asked for: each as a string of its own, as it comes with a request.
func limitedKeys(n int) (keys, order []string) {
	keys, order = make([]string, n), make([]string, n)
	for i := range keys {
		keys[i] = "198.51." + strconv.Itoa(i/256) + "." + strconv.Itoa(i%256)
	}
	for i, j := range rand.New(rand.NewPCG(5, 6)).Perm(n) {
		order[i] = strings.Clone(keys[j])
	}
	return keys, order
}

// BenchmarkLimits measures one check in memory, of one of 100,000 keys, each of
// which is admitted: from one goroutine, and from one for each core. Each peer
// is asked by the call that its own HTTP handler makes; httprate's sets header
// fields too. by-turns reports of-peer for the fastest two, see [byTurns].
func BenchmarkLimits(b *testing.B) {
	keys, order := limitedKeys(limitKeys)
	takes := make(map[string]func(key string) bool)
	for _, impl := range []struct {
		name string
		open func(*testing.B) func(key string) bool
	}{
		{"hone", honeLimits("1000000/hour")},
		{"hone-fixed", honeLimits("1000000/hour fixed")},
		{"hone-gcra", honeLimits("1000000/hour gcra")},
		{"go-limiter", goLimiter},
		{"throttled", throttledLimits},
		{"ulule", ululeLimits},
		{"httprate", httprateLimits},
		{"tollbooth", tollboothLimits},
	} {
		take := impl.open(b)
		for _, k := range keys {
			if !take(k) {
				b.Fatalf("%s has refused", impl.name)
			}
		}
		takes[impl.name] = take
		b.Run("goroutines=1/"+impl.name, func(b *testing.B) {
			b.ReportAllocs()
			refused, i := 0, 0
			for b.Loop() {
				if !take(order[i]) {
					refused++
				}
				if i++; i == len(order) {
					i = 0
				}
			}
			if refused != 0 {
				b.Errorf("%s has refused %d times", impl.name, refused)
			}
		})
		b.Run("goroutines=cores/"+impl.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); {
					if !take(order[i]) {
						b.Errorf("%s has refused", impl.name)
						return
					}
					if i++; i == len(order) {
						i = 0
					}
				}
			})
		})
	}
	for _, peer := range []string{"go-limiter", "throttled"} {
		b.Run("goroutines=1/peer="+peer+"/by-turns", func(b *testing.B) {
			own, other := each(b, takes["hone"], order), each(b, takes[peer], order)
			b.ReportMetric(byTurns(b, limitTurn, own, other), "of-peer")
		})
	}
}

// limitTurn is how many checks a turn has: a millisecond or so.
const limitTurn = 10_000

// each returns how to take once from the next key, again and again.
func each(b *testing.B, take func(key string) bool, order []string) func() {
	i := 0
	return func() {
		if !take(order[i]) {
			b.Error("a check was refused")
		}
		if i++; i == len(order) {
			i = 0
		}
	}
}

// honeLimits returns how to take by limits in memory.
func honeLimits(limits string) func(*testing.B) func(string) bool {
	return func(b *testing.B) func(string) bool {
		b.Helper()
		store, err := memory.NewLimits(memory.LimitsConfig{})
		if err != nil {
			b.Fatal(err)
		}
		rule := limitRule(b, store, limits, ratelimit.RuleConfig{})
		ctx := b.Context()
		return func(key string) bool {
			d, err := rule.Take(ctx, key, 1)
			return err == nil && d.Allowed
		}
	}
}

// limitRule returns a rule on a store. The limiter waits long: a loaded machine
// is not what is measured.
func limitRule(b *testing.B, store ratelimit.Store, limits string, c ratelimit.RuleConfig) *ratelimit.Rule {
	b.Helper()
	l, err := ratelimit.New(store, ratelimit.Config{Namespace: "bench", Timeout: 5 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(l.Close)
	c.OnStoreError = ratelimit.FailClosed
	rule, err := l.Rule("bench", limits, c)
	if err != nil {
		b.Fatal(err)
	}
	return rule
}

func goLimiter(b *testing.B) func(string) bool {
	store, err := memorystore.New(&memorystore.Config{
		Tokens: limitAmount, Interval: time.Hour, InitialAlloc: limitKeys,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close(context.Background()) })
	ctx := b.Context()
	return func(key string) bool {
		_, _, _, ok, err := store.Take(ctx, key)
		return err == nil && ok
	}
}

func throttledLimits(b *testing.B) func(string) bool {
	store, err := memstore.NewCtx(0) // as many keys as come: its faster way
	if err != nil {
		b.Fatal(err)
	}
	l, err := throttled.NewGCRARateLimiterCtx(store, throttled.RateQuota{
		MaxRate: throttled.PerHour(limitAmount), MaxBurst: limitAmount,
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	return func(key string) bool {
		refused, _, err := l.RateLimitCtx(ctx, key, 1)
		return err == nil && !refused
	}
}

func ululeLimits(b *testing.B) func(string) bool {
	l := limiter.New(ululememory.NewStore(), limiter.Rate{Period: time.Hour, Limit: limitAmount})
	ctx := b.Context()
	return func(key string) bool {
		c, err := l.Get(ctx, key)
		return err == nil && !c.Reached
	}
}

func httprateLimits(*testing.B) func(string) bool {
	l := httprate.NewRateLimiter(limitAmount, time.Hour)
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	return func(key string) bool {
		return !l.OnLimit(headerOnly{}, r, key)
	}
}

func tollboothLimits(*testing.B) func(string) bool {
	l := tollbooth.NewLimiter(limitAmount, &tollimiter.ExpirableOptions{DefaultExpirationTTL: time.Hour})
	keys := func(key string) []string { return []string{key} }
	return func(key string) bool { return tollbooth.LimitByKeys(l, keys(key)) == nil }
}

// A headerOnly takes header fields, and nothing else is written to it.
type headerOnly struct{ http.ResponseWriter }

func (headerOnly) Header() http.Header { return make(http.Header, 4) }
