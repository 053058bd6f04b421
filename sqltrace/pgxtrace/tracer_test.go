package pgxtrace_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/pgxtrace"
)

func newTracers(t *testing.T) (*sqltrace.Tracer, *pgxtrace.Tracer) {
	t.Helper()
	tr, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return tr, pgxtrace.New(tr)
}

// connect returns a connection traced by tracer, with a table of its own.
func connect(t *testing.T, tracer pgx.QueryTracer) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(testserver.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Tracer = tracer
	conn, err := pgx.ConnectConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	if _, err := conn.Exec(context.Background(), "CREATE TEMPORARY TABLE lines (order_id bigint, product text)"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(context.Background(), "INSERT INTO lines SELECT i % 20, 'p' || i FROM generate_series(0, 59) AS i"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// request runs do in a request and returns its sums.
func request(t *testing.T, do func(ctx context.Context) error) ledger.SQL {
	t.Helper()
	var l ledger.Ledger
	l.Open(context.Background(), time.Now())
	if err := do(&l); err != nil {
		t.Error(err)
	}
	return l.End(time.Now(), ledger.Summary{Route: "GET /api/orders", Method: "GET"})
}

const selectLines = "SELECT product FROM lines WHERE order_id = "

func TestLoopIsFound(t *testing.T) {
	tests := []struct {
		name      string
		args      func(id int) []any
		where     string
		rewritten string
	}{
		{"positional", func(id int) []any { return []any{id} }, "$1", "SELECT product, order_id FROM lines WHERE order_id = ANY($1)"},
		{"after an option", func(id int) []any { return []any{pgx.QueryExecModeDescribeExec, id} }, "$1", "SELECT product, order_id FROM lines WHERE order_id = ANY($1)"},
		{"named", func(id int) []any { return []any{pgx.NamedArgs{"id": id, "unused": 1}} }, "@id", "SELECT product, order_id FROM lines WHERE order_id = ANY(@id)"},
		{"strictly named", func(id int) []any { return []any{pgx.QueryExecModeExec, pgx.StrictNamedArgs{"id": id}} }, "@id", "SELECT product, order_id FROM lines WHERE order_id = ANY(@id)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr, p := newTracers(t)
			conn := connect(t, p)
			got := request(t, func(ctx context.Context) error {
				for id := range 20 {
					rows, err := conn.Query(ctx, selectLines+tt.where, tt.args(id)...)
					if err != nil {
						return err
					}
					if _, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
						return err
					}
				}
				return nil
			})
			if got.Statements != 20 || got.Rows != 60 || got.Errors != 0 || got.Time <= 0 {
				t.Errorf("SQL of the request = %+v, want 20 statements with 60 rows", got)
			}
			found := tr.Findings()
			if len(found) != 1 || found[0].Rewritten != tt.rewritten || !strings.HasPrefix(found[0].Where, "sqltrace/pgxtrace/tracer_test.go:") {
				t.Fatalf("Findings() = %+v, want one in this file, rewritten to %s", found, tt.rewritten)
			}
			ids := []any{[]int64{3, 4}}
			if strings.HasPrefix(tt.where, "@") {
				ids = []any{pgx.NamedArgs{"id": ids[0]}}
			}
			rows, err := conn.Query(context.Background(), found[0].Rewritten, ids...)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := pgx.CollectRows(rows, pgx.RowToMap)
			if err != nil || len(lines) != 6 {
				t.Errorf("the rewritten SQL gave %v, %v, want 6 rows", lines, err)
			}
		})
	}
}

func TestPreparedStatementIsKnownByItsText(t *testing.T) {
	tr, p := newTracers(t)
	conn := connect(t, p)
	if _, err := conn.Prepare(context.Background(), "lines_of_order", selectLines+"$1"); err != nil {
		t.Fatal(err)
	}
	got := request(t, func(ctx context.Context) error {
		for id := range 10 {
			if _, err := conn.Exec(ctx, "lines_of_order", id); err != nil {
				return err
			}
		}
		return nil
	})
	if found := tr.Findings(); got.Statements != 10 || len(found) != 1 || found[0].SQL != selectLines+"$1" {
		t.Errorf("Findings() = %+v after %d statements, want one of 10 with the prepared text", found, got.Statements)
	}
}

func TestBatchIsOneStatement(t *testing.T) {
	tr, p := newTracers(t)
	conn := connect(t, p)
	got := request(t, func(ctx context.Context) error {
		var b pgx.Batch
		for id := range 20 {
			b.Queue(selectLines+"$1", id)
		}
		return conn.SendBatch(ctx, &b).Close()
	})
	if got.Statements != 1 || got.Rows != 60 {
		t.Errorf("SQL of the request = %+v, want 1 statement with 60 rows", got)
	}
	if found := tr.Findings(); len(found) != 0 {
		t.Errorf("Findings() = %+v, want none", found)
	}
	if s := statistics(t, tr, sqltrace.KindBatch); s.Count != 1 || s.SQL != "batch: SELECT product FROM lines WHERE order_id = ?" {
		t.Errorf("statistics of the batch = %+v, want count 1 under its first text", s)
	}
}

func TestCopyIsOneStatement(t *testing.T) {
	tr, p := newTracers(t)
	conn := connect(t, p)
	got := request(t, func(ctx context.Context) error {
		_, err := conn.CopyFrom(ctx, pgx.Identifier{"lines"}, []string{"order_id", "product"}, pgx.CopyFromRows([][]any{{int64(1), "a"}, {int64(2), "b"}}))
		return err
	})
	if got.Statements != 1 || got.Rows != 2 {
		t.Errorf("SQL of the request = %+v, want 1 statement with 2 rows", got)
	}
	var copies int64
	for _, s := range tr.Statements() {
		if strings.HasPrefix(s.SQL, "COPY") {
			copies += s.Count
		}
	}
	if copies != 1 {
		t.Errorf("Statements() = %+v, want one COPY", tr.Statements())
	}
}

func TestTransactionControlDoesNotCount(t *testing.T) {
	_, p := newTracers(t)
	conn := connect(t, p)
	got := request(t, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE lines SET product = 'x' WHERE order_id = $1", 1)
			return err
		})
	})
	if got.Statements != 1 || got.Rows != 3 {
		t.Errorf("SQL of the request = %+v, want 1 statement with 3 rows", got)
	}
}

func TestFailureIsCounted(t *testing.T) {
	_, p := newTracers(t)
	conn := connect(t, p)
	got := request(t, func(ctx context.Context) error {
		if _, err := conn.Exec(ctx, "SELECT * FROM nowhere"); err == nil {
			t.Error("SELECT * FROM nowhere succeeded")
		}
		return nil
	})
	if got.Statements != 1 || got.Errors != 1 {
		t.Errorf("SQL of the request = %+v, want 1 statement that failed", got)
	}
}

func TestPoolWaitIsTheRequests(t *testing.T) {
	tr, p := newTracers(t)
	cfg, err := pgxpool.ParseConfig(testserver.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg.MaxConns = 1
	cfg.ConnConfig.Tracer = multitracer.New(p)
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	held, err := pool.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	const hold = 20 * time.Millisecond
	got := request(t, func(ctx context.Context) error {
		time.AfterFunc(hold, held.Release)
		_, err := pool.Exec(ctx, "SELECT 1")
		return err
	})
	if got.Wait < hold/2 || got.Statements != 1 {
		t.Errorf("SQL of the request = %+v, want 1 statement and a wait of about %v", got, hold)
	}
	if n, d := tr.Waits(); n != 2 || d < hold/2 {
		t.Errorf("Waits() = %d, %v, want 2 and about %v", n, d, hold)
	}
}

// TestDatabaseSQLCountsOnce opens database/sql over pgx in every way that can
// involve both the driver wrapper and this tracer.
func TestDatabaseSQLCountsOnce(t *testing.T) {
	url := testserver.Postgres(t)
	tests := []struct {
		name string
		open func(t *testing.T, tr *sqltrace.Tracer, p *pgxtrace.Tracer) *sql.DB
	}{
		{"wrapper alone", func(t *testing.T, tr *sqltrace.Tracer, _ *pgxtrace.Tracer) *sql.DB {
			cfg, err := pgx.ParseConfig(url)
			if err != nil {
				t.Fatal(err)
			}
			return sql.OpenDB(tr.Connector(stdlib.GetConnector(*cfg)))
		}},
		{"tracer alone", func(t *testing.T, _ *sqltrace.Tracer, p *pgxtrace.Tracer) *sql.DB {
			cfg, err := pgx.ParseConfig(url)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Tracer = p
			return sql.OpenDB(stdlib.GetConnector(*cfg))
		}},
		{"both", func(t *testing.T, tr *sqltrace.Tracer, p *pgxtrace.Tracer) *sql.DB {
			cfg, err := pgx.ParseConfig(url)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Tracer = p
			return sql.OpenDB(tr.Connector(stdlib.GetConnector(*cfg)))
		}},
		{"both, joined with another tracer", func(t *testing.T, tr *sqltrace.Tracer, p *pgxtrace.Tracer) *sql.DB {
			cfg, err := pgx.ParseConfig(url)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Tracer = multitracer.New(nothing{}, p)
			return sql.OpenDB(tr.Connector(stdlib.GetConnector(*cfg)))
		}},
		{"both, over a pgx pool", func(t *testing.T, tr *sqltrace.Tracer, p *pgxtrace.Tracer) *sql.DB {
			cfg, err := pgxpool.ParseConfig(url)
			if err != nil {
				t.Fatal(err)
			}
			cfg.ConnConfig.Tracer = p
			pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(pool.Close)
			if err := pool.Ping(context.Background()); err != nil { // so that its connection is made already
				t.Fatal(err)
			}
			return sql.OpenDB(tr.Connector(stdlib.GetPoolConnector(pool)))
		}},
		{"wrapper over a pool that is not traced", func(t *testing.T, tr *sqltrace.Tracer, _ *pgxtrace.Tracer) *sql.DB {
			pool, err := pgxpool.New(context.Background(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(pool.Close)
			return sql.OpenDB(tr.Connector(stdlib.GetPoolConnector(pool)))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr, p := newTracers(t)
			db := tt.open(t, tr, p)
			defer db.Close()
			got := request(t, func(ctx context.Context) error {
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					return err
				}
				defer func() { _ = tx.Rollback() }()
				for i := range 6 {
					var n int
					if err := tx.QueryRowContext(ctx, "SELECT relpages FROM pg_class WHERE relname = 'pg_class' AND $1::int >= 0", i).Scan(&n); err != nil {
						return err
					}
				}
				return tx.Commit()
			})
			if got.Statements != 6 || got.Rows != 6 {
				t.Errorf("SQL of the request = %+v, want 6 statements with 6 rows", got)
			}
		})
	}
}

// nothing is a tracer that does nothing.
type nothing struct{}

func (nothing) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (nothing) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func statistics(t *testing.T, tr *sqltrace.Tracer, kind sqltrace.Kind) sqltrace.Statistics {
	t.Helper()
	for _, s := range tr.Statements() {
		if s.Kind == kind {
			return s
		}
	}
	t.Fatalf("Statements() = %+v, want one of kind %s", tr.Statements(), kind)
	return sqltrace.Statistics{}
}
