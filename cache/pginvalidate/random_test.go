package pginvalidate_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

var seed = flag.Uint64("seed", 0, "seed of the random changes; 0 takes one")

const (
	someProducts   = 30
	someCategories = 5
)

// change makes a random transaction, which may be rolled back.
func change(ctx context.Context, r *rand.Rand, conn *pgx.Conn) error {
	id, to, category := r.IntN(someProducts), r.IntN(someProducts), r.IntN(someCategories)
	statements := []string{
		fmt.Sprintf("INSERT INTO shop.products VALUES (%d, %d, '%d') ON CONFLICT (id) DO UPDATE SET name = excluded.name", id, category, r.Int()),
		fmt.Sprintf("UPDATE shop.products SET name = '%d' WHERE id BETWEEN %d AND %d", r.Int(), id, to),
		fmt.Sprintf("UPDATE shop.products SET category_id = %d WHERE id IN (%d, %d)", category, id, to),
		fmt.Sprintf("UPDATE shop.products SET id = %d WHERE id = %d AND NOT EXISTS (SELECT FROM shop.products WHERE id = %d)", to, id, to),
		fmt.Sprintf("DELETE FROM shop.products WHERE category_id = %d AND id < %d", category, id),
		fmt.Sprintf("INSERT INTO shop.products SELECT n, n %% %d, 'n' FROM generate_series(0, %d) n ON CONFLICT DO NOTHING", someCategories, id),
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	for range 1 + r.IntN(3) {
		nested, err := tx.Begin(ctx) // a savepoint
		if err != nil {
			return err
		}
		statement := statements[r.IntN(len(statements))]
		if r.IntN(100) == 0 {
			statement = "TRUNCATE shop.products"
		}
		_, err = nested.Exec(ctx, statement)
		if err != nil || r.IntN(4) == 0 {
			err = nested.Rollback(ctx)
		} else {
			err = nested.Commit(ctx)
		}
		if err != nil {
			return err
		}
	}
	if r.IntN(4) == 0 {
		return nil
	}
	return tx.Commit(ctx)
}

// load changes rows on some connections and reads through the cache on others,
// while disturb runs.
func load(t *testing.T, url string, s *service, disturb func()) {
	t.Helper()
	from := *seed
	if from == 0 {
		from = rand.Uint64()
	}
	t.Logf("-seed %d", from)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	var changes, reads atomic.Int64
	for i := range uint64(3) {
		running.Go(func() {
			r := rand.New(rand.NewPCG(from, i))
			for ctx.Err() == nil {
				conn, err := pgx.Connect(ctx, url)
				if err != nil {
					continue // the server may be starting
				}
				for ctx.Err() == nil && !conn.IsClosed() {
					if change(ctx, r, conn) == nil { // a deadlock, or the server's end, is no change
						changes.Add(1)
					}
				}
				_ = conn.Close(context.WithoutCancel(ctx))
			}
		})
	}
	running.Go(func() {
		r := rand.New(rand.NewPCG(from, 3))
		for ctx.Err() == nil {
			_, _, perr := s.product.Get(ctx, r.IntN(someProducts))
			_, _, cerr := s.category.Get(ctx, r.IntN(someCategories))
			if perr == nil && cerr == nil {
				reads.Add(1)
			}
		}
	})
	until(t, "the load runs", func() bool { return changes.Load() > 100 && reads.Load() > 100 })
	disturb()
	now := changes.Load()
	until(t, "the load goes on", func() bool { return changes.Load() > now+100 })
	cancel()
	running.Wait()
}

// settled waits until the listener has shown that it is up to date, and fails
// the test if anything in the cache is not as in the table then.
func settled(t *testing.T, l *pginvalidate.Listener, s *service) {
	t.Helper()
	end := time.Now()
	until(t, "all up to now is invalidated", func() bool { return l.Lag() < time.Since(end) })
	if stale := s.stale(t.Context(), someProducts, someCategories); stale != "" {
		t.Errorf("after Lag was below the time since the last change: %s", stale)
	}
}

func TestRandomChangesLeaveNothingStale(t *testing.T) {
	for name, store := range map[string]func(testing.TB) cache.Store{"memory": memoryStore, "redis": redisStore} {
		t.Run(name, func(t *testing.T) {
			url := testserver.Postgres(t)
			conn := connect(t, url)
			run(t, conn, productsTable)
			migrate(t, conn, shop)
			s := newService(t, url, store(t))
			l := start(t, url, s.cache, pginvalidate.Config{Setup: shop, Heartbeat: 50 * time.Millisecond})
			for range 3 {
				load(t, url, s, func() {})
				settled(t, l, s)
			}
			if got := l.Stats().Connects; got != 1 {
				t.Errorf("it connected %d times, want once", got)
			}
		})
	}
}

// TestConnectionKilledDuringLoad ends the listener's connection again and
// again.
func TestConnectionKilledDuringLoad(t *testing.T) {
	url := testserver.Postgres(t)
	conn := connect(t, url)
	run(t, conn, productsTable)
	migrate(t, conn, shop)
	s := newService(t, url, memoryStore(t))
	l := start(t, url, s.cache, pginvalidate.Config{Setup: shop, Heartbeat: 50 * time.Millisecond}, func(c *pgx.ConnConfig) {
		c.RuntimeParams["application_name"] = "listener"
	})
	for range 3 {
		load(t, url, s, func() {
			for range 3 {
				connects := l.Stats().Connects
				run(t, conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'listener' AND datname = current_database()")
				until(t, "it listens again", func() bool { return l.Stats().Connects > connects })
			}
		})
		settled(t, l, s)
	}
}

// TestServerCrashDuringLoad kills a process of a server of its own, which then
// ends them all and starts again.
func TestServerCrashDuringLoad(t *testing.T) {
	_ = testserver.Postgres(t) // where there is none, none can be started
	p, url, err := server.Postgres(t.Context(), serverDir(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	conn := connect(t, url)
	run(t, conn, productsTable)
	migrate(t, conn, shop)
	s := newService(t, url, memoryStore(t))
	l := start(t, url, s.cache, pginvalidate.Config{Setup: shop, Heartbeat: 50 * time.Millisecond})
	load(t, url, s, func() {
		var pid int
		if err := conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		connects := l.Stats().Connects
		if err := exec.Command("kill", "-KILL", strconv.Itoa(pid)).Run(); err != nil {
			t.Fatal(err)
		}
		until(t, "it listens again", func() bool { return l.Stats().Connects > connects })
	})
	settled(t, l, s)
}

// serverDir returns a temporary folder that other users may pass through,
// unlike t.TempDir's: as root, the servers run as one.
func serverDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hone-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
