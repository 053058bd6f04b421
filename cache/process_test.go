package cache_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/store/redis"
)

// The test binary is run again as another process of the fleet, which these
// tell what to share.
const (
	envRedis     = "HONE_CACHE_CHILD_REDIS"
	envNamespace = "HONE_CACHE_CHILD_NAMESPACE"
	envHerd      = "HONE_CACHE_CHILD_HERD" // the number of readers
)

func TestMain(m *testing.M) {
	if url := os.Getenv(envRedis); url != "" {
		run := runChild
		if readers, err := strconv.Atoi(os.Getenv(envHerd)); err == nil {
			run = func(ctx context.Context, url, namespace string) error { return joinHerd(ctx, url, namespace, readers) }
		}
		if err := run(context.Background(), url, os.Getenv(envNamespace)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// runChild does what it reads, a command a line, and answers each with a line.
func runChild(ctx context.Context, url, namespace string) error {
	st, err := redis.Open(ctx, url, redis.Config{})
	if err != nil {
		return err
	}
	defer st.Close()
	c, err := cache.New(st, cache.Config{Namespace: namespace, StoreTimeout: time.Second, LeaseLife: shortLease})
	if err != nil {
		return err
	}
	defer c.Close()
	load := func(ctx context.Context, key string) (int64, error) {
		fmt.Println("loading")
		<-ctx.Done() // until this process is killed
		return 0, ctx.Err()
	}
	f, err := cache.Memoize(c, "version", load, versionsConfig{Beta: -1})
	if err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		what, key, _ := strings.Cut(in.Text(), " ")
		switch what {
		case "get":
			_, _, err = f.Get(ctx, key)
		case "delete":
			err = f.Delete(ctx, key)
		case "invalidate":
			err = c.Invalidate(ctx, key)
		}
		if err != nil {
			return err
		}
		fmt.Println("done")
	}
	return nil
}

// A child is another process.
type child struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

func startChild(t testing.TB, url, namespace string, env ...string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), envRedis+"="+url, envNamespace+"="+namespace), env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: cmd, in: in, out: bufio.NewScanner(out)}
	t.Cleanup(c.kill)
	return c
}

// do sends a command and waits for the answer.
func (c *child) do(command, answer string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.in, command); err != nil {
		c.t.Fatal(err)
	}
	if !c.out.Scan() || c.out.Text() != answer {
		c.t.Fatalf("the other process answered %q to %q, want %q", c.out.Text(), command, answer)
	}
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

const (
	shortLease = time.Second
	staleness  = 300 * time.Millisecond
	busy       = 2 * time.Second // what a busy machine may add
)

// redisMember returns a Cache of this process over a Redis.
func redisMember(t testing.TB, url, namespace string, cfg cache.Config) *cache.Cache {
	t.Helper()
	st, err := redis.Open(t.Context(), url, redis.Config{Heartbeat: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	cfg.Namespace = namespace
	return member(t, st, cfg)
}

func redisNamespace() string { return strings.TrimSuffix(testserver.Prefix(), ":") }

func eventually(t testing.TB, what string, within time.Duration, ok func() bool) {
	t.Helper()
	retry := time.NewTicker(time.Millisecond)
	defer retry.Stop()
	for begin := time.Now(); !ok(); <-retry.C {
		if time.Since(begin) > within {
			t.Fatalf("%s: not within %v", what, within)
		}
	}
}

func TestALeaseDiesWithItsProcess(t *testing.T) {
	url, ns := testserver.Redis(t), redisNamespace()
	owner := startChild(t, url, ns)
	owner.do("get k", "loading")
	src := new(source)
	f := memoized(t, redisMember(t, url, ns, cache.Config{LeaseLife: shortLease, StoreTimeout: time.Second}), src, versionsConfig{})
	waiting := ask(t.Context(), f, "k")
	eventually(t, "this process waits", busy, func() bool { return f.Stats().Waits == 1 })
	if n := src.loads.Load(); n != 0 {
		t.Errorf("loads while the other process loads = %d, want 0", n)
	}
	killed := time.Now()
	owner.kill()
	wantVersion(t, "Get after the owner's death", <-waiting, 0)
	if took := time.Since(killed); took > shortLease+busy {
		t.Errorf("it took %v, want LeaseLife = %v at most", took, shortLease)
	}
	if s := f.Stats(); s.Filled != 1 {
		t.Errorf("the follower has stored %d results, want 1: it has the lease", s.Filled)
	}
}

// TestNearIsCoherentAcrossProcesses reads near values while another process
// deletes and invalidates them.
func TestNearIsCoherentAcrossProcesses(t *testing.T) {
	url, ns := testserver.Redis(t), redisNamespace()
	src := new(source)
	cfg := cache.Config{Near: cache.Near{MaxBytes: 1 << 20, MaxStale: staleness}, StoreTimeout: time.Second}
	f := memoized(t, redisMember(t, url, ns, cfg), src, versionsConfig{
		Tags: func(k string, _ int64) []string { return []string{"tag:" + k} },
	})
	other := startChild(t, url, ns)
	for i := range 100 {
		eventually(t, "the key is near", busy, func() bool {
			before := f.Stats().NearHits
			get(t, f, "k")
			return f.Stats().NearHits > before
		})
		want := src.write("k")
		other.do([]string{"delete k", "invalidate tag:k"}[i%2], "done")
		eventually(t, "what was changed is seen", staleness+busy, func() bool { return get(t, f, "k").version == want })
		if v := get(t, f, "k").version; v != want {
			t.Fatalf("Get = %d after %d was seen", v, want)
		}
	}
}

// TestNothingFailsWhileRedisDoes kills, starts, freezes and thaws a Redis under
// load.
func TestNothingFailsWhileRedisDoes(t *testing.T) {
	testserver.Redis(t) // skips without one
	node, err := server.StartRedisNode(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Kill() })
	src := new(source)
	c := redisMember(t, "redis://"+node.Address(), "faults", cache.Config{Near: cache.Near{MaxBytes: 1 << 20, MaxStale: staleness}})
	f := memoized(t, c, src, versionsConfig{})

	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	var longest, answers atomic.Int64
	for i := range 32 {
		readers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				begin := time.Now()
				if _, _, err := f.Get(t.Context(), fmt.Sprint((i+n)%50)); err != nil {
					t.Errorf("Get under load = %v, want no error", err)
					return
				}
				answers.Add(1)
				if took := int64(time.Since(begin)); took > longest.Load() {
					longest.Store(took)
				}
			}
		})
	}
	defer readers.Wait()
	defer stop()
	served := func() {
		n := answers.Load()
		eventually(t, "requests are served", busy, func() bool { return answers.Load() > n+1000 })
	}
	outages := []struct {
		name       string
		begin, end func() error
	}{
		{"killed", func() error { node.Kill(); return nil }, func() error { return node.Start(t.Context()) }},
		{"frozen", func() error { return node.Freeze() }, func() error { return node.Thaw() }},
	}
	for _, o := range outages {
		eventually(t, "Redis is used", busy, c.Reachable)
		served()
		if err := o.begin(); err != nil {
			t.Fatal(err)
		}
		eventually(t, o.name+": the breaker opens", busy, func() bool { return !c.Reachable() })
		want := src.write("0")
		eventually(t, o.name+": what is near is not believed any more", staleness+busy, func() bool { return get(t, f, "0").version == want })
		served()
		if err := o.end(); err != nil {
			t.Fatal(err)
		}
		up, filled, n := time.Now(), f.Stats().Filled, 0
		eventually(t, o.name+": results are stored again", time.Second+busy, func() bool {
			// A new key each time: a frozen Redis still grants leases that
			// nobody waits for any more, and they last for LeaseLife.
			n++
			if a := get(t, f, fmt.Sprint(o.name, n)); a.err != nil {
				t.Fatalf("%s: Get = %v, want no error", o.name, a.err)
			}
			return c.Reachable() && f.Stats().Filled > filled
		})
		t.Logf("%s: results were stored again after %v", o.name, time.Since(up))
		served()
		// Of what was stored before, only a frozen Redis still knows.
		// One call among 32 busy readers may come too late on a busy machine.
		eventually(t, o.name+": Delete works again", busy, func() bool { return f.Delete(t.Context(), "0") == nil })
		wantVersion(t, o.name+": Get after recovery", get(t, f, "0"), want)
	}
	if d := time.Duration(longest.Load()); d > busy {
		t.Errorf("the slowest Get took %v, want some 100 ms", d)
	}
}
