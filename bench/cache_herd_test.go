//go:build unix

package bench_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/viccon/sturdyc"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/redis"
)

const (
	herdProcesses = 4
	herdReaders   = 500 // in each
	herdExpiries  = 10
	herdLife      = 400 * time.Millisecond
	herdLoad      = 100 * time.Millisecond
	herdThink     = 20 * time.Millisecond // between two reads of a reader
)

// The test binary is run again as a process of the herd, which these tell what
// to do.
const (
	envHerdImpl  = "HONE_BENCH_HERD"
	envHerdRedis = "HONE_BENCH_HERD_REDIS"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(envAdmitURL); url != "" {
		os.Exit(admit(url, os.Getenv(envAdmitImpl), os.Getenv(envAdmitLimit)))
	}
	impl, url := os.Getenv(envHerdImpl), os.Getenv(envDelayRedis)
	if impl == "" && url == "" {
		os.Exit(m.Run())
	}
	var err error
	if impl != "" {
		err = joinHerd(impl, os.Getenv(envHerdRedis))
	} else {
		err = changeThings(url, os.Getenv(envDelayPostgres))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// BenchmarkHerd has four processes of 500 readers each ask for one key that
// expires ten times, and takes 100 ms to load. It reports how many loads there
// were for each expiry, in all processes, and how long the slowest reader
// waited for the value once there was one. Only hone's processes share a
// store: the others are caches of one process each.
func BenchmarkHerd(b *testing.B) {
	node := startRedis(b)
	for _, impl := range []string{"hone", "sturdyc", "otter"} {
		b.Run("processes=4/"+impl, func(b *testing.B) {
			var loads int64
			var slowest time.Duration
			for b.Loop() {
				loads, slowest = herd(b, impl, "redis://"+node.Address())
			}
			b.ReportMetric(float64(loads)/herdExpiries, "loads/expiry")
			b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-ms")
		})
	}
}

// herd runs the processes. They begin to count together, when each has the
// value.
func herd(b *testing.B, impl, url string) (loads int64, slowest time.Duration) {
	b.Helper()
	starts := make([]io.WriteCloser, herdProcesses)
	outs := make([]*bufio.Scanner, herdProcesses)
	for i := range herdProcesses {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), envHerdImpl+"="+impl, envHerdRedis+"="+url)
		cmd.Stderr = os.Stderr
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err1 != nil || err2 != nil {
			b.Fatal(err1, err2)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		defer func() { _ = cmd.Wait() }()
		starts[i], outs[i] = in, bufio.NewScanner(out)
	}
	for i := range herdProcesses {
		if !outs[i].Scan() {
			b.Fatalf("%s: a process has not started", impl)
		}
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	for i := range herdProcesses {
		fmt.Fprintln(starts[i], "go")
		group.Go(func() {
			var n, micros int64
			if !outs[i].Scan() {
				b.Errorf("%s: a process has not ended well", impl)
				return
			}
			if _, err := fmt.Sscan(outs[i].Text(), &n, &micros); err != nil {
				b.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			loads += n
			slowest = max(slowest, time.Duration(micros)*time.Microsecond)
		})
	}
	group.Wait()
	return loads, slowest
}

// joinHerd is a process of the herd: it gets the value, says so, waits for the
// word, and reads from 500 goroutines. It counts for ten lives and a half, from
// the first change of the value on, which all see at about the same time.
func joinHerd(impl, url string) error {
	var loads atomic.Int64
	load := func(ctx context.Context, _ string) (int64, error) {
		loads.Add(1)
		value := time.Now().UnixNano()
		select {
		case <-time.After(herdLoad):
		case <-ctx.Done():
		}
		return value, ctx.Err()
	}
	get, done, err := herdPeer(impl, url, load)
	if err != nil {
		return err
	}
	defer done()
	ctx := context.Background()
	first, err := get(ctx)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if !bufio.NewScanner(os.Stdin).Scan() {
		return io.ErrUnexpectedEOF
	}
	var slowest, end atomic.Int64
	end.Store(math.MaxInt64)
	var failed atomic.Pointer[error]
	var changed sync.Once
	var readers sync.WaitGroup
	for i := range herdReaders {
		readers.Go(func() {
			time.Sleep(herdThink * time.Duration(i) / herdReaders) // they are strangers
			for begin := time.Now(); begin.UnixNano() < end.Load(); begin = time.Now() {
				value, err := get(ctx)
				took := int64(time.Since(begin))
				if err != nil {
					failed.Store(&err)
				}
				if value != first {
					changed.Do(func() {
						loads.Store(0)
						end.Store(begin.Add((2*herdExpiries + 1) * (herdLife + herdLoad) / 2).UnixNano())
					})
				}
				for old := slowest.Load(); took > old && !slowest.CompareAndSwap(old, took); old = slowest.Load() {
				}
				time.Sleep(herdThink)
			}
		})
	}
	readers.Wait()
	fmt.Println(loads.Load(), slowest.Load()/int64(time.Microsecond))
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// herdPeer returns how to read the key. Each keeps a value for herdLife, and
// may serve it for as long again while it is loaded anew, if it can do that.
func herdPeer(impl, url string, load func(context.Context, string) (int64, error)) (get func(context.Context) (int64, error), done func(), err error) {
	const key = "k"
	switch impl {
	case "hone":
		st, err := redis.Open(context.Background(), url, redis.Config{})
		if err != nil {
			return nil, nil, err
		}
		c, err := cache.New(st, cache.Config{
			Namespace: "herd", Near: cache.Near{MaxBytes: 1 << 20}, StoreTimeout: time.Second,
		})
		if err != nil {
			return nil, nil, err
		}
		f, err := cache.Memoize(c, "value", load, cache.FuncConfig[string, int64]{
			TTL: cache.For(herdLife), Jitter: -1, Beta: -1, StaleWhileRevalidate: herdLife,
		})
		return func(ctx context.Context) (int64, error) { v, _, err := f.Get(ctx, key); return v, err },
			func() { _ = c.Close(); _ = st.Close() }, err
	case "sturdyc":
		c := sturdyc.New[int64](1000, 10, 2*herdLife, 10,
			sturdyc.WithEarlyRefreshes(herdLife, herdLife, 2*herdLife, time.Millisecond))
		return func(ctx context.Context) (int64, error) {
			return c.GetOrFetch(ctx, key, func(ctx context.Context) (int64, error) { return load(ctx, key) })
		}, func() {}, nil
	case "otter":
		c, err := otter.New(&otter.Options[string, int64]{
			MaximumSize:       1000,
			ExpiryCalculator:  otter.ExpiryWriting[string, int64](2 * herdLife),
			RefreshCalculator: otter.RefreshWriting[string, int64](herdLife),
		})
		return func(ctx context.Context) (int64, error) {
			return c.Get(ctx, key, otter.LoaderFunc[string, int64](load))
		}, func() {}, err
	}
	return nil, nil, fmt.Errorf("there is no %s", impl)
}
