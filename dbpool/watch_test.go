package dbpool_test

import (
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/testserver"
)

// described writes findings as "count feature: statement".
func described(found []dbpool.Finding) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%d %s: %s\n", f.Count, f.Feature, f.SQL)
	}
	return b.String()
}

// send sends what services send, good and bad, through a pool.
func send(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	ctx := t.Context()
	exec := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(ctx, sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	exec("CREATE TABLE IF NOT EXISTS t (id serial)")
	exec("SET LOCAL work_mem = '1MB'")
	for _, tenant := range []string{"'one'", "'two'", "three"} {
		exec("SET app.tenant = " + tenant + " -- of the request")
	}
	exec("SELECT pg_advisory_lock(1), pg_advisory_unlock(1)")
	batch := new(pgx.Batch)
	batch.Queue("SET LOCAL work_mem = '1MB'")
	batch.Queue("INSERT INTO t DEFAULT VALUES")
	batch.Queue("SELECT currval('t_id_seq')")
	batch.Queue("LISTEN orders")
	if err := pool.SendBatch(ctx, batch).Close(); err != nil {
		t.Errorf("the batch: %v", err)
	}
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		for _, s := range []string{
			"SET LOCAL work_mem = '1MB'", "INSERT INTO t DEFAULT VALUES", "SELECT currval('t_id_seq')",
			"CREATE TEMP TABLE IF NOT EXISTS fine (i int) ON COMMIT DROP",
		} {
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("the transaction: %v", err)
	}
}

const sent = `3 SET: SET app.tenant = ?
1 LISTEN: LISTEN orders
1 session advisory lock: SELECT pg_advisory_lock(?), pg_advisory_unlock(?)
1 SET LOCAL outside a transaction: SET LOCAL work_mem = ?
`

func TestWatch(t *testing.T) {
	w := new(dbpool.Watch)
	send(t, open(t, testserver.Postgres(t), dbpool.Config{Size: 1, Watch: w}))
	if got := w.Findings(); len(got) != 0 {
		t.Errorf("Findings on PostgreSQL itself = %s, want none", described(got))
	}
	send(t, open(t, testserver.PgBouncer(t), dbpool.Config{Size: 1, Watch: w}))
	found := w.Findings()
	if got := described(found); got != sent {
		t.Errorf("Findings =\n%swant\n%s", got, sent)
	}
	for _, f := range found {
		if !strings.HasPrefix(f.Where, "dbpool/watch_test.go:") || f.Remedy == "" || f.Problem == "" || !strings.Contains(f.Pooler, "for each transaction") {
			t.Errorf("finding = %+v, want the line in this file, a remedy and the pooler", f)
		}
	}
}

// A statement that is prepared by name is lost, unless the pooler carries it.
func TestWatchPrepared(t *testing.T) {
	w := new(dbpool.Watch)
	pool := open(t, testserver.PgBouncer(t), dbpool.Config{
		Size: 1, Watch: w,
		Pooler: dbpool.Pooler{Mode: dbpool.Transaction},
	})
	carrying := open(t, testserver.PgBouncer(t), dbpool.Config{
		Size: 1, Watch: w,
		Pooler: dbpool.Pooler{Mode: dbpool.Transaction, Prepared: true},
	})
	for _, p := range []*pgxpool.Pool{pool, carrying} {
		// One transaction meets one server, whatever the pooler carries.
		err := pgx.BeginFunc(t.Context(), p, func(tx pgx.Tx) error {
			_, err := tx.Prepare(t.Context(), "one", "SELECT 1 AS one")
			if err != nil {
				return err
			}
			return tx.Conn().Deallocate(t.Context(), "one")
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, want := described(w.Findings()), "1 prepared statement: SELECT ? AS one\n"; got != want {
		t.Errorf("Findings =\n%swant\n%s", got, want)
	}
}

// The same for a pool of database/sql's own, with the exec mode that the
// pooler needs.
func TestConnector(t *testing.T) {
	w := new(dbpool.Watch)
	for _, tt := range []struct {
		database string
		want     string
	}{{testserver.Postgres(t), ""}, {testserver.PgBouncer(t), "2 SET: SET work_mem = ?\n"}} {
		cfg, err := pgx.ParseConfig(tt.database)
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(dbpool.Connector(cfg, w))
		defer db.Close()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				for i := range 20 {
					var got int
					if err := db.QueryRowContext(t.Context(), "SELECT $1::int", i).Scan(&got); err != nil || got != i {
						t.Errorf("SELECT %d = %d, %v", i, got, err)
					}
				}
			})
		}
		wg.Wait()
		for range 2 {
			if _, err := db.ExecContext(t.Context(), "SET work_mem = '1MB'"); err != nil {
				t.Error(err)
			}
		}
		if got := described(w.Findings()); got != tt.want {
			t.Errorf("Findings =\n%swant\n%s", got, tt.want)
		}
	}
	cfg, err := pgx.ParseConfig("postgres://nobody@127.0.0.1:1/shop")
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(dbpool.Connector(cfg, nil))
	defer db.Close()
	_, direct := pgx.ConnectConfig(t.Context(), cfg)
	if err := db.PingContext(t.Context()); err == nil || err.Error() != direct.Error() {
		t.Errorf("Ping without a server = %v, want pgx's own %v", err, direct)
	}
}

func TestWatchIsBounded(t *testing.T) {
	w := new(dbpool.Watch)
	pool := open(t, testserver.PgBouncer(t), dbpool.Config{Size: 1, Watch: w})
	for i := range 2100 {
		if _, err := pool.Exec(t.Context(), fmt.Sprintf("SELECT 1 AS c%d", i)); err != nil {
			t.Fatal(err)
		}
		if i%10 == 0 {
			if _, err := pool.Exec(t.Context(), fmt.Sprintf("UNLISTEN channel%d", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := len(w.Findings()); got != 200 {
		t.Errorf("findings = %d, want at most 200", got)
	}
	if got := dbpool.Texts(w); got > 2000 {
		t.Errorf("texts remembered = %d, want at most 2000", got)
	}
}

func TestLintPinning(t *testing.T) {
	proxy := dbpool.Pooler{Mode: dbpool.Pinning}
	tests := []struct{ sql, want string }{
		{"SELECT 1", ""},
		{"SET LOCAL work_mem = '1MB'", ""},
		{"SET work_mem = '1MB'", "SET"},
		{"CREATE TEMP TABLE t (i int)", "temporary table"},
		{"SELECT pg_advisory_lock(1)", "session advisory lock"},
		{"SELECT pg_advisory_xact_lock(1)", ""},
		{"PREPARE q AS SELECT 1; DEALLOCATE ALL", "PREPARE"},
		{"DECLARE c CURSOR FOR SELECT 1", "cursor"},
		{"SELECT 1; DISCARD ALL", "DISCARD"},
		{"SELECT nextval('s'), setval('s', 1)", "sequence function"},
		{"SELECT nextval FROM t", ""},
		{"SELECT '" + strings.Repeat("x", 16<<10) + "'", "statement over 16 kB"},
	}
	for _, tt := range tests {
		got := proxy.Lint(tt.sql)
		if features(got) != tt.want {
			t.Errorf("Lint(%.40q) = %q, want %q", tt.sql, features(got), tt.want)
		}
		for _, h := range got {
			if !strings.Contains(h.Problem, "the proxy keeps") || h.Remedy == "" {
				t.Errorf("Lint(%.40q) = %+v, want the problem to be the pinning, and a remedy", tt.sql, h)
			}
		}
	}
	for _, mode := range []dbpool.Mode{"", dbpool.Direct, dbpool.Session} {
		if got := (dbpool.Pooler{Mode: mode}).Lint("SET a = 1"); len(got) != 0 {
			t.Errorf("Lint with mode %q = %v, want nothing", mode, got)
		}
	}
}

func TestRedact(t *testing.T) {
	tests := []struct{ sql, want string }{
		{"", ""},
		{"SET a.b TO alice, bob", "SET a.b TO ?"},
		{"SET a.b=alice; SELECT x = 1", "SET a.b= ?; SELECT x = ?"},
		{"SELECT 'x', 1, $1 /* who */ FROM t", "SELECT ?, ?, $1 FROM t"},
		{"SELECT 'never ends", "SELECT ?"},
		{"UPDATE t SET a = b", "UPDATE t SET a = b"},
	}
	for _, tt := range tests {
		if got := dbpool.Redact(tt.sql); got != tt.want {
			t.Errorf("redact(%q) = %q, want %q", tt.sql, got, tt.want)
		}
	}
}

func BenchmarkWatch(b *testing.B) {
	database := testserver.PgBouncer(b)
	for _, bb := range []struct {
		name  string
		watch *dbpool.Watch
	}{{"watch=off", nil}, {"watch=on", new(dbpool.Watch)}} {
		pool, err := dbpool.Open(b.Context(), database, dbpool.Config{Size: 1, Watch: bb.watch})
		if err != nil {
			b.Fatal(err)
		}
		defer pool.Close()
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pool.Exec(b.Context(), "SELECT 1"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
