//go:build unix

package dbpool_test

import (
	"net/url"
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

// The two ways in which a prepared statement is lost between servers, where
// the pooler does not carry it.
func TestLostPreparedStatements(t *testing.T) {
	settings := []string{"default_pool_size = 2"}
	if minor(t, detect(t, bouncer(t)).Version) >= 21 {
		settings = append(settings, "max_prepared_statements = 0")
	}
	u := bouncer(t, settings...)
	first, second, third := connectExec(t, u), connectExec(t, u), connectExec(t, u)
	exec(t, first, "BEGIN") // holds one of the two servers
	prepare := func(conn *pgx.Conn) error {
		_, err := conn.Prepare(t.Context(), "one", "SELECT 1")
		return err
	}
	if err := prepare(second); err != nil {
		t.Fatal(err)
	}
	wants(t, prepare(third), dbpool.StatementExists)

	exec(t, third, "BEGIN") // holds the other
	exec(t, first, "ROLLBACK")
	_, err := second.Exec(t.Context(), "one")
	wants(t, err, dbpool.StatementMissing)
}

// connectExec is connect for a connection that prepares nothing by itself.
func connectExec(t *testing.T, u string) *pgx.Conn {
	t.Helper()
	return connect(t, u+"&default_query_exec_mode=exec")
}

func TestServersLostBehindPgBouncer(t *testing.T) {
	u := bouncer(t)
	conn := connectExec(t, u)
	exec(t, conn, "BEGIN")
	var pid int
	if err := conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	var ended bool
	if err := connectExec(t, u).QueryRow(t.Context(), "SELECT pg_terminate_backend($1, 10000)", pid).Scan(&ended); err != nil || !ended {
		t.Fatalf("pg_terminate_backend = %v, %v", ended, err)
	}
	_, err := conn.Exec(t.Context(), "SELECT 1")
	wants(t, err, dbpool.ConnectionLost)

	database := testserver.Postgres(t)
	nowhere, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	nowhere.Host = "127.0.0.1:1"
	p, u, err := server.PgBouncer(t.Context(), serverDir(t), nowhere.String(), "client_login_timeout = 1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	_, err = pgx.Connect(t.Context(), u)
	wants(t, err, dbpool.PoolerNoServer)

	u = bouncer(t, "pool_mode = statement")
	_, err = connectExec(t, u).Exec(t.Context(), "BEGIN")
	wants(t, err, dbpool.PoolerNoTransactions)
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
