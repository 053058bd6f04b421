//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

// smallServer starts a PostgreSQL with room for twelve connections, three of
// them reserved, of which root's takes one more, and returns the URLs of the
// superuser and of an ordinary role.
func smallServer(t *testing.T) (admin, service string) {
	t.Helper()
	for _, program := range []string{"postgres", "pgbouncer"} {
		if server.Find(program) != "" {
			continue
		}
		if os.Getenv(testserver.EnvRequire) == "1" {
			t.Fatalf("%s is not installed", program)
		}
		t.Skipf("%s is not installed", program)
	}
	p, admin, err := server.Postgres(t.Context(), openDir(t), "max_connections=12", "superuser_reserved_connections=3", "max_wal_senders=0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	root := dial(t, admin) // stays, as another's connection
	if _, err := root.Exec(t.Context(), "CREATE ROLE shop LOGIN"); err != nil {
		t.Fatal(err)
	}
	return admin, strings.Replace(admin, "postgres@", "shop@", 1)
}

// openDir returns a temporary folder that other users may pass through, unlike
// t.TempDir's: as root, the servers run as one.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hone-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// dial returns a connection that is closed at the end of the test.
func dial(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// The largest plan that the command lets pass can really be connected, to the
// last connection; the next one is refused by the server, as by the command.
func TestBudgetAgreesWithAServerThatRefuses(t *testing.T) {
	_, service := smallServer(t)
	fits := 0
	for n := 1; ; n++ {
		code, out, errs := hone(t.Context(), "budget", "--database", service, "--pool", strconv.Itoa(n), "--surge", "0")
		if code != exitDone {
			if code != exitFailed || !strings.Contains(out, "It does not fit. Set --pool "+strconv.Itoa(fits)+" ") {
				t.Fatalf("hone budget --pool %d = %d, %q, %q, want 1 and to set %d", n, code, out, errs, fits)
			}
			break
		}
		fits = n
	}
	if want := 12 - 3 - 1; fits != want {
		t.Errorf("hone budget lets %d connections pass, want %d", fits, want)
	}
	for range fits {
		dial(t, service)
	}
	_, err := pgx.Connect(t.Context(), service)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "53300" {
		t.Errorf("connection %d = %v, want SQLSTATE 53300", fits+1, err)
	}
	if fault, _ := dbpool.Explain(err); fault.Kind != dbpool.ReservedSlotsLeft || !strings.Contains(fault.Remedy, "hone budget") {
		t.Errorf("Explain(%v) = %+v, want what to do", err, fault)
	}
	// On a full server the command says so itself.
	code, _, errs := hone(t.Context(), "budget", "--database", service)
	if code != exitFailed || !strings.Contains(errs, "hone: cannot read the limits of ") || !strings.Contains(errs, fault(err)) {
		t.Errorf("hone budget on a full server = %d, %q, want 1 and %q", code, errs, fault(err))
	}
}

func fault(err error) string {
	f, _ := dbpool.Explain(err)
	return f.Remedy
}

// PgBouncer starts with what --pgbouncer prints, has its figures, and carries
// more clients than the server has connections.
func TestBudgetPgBouncer(t *testing.T) {
	admin, service := smallServer(t)
	code, out, errs := hone(t.Context(), "budget", "--database", service, "--pool", "30", "--surge", "0", "--pgbouncer")
	if code != exitDone {
		t.Fatalf("hone budget --pgbouncer = %d, %q, want 0", code, errs)
	}
	databases, settings, ok := strings.Cut(out, "[pgbouncer]\n")
	if !ok {
		t.Fatalf("hone budget --pgbouncer = %s, want a section [pgbouncer]", out)
	}
	var lines []string
	for line := range strings.Lines(settings) {
		switch name, _, _ := strings.Cut(line, " "); name {
		case "listen_port", "auth_type", "auth_file": // the test's own
		default:
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	p, through, err := server.PgBouncer(t.Context(), openDir(t), admin, append(lines, databases)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	cfg, err := pgx.ParseConfig(through)
	if err != nil {
		t.Fatal(err)
	}
	got, err := dbpool.Detect(t.Context(), cfg)
	if err != nil || got.Mode != dbpool.Transaction || got.PoolSize != 8 || got.MaxClients != 100 {
		t.Errorf("Detect = %+v, %v, want transaction mode, 8 server connections and 100 clients", got, err)
	}
	pool, err := dbpool.Open(t.Context(), through, dbpool.Config{Size: 30, Pooler: got})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var all, wg sync.WaitGroup
	all.Add(30)
	for range 30 {
		wg.Go(func() {
			conn, err := pool.Acquire(t.Context())
			all.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Release()
			all.Wait() // until all are connected
			if _, err := conn.Exec(t.Context(), "SELECT pg_sleep(0.01)"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
