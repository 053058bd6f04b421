//go:build unix

package bench_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/httprate"
	httprateredis "github.com/go-chi/httprate-redis"
	goredis "github.com/redis/go-redis/v9"
	"github.com/ulule/limiter/v3"
	ululeredis "github.com/ulule/limiter/v3/drivers/store/redis"

	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memcached"
	"github.com/hone-go/hone/store/memory"
	"github.com/hone-go/hone/store/mongo"
	"github.com/hone-go/hone/store/redis"
)

const (
	admitProcesses = 8
	admitClients   = 100 // in each
	admitRuns      = 20  // each with a key of its own
	admitAmount    = 5
)

// The test binary is run again as a process that is limited, which these tell
// what to do.
const (
	envAdmitURL   = "HONE_BENCH_ADMIT"
	envAdmitImpl  = "HONE_BENCH_ADMIT_IMPL"
	envAdmitLimit = "HONE_BENCH_ADMIT_LIMIT"
)

// BenchmarkAdmission has 800 clients ask at once, 20 times (two with -short),
// where 5 a minute are admitted, and reports how many were, at least and at most, as a share of
// that. Over a shared store they are in eight processes.
func BenchmarkAdmission(b *testing.B) {
	redisURL := "redis://" + startRedis(b).Address()
	strategies := []struct{ name, limit string }{
		{"sliding", "5/minute"},
		{"fixed", "5/minute fixed"},
		{"moving", "5/minute moving"},
		{"gcra", "5/minute gcra"},
		{"concurrent", "5 concurrent"},
	}
	for _, s := range strategies {
		admission(b, "memory", s.name, "hone", "memory://", s.limit)
		admission(b, "redis", s.name, "hone", redisURL, s.limit)
	}
	admission(b, "redis", "sliding", "httprate", redisURL, "")
	admission(b, "redis", "fixed", "ulule", redisURL, "")
	if server.Find("memcached") != "" {
		node, err := server.StartMemcachedNode(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { node.Kill() })
		for _, s := range strategies {
			admission(b, "memcached", s.name, "hone", "memcached://"+node.Address(), s.limit)
		}
	}
	node, err := server.StartMongoNode(context.Background(), b.TempDir()) // FerretDB
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { node.Kill() })
	for _, s := range strategies {
		admission(b, "mongo", s.name, "hone", node.URL(), s.limit)
	}
}

func admission(b *testing.B, store, strategy, impl, url, limit string) {
	b.Helper()
	processes := admitProcesses
	if store == "memory" {
		processes = 1
	}
	b.Run(fmt.Sprintf("store=%s/strategy=%s/%s", store, strategy, impl), func(b *testing.B) {
		least, most := admitProcesses*admitClients, 0
		for b.Loop() {
			for _, n := range admitted(b, processes, impl, url, limit) {
				least, most = min(least, n), max(most, n)
			}
		}
		b.ReportMetric(float64(least)/admitAmount, "least/limit")
		b.ReportMetric(float64(most)/admitAmount, "most/limit")
	})
}

// admitted starts the processes and returns how many clients each run of all
// of them has admitted.
func admitted(b *testing.B, processes int, impl, url, limit string) []int {
	b.Helper()
	starts := make([]io.Writer, processes)
	outs := make([]*bufio.Scanner, processes)
	for i := range processes {
		cmd := exec.Command(os.Args[0], strconv.Itoa(admitProcesses*admitClients/processes))
		cmd.Env = append(os.Environ(), envAdmitURL+"="+url, envAdmitImpl+"="+impl, envAdmitLimit+"="+limit)
		cmd.Stderr = os.Stderr
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err1 != nil || err2 != nil {
			b.Fatal(err1, err2)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		defer func() { _ = in.Close(); _ = cmd.Wait() }()
		starts[i], outs[i] = in, bufio.NewScanner(out)
	}
	read := func(i int) string {
		if !outs[i].Scan() {
			b.Fatalf("%s: a process has ended", impl)
		}
		return outs[i].Text()
	}
	for i := range processes {
		read(i)
	}
	var counts []int
	runs := admitRuns
	if testing.Short() {
		runs = 2
	}
	for run := 0; len(counts) < runs; run++ {
		if run == 2*runs {
			b.Fatalf("%s: the store gives no answer", impl)
		}
		key := fmt.Sprintf("%s-%d-%d", impl, time.Now().UnixNano(), run)
		for i := range processes {
			fmt.Fprintln(starts[i], key)
		}
		sum, answered := 0, true
		for i := range processes {
			n, err := strconv.Atoi(read(i))
			if err != nil {
				b.Fatal(err)
			}
			sum += n
			answered = answered && n >= 0
		}
		if answered {
			counts = append(counts, sum)
		}
	}
	return counts
}

// admit is a process of BenchmarkAdmission: for each key that it is told, all
// of its clients ask once, and it tells how many were admitted, -1 if some got no
// answer.
func admit(url, impl, limit string) int {
	take, done, err := admitPeer(url, impl, limit)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer done()
	clients, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	// The first calls find no connection: that is not what is measured.
	for end := time.Now().Add(10 * time.Second); ; {
		if _, err := take("warm"); err == nil {
			break
		} else if time.Now().After(end) {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var count, failed atomic.Int64
		var group sync.WaitGroup
		for range clients {
			group.Go(func() {
				ok, err := take(in.Text())
				if err != nil && failed.Add(1) == 1 {
					fmt.Fprintln(os.Stderr, err)
				}
				if ok {
					count.Add(1)
				}
			})
		}
		group.Wait()
		if failed.Load() != 0 {
			count.Store(-1) // who gave no answer has not refused: the run does not count
			time.Sleep(time.Second)
		}
		fmt.Println(count.Load())
	}
	return 0
}

// admitPeer returns how a client asks.
func admitPeer(rawURL, impl, limit string) (take func(key string) (bool, error), done func(), err error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, nil, err
	}
	ctx := context.Background()
	switch impl {
	case "hone":
		st, closeStore, err := openAdmitStore(ctx, u)
		if err != nil {
			return nil, nil, err
		}
		l, err := ratelimit.New(st, ratelimit.Config{Namespace: "admit", Timeout: 30 * time.Second})
		if err != nil {
			return nil, nil, err
		}
		rule, err := l.Rule("admit", limit, ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed})
		return func(key string) (bool, error) {
			d, err := rule.Take(ctx, key, 1)
			return d.Allowed, err
		}, func() { l.Close(); _ = closeStore() }, err
	case "httprate":
		counter := httprateredis.NewCounter(&httprateredis.Config{
			Client: goredis.NewClient(&goredis.Options{Addr: u.Host}), FallbackDisabled: true,
		})
		var failed atomic.Pointer[error]
		l := httprate.NewRateLimiter(admitAmount, time.Minute, httprate.WithLimitCounter(counter),
			httprate.WithErrorHandler(func(_ http.ResponseWriter, _ *http.Request, err error) { failed.Store(&err) }))
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		return func(key string) (bool, error) {
			refused := l.OnLimit(headerOnly{}, r, key)
			if err := failed.Load(); err != nil {
				return false, *err
			}
			return !refused, nil
		}, func() { _ = counter.Close() }, nil
	case "ulule":
		client := goredis.NewClient(&goredis.Options{Addr: u.Host})
		st, err := ululeredis.NewStore(client)
		if err != nil {
			return nil, nil, err
		}
		l := limiter.New(st, limiter.Rate{Period: time.Minute, Limit: admitAmount})
		return func(key string) (bool, error) {
			c, err := l.Get(ctx, key)
			return err == nil && !c.Reached, err
		}, func() { _ = client.Close() }, nil
	}
	return nil, nil, fmt.Errorf("there is no %s", impl)
}

func openAdmitStore(ctx context.Context, u *url.URL) (_ ratelimit.Store, closeStore func() error, err error) {
	switch u.Scheme {
	case "redis":
		st, err := redis.Open(ctx, u.String(), redis.Config{})
		if err != nil {
			return nil, nil, err
		}
		return st.Limits(), st.Close, nil
	case "memcached":
		st, err := memcached.New([]string{u.Host}, memcached.Config{})
		if err != nil {
			return nil, nil, err
		}
		return st.Limits(), st.Close, nil
	case "mongodb":
		// FerretDB is slow with 800 clients: who waits has not failed.
		st, err := mongo.Open(u.String(), mongo.Config{Timeout: 20 * time.Second})
		if err != nil {
			return nil, nil, err
		}
		return st, st.Close, nil
	}
	st, err := memory.NewLimits(memory.LimitsConfig{})
	return st, func() error { return nil }, err
}
