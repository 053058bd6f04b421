//go:build unix

package dbpool_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

func TestErrorsOfPgBouncer(t *testing.T) {
	u := bouncer(t, "default_pool_size = 1", "max_client_conn = 2", "query_wait_timeout = 1")
	cfg := dbpool.Config{Size: 2, Pooler: dbpool.Pooler{Mode: dbpool.Transaction}}
	pool := open(t, u, cfg)

	// A pooler of its own: a refused client may count for a while yet.
	_, err := pgx.Connect(t.Context(), bouncer(t)+"&search_path=shop")
	wants(t, err, dbpool.PoolerParameter)

	tx, err := pool.Begin(t.Context()) // holds the only server
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = pgx.Connect(t.Context(), u)
	wants(t, err, dbpool.PoolerFull)
	_, err = conn.Exec(t.Context(), "SELECT 1")
	wants(t, err, dbpool.PoolerQueue)
	conn.Release()
	if err := tx.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
}

// What the lint says is true: a setting reaches another client.
func TestSETReallyReachesOthers(t *testing.T) {
	u := bouncer(t, "default_pool_size = 1")
	cfg := dbpool.Config{Size: 2, Pooler: dbpool.Pooler{Mode: dbpool.Transaction}}
	first, second := open(t, u, cfg), open(t, u, cfg)
	const set = "SET work_mem = '1234kB'"
	if _, err := first.Exec(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := second.QueryRow(t.Context(), "SHOW work_mem").Scan(&got); err != nil || got != "1234kB" {
		t.Errorf("work_mem of another client = %s, %v, want the one that was SET", got, err)
	}
	if len(dbpool.Lint(set)) != 1 {
		t.Errorf("Lint(%s) is silent", set)
	}
}

// PgBouncer starts with the text of INI and has its figures.
func TestINIStartsAPgBouncer(t *testing.T) {
	installed(t, "pgbouncer")
	database := testserver.Postgres(t)
	at, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		t.Fatal(err)
	}
	want := dbpool.Bouncer{Host: at.Hostname(), Port: port, Database: at.Path[1:], PoolSize: 7, MaxClients: 123}
	ini, err := want.INI()
	if err != nil {
		t.Fatal(err)
	}
	databases, settings, ok := strings.Cut(ini, "[pgbouncer]")
	if !ok {
		t.Fatalf("INI() = %s, want a section [pgbouncer]", ini)
	}
	var lines []string
	for line := range strings.Lines(settings) {
		name, _, _ := strings.Cut(line, " ")
		if name != "listen_addr" && name != "listen_port" && name != "auth_type" && name != "auth_file" {
			lines = append(lines, strings.TrimSpace(line)) // those are the test's own
		}
	}
	p, u, err := server.PgBouncer(t.Context(), serverDir(t), database, append(lines, databases)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	got := detect(t, u)
	if got.Mode != dbpool.Transaction || got.PoolSize != want.PoolSize || got.MaxClients != want.MaxClients {
		t.Errorf("Detect = %+v, want transaction mode with the figures of %+v", got, want)
	}
}
