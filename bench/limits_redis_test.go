//go:build unix

package bench_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
	"github.com/ulule/limiter/v3"
	ululeredis "github.com/ulule/limiter/v3/drivers/store/redis"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/redis"
)

const (
	sharedLimitKeys    = 10_000
	sharedLimitCallers = 128
)

// BenchmarkSharedLimits measures checks in one Redis by 128 goroutines: of one
// key that all ask for, and of 10,000; by one limit, and by three at once. The
// peers know one limit for each call, and are called three times. No limit is
// reached. trips/op is what is sent to Redis for one check.
func BenchmarkSharedLimits(b *testing.B) {
	node := startRedis(b)
	keys, order := limitedKeys(sharedLimitKeys)
	for _, limits := range []int{1, 3} {
		for _, impl := range []struct {
			name string
			open func(*testing.B, *server.RedisNode, int) func(key string) bool
		}{
			{"hone", honeSharedLimits},
			{"redis_rate", redisRate},
			{"ulule", ululeSharedLimits},
		} {
			take := impl.open(b, node, limits)
			for _, k := range keys {
				if !take(k) {
					b.Fatalf("%s has refused", impl.name)
				}
			}
			sent := limitTrips(b, node, 100, func() bool { return take(keys[0]) })
			for name, order := range map[string][]string{"hot": keys[:1], "10000": order} {
				b.Run("limits="+strconv.Itoa(limits)+"/keys="+name+"/"+impl.name, func(b *testing.B) {
					b.ReportAllocs()
					takeAll(b, order, take)
					b.ReportMetric(sent, "trips/op")
				})
			}
		}
	}
}

// takeAll shares b.N checks out to the callers.
func takeAll(b *testing.B, order []string, take func(string) bool) {
	b.Helper()
	var next, refused atomic.Int64
	var callers sync.WaitGroup
	for range sharedLimitCallers {
		callers.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if !take(order[i%int64(len(order))]) {
					refused.Add(1)
				}
			}
		})
	}
	callers.Wait()
	if n := refused.Load(); n != 0 {
		b.Errorf("%d were refused", n)
	}
}

// limitTrips returns how many commands each of n calls sends to a Redis,
// without those that scripts call there.
func limitTrips(b *testing.B, node *server.RedisNode, n int, call func() bool) float64 {
	b.Helper()
	client := bareRedis(b, node)
	before := commandsSent(b, client)
	for range n {
		if !call() {
			b.Fatal("a call was refused")
		}
	}
	return float64(commandsSent(b, client)-before) / float64(n)
}

func honeSharedLimits(b *testing.B, node *server.RedisNode, limits int) func(string) bool {
	b.Helper()
	st, err := redis.Open(b.Context(), "redis://"+node.Address(), redis.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() })
	testserver.Eventually(b, "the store answers", func() bool { return st.Ping(b.Context()) == nil })
	rule := limitRule(b, st.Limits(), [...]string{
		1: "1000000000/day", 3: "100000000/second; 500000000/hour; 1000000000/day",
	}[limits], ratelimit.RuleConfig{})
	ctx := b.Context()
	return func(key string) bool {
		d, err := rule.Take(ctx, key, 1)
		return err == nil && d.Allowed
	}
}

// goRedis returns the client that both peers are written for, as it comes.
func goRedis(b *testing.B, node *server.RedisNode) *goredis.Client {
	b.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: node.Address()})
	b.Cleanup(func() { _ = client.Close() })
	return client
}

var sharedPeriods = [...]time.Duration{24 * time.Hour, time.Hour, time.Second}

func redisRate(b *testing.B, node *server.RedisNode, limits int) func(string) bool {
	b.Helper()
	l := redis_rate.NewLimiter(goRedis(b, node))
	ctx := b.Context()
	return func(key string) bool {
		for _, period := range sharedPeriods[:limits] {
			r, err := l.Allow(ctx, period.String()+key, redis_rate.Limit{Rate: 1e8, Burst: 1e8, Period: period})
			if err != nil || r.Allowed == 0 {
				return false
			}
		}
		return true
	}
}

func ululeSharedLimits(b *testing.B, node *server.RedisNode, limits int) func(string) bool {
	b.Helper()
	client := goRedis(b, node)
	var all []*limiter.Limiter
	for _, period := range sharedPeriods[:limits] {
		store, err := ululeredis.NewStoreWithOptions(client, limiter.StoreOptions{Prefix: "ulule:" + period.String()})
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, limiter.New(store, limiter.Rate{Period: period, Limit: 1e8}))
	}
	ctx := b.Context()
	return func(key string) bool {
		for _, l := range all {
			c, err := l.Get(ctx, key)
			if err != nil || c.Reached {
				return false
			}
		}
		return true
	}
}

// commandsSent returns how many commands a Redis has got from outside, of those
// that a limiter can send: the calls of scripts, and what they call counts as
// the scripts' own.
func commandsSent(b *testing.B, client rueidis.Client) int {
	b.Helper()
	info, err := client.Do(context.Background(), client.B().Info().Section("commandstats").Build()).ToString()
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(info) {
		for _, script := range []string{"cmdstat_evalsha:calls=", "cmdstat_eval:calls="} {
			if rest, ok := strings.CutPrefix(line, script); ok {
				count, _, _ := strings.Cut(rest, ",")
				calls, err := strconv.Atoi(count)
				if err != nil {
					b.Fatal(err)
				}
				n += calls
			}
		}
	}
	return n
}
