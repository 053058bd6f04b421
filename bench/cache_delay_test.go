//go:build unix

package bench_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/store/redis"
)

// The test binary is run again as the process that changes what is near here.
const (
	envDelayRedis    = "HONE_BENCH_DELAY_REDIS"
	envDelayPostgres = "HONE_BENCH_DELAY_POSTGRES"
)

const (
	delayKey   = "k"
	delayTag   = "tag:k"
	delayTable = "CREATE TABLE things (id int PRIMARY KEY, version bigint)"
)

var delaySetup = pginvalidate.Setup{Rules: []pginvalidate.Rule{{Table: "things", Tags: []string{delayTag}}}}

// BenchmarkDelay measures how long a near cache gives what another process has
// changed: from the return of Set, Delete or Invalidate there, until a Get here
// gives the new value. The way is through Redis, and back to it for the value.
func BenchmarkDelay(b *testing.B) {
	for _, change := range []string{"write", "delete", "tag"} {
		b.Run("change="+change+"/hone", func(b *testing.B) {
			var version atomic.Int64
			url := "redis://" + startRedis(b).Address()
			other := startChanger(b, envDelayRedis+"="+url)
			measureDelay(b, url, other, change, func(context.Context, string) (int64, error) { return version.Load(), nil },
				func(v int64) { version.Store(v) })
		})
	}
}

// BenchmarkCommitDelay measures the same for a row of PostgreSQL: from the
// return of COMMIT in another process, where the triggers' notification is
// heard too, until a Get here gives the new row. The way is through PostgreSQL,
// the Listener's Gather of 2 ms, Redis, and back to PostgreSQL for the row.
func BenchmarkCommitDelay(b *testing.B) {
	if server.Find("postgres") == "" {
		b.Skip("PostgreSQL is not installed")
	}
	dir, err := os.MkdirTemp("", "hone-bench-*") // which PostgreSQL's user can enter
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	postgres, database, err := server.Postgres(context.Background(), dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(postgres.Stop)
	conn, err := pgx.Connect(b.Context(), database)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	migration, err := pginvalidate.Migration(delaySetup)
	if err != nil {
		b.Fatal(err)
	}
	for _, statement := range []string{delayTable, "INSERT INTO things VALUES (1, 0)", migration} {
		if _, err := conn.Exec(b.Context(), statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("change=commit/hone", func(b *testing.B) {
		url := "redis://" + startRedis(b).Address()
		other := startChanger(b, envDelayRedis+"="+url, envDelayPostgres+"="+database)
		load := func(ctx context.Context, _ string) (version int64, err error) {
			err = conn.QueryRow(ctx, "SELECT version FROM things WHERE id = 1").Scan(&version)
			return version, err
		}
		measureDelay(b, url, other, "commit", load, func(int64) {})
	})
}

// measureDelay has the other process change a value that is near, and reads
// until the new one is there. before is told the version to come.
func measureDelay(b *testing.B, url string, other *changer, change string, load func(context.Context, string) (int64, error), before func(int64)) {
	b.Helper()
	c, f, done, err := delayCache(url, load)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(done)
	get := func() int64 {
		v, _, err := f.Get(b.Context(), delayKey)
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
	var delays []time.Duration
	for version := get() + 1; b.Loop(); version++ {
		for near := f.Stats().NearHits; f.Stats().NearHits == near; {
			get()
		}
		before(version)
		changed := other.tell(fmt.Sprint(change, " ", version))
		for get() != version {
			if !c.Reachable() {
				b.Fatal("Redis is not used")
			}
			runtime.Gosched() // the servers run on the same cores
		}
		seen := time.Now()
		delays = append(delays, max(0, seen.Sub(<-changed)))
	}
	slices.Sort(delays)
	for name, d := range map[string]time.Duration{
		"p50-µs": delays[len(delays)/2], "p99-µs": delays[len(delays)*99/100], "max-µs": delays[len(delays)-1],
	} {
		b.ReportMetric(float64(d.Nanoseconds())/1000, name)
	}
}

// delayCache returns the function whose result both processes have.
func delayCache(url string, load func(context.Context, string) (int64, error)) (*cache.Cache, *cache.Func[string, int64], func(), error) {
	st, err := redis.Open(context.Background(), url, redis.Config{})
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := cache.New(st, cache.Config{
		Namespace: "delay", TTL: cache.Forever(), Near: cache.Near{MaxBytes: 1 << 20}, StoreTimeout: time.Second,
	})
	if err != nil {
		return nil, nil, nil, err
	}
	f, err := cache.Memoize(c, "value", load, cache.FuncConfig[string, int64]{
		Tags: func(string, int64) []string { return []string{delayTag} },
	})
	return c, f, func() { _ = c.Close(); _ = st.Close() }, err
}

// A changer is the other process.
type changer struct {
	b   *testing.B
	in  io.Writer
	out *bufio.Scanner
}

func startChanger(b *testing.B, env ...string) *changer {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	c := &changer{b: b, in: in, out: bufio.NewScanner(out)}
	if !c.out.Scan() || c.out.Text() != "ready" {
		b.Fatalf("the other process has not started: %q", c.out.Text())
	}
	return c
}

// tell sends a command, and returns when the change was made.
func (c *changer) tell(command string) <-chan time.Time {
	changed := make(chan time.Time, 1)
	if _, err := fmt.Fprintln(c.in, command); err != nil {
		c.b.Fatal(err)
	}
	go func() {
		at := int64(0)
		if c.out.Scan() {
			at, _ = strconv.ParseInt(c.out.Text(), 10, 64)
		}
		if at == 0 {
			c.b.Errorf("the other process answered %q to %q", c.out.Text(), command)
		}
		changed <- time.Unix(0, at)
	}()
	return changed
}

// changeThings is the other process: it makes the changes that it reads, and
// says when each was made.
func changeThings(url, database string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c, f, done, err := delayCache(url, func(context.Context, string) (int64, error) { return 0, cache.ErrNotFound })
	if err != nil {
		return err
	}
	defer done()
	changes := map[string]func(version int64) error{
		"write":  func(v int64) error { return f.Set(ctx, delayKey, v) },
		"delete": func(int64) error { return f.Delete(ctx, delayKey) },
		"tag":    func(int64) error { return c.Invalidate(ctx, delayTag) },
	}
	if database != "" {
		if changes["commit"], err = listen(ctx, database, c); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		name, text, _ := strings.Cut(in.Text(), " ")
		version, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err
		}
		if err := changes[name](version); err != nil {
			return err
		}
		fmt.Println(time.Now().UnixNano())
	}
	return nil
}

// listen runs a Listener until ctx ends, and returns what commits a change.
func listen(ctx context.Context, database string, to pginvalidate.Invalidator) (commit func(version int64) error, err error) {
	cfg, err := pgx.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	l, err := pginvalidate.New(cfg, to, pginvalidate.Config{Setup: delaySetup})
	if err != nil {
		return nil, err
	}
	go func() { _ = l.Run(ctx) }() // it ends with the process
	for !l.Stats().Connected || l.Stats().Clears == 0 {
		time.Sleep(time.Millisecond)
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return func(version int64) error {
		_, err := conn.Exec(ctx, "UPDATE things SET version = $1", version)
		return err
	}, nil
}
