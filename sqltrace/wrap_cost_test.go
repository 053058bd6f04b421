package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// TestWrapperAllocations holds the promise of Tracer.Connector, in a request.
func TestWrapperAllocations(t *testing.T) {
	bare := sql.OpenDB(idleConnector{})
	defer bare.Close()
	traced := sql.OpenDB(newTracer(t).Connector(idleConnector{}))
	defer traced.Close()
	for _, tt := range idleCalls() {
		t.Run(tt.name, func(t *testing.T) {
			var l ledger.Ledger
			l.Open(context.Background(), time.Now())
			got := testing.AllocsPerRun(500, func() { tt.call(t, &l, traced) })
			base := testing.AllocsPerRun(500, func() { tt.call(t, &l, bare) })
			if got > base+tt.extra {
				t.Errorf("allocations = %v traced, %v bare, want at most %v more", got, base, tt.extra)
			}
		})
	}
}

func BenchmarkWrapper(b *testing.B) {
	bare := sql.OpenDB(idleConnector{})
	defer bare.Close()
	traced := sql.OpenDB(newTracer(b).Connector(idleConnector{}))
	defer traced.Close()
	for _, tt := range idleCalls() {
		for _, db := range []struct {
			name string
			*sql.DB
		}{{"bare", bare}, {"traced", traced}} {
			b.Run("call="+tt.name+"/driver="+db.name, func(b *testing.B) {
				var l ledger.Ledger
				l.Open(context.Background(), time.Now())
				b.ReportAllocs()
				for b.Loop() {
					tt.call(b, &l, db.DB)
				}
			})
		}
	}
}

type idleCall struct {
	name  string
	extra float64 // allocations that tracing may add
	call  func(testing.TB, context.Context, *sql.DB)
}

func idleCalls() []idleCall {
	return []idleCall{
		{"exec", 0, func(t testing.TB, ctx context.Context, db *sql.DB) {
			if _, err := db.ExecContext(ctx, "UPDATE t SET a = ? WHERE b = ?", 1, 2); err != nil {
				t.Fatal(err)
			}
		}},
		{"query", 1, func(t testing.TB, ctx context.Context, db *sql.DB) {
			idleQuery(t, ctx, db, "SELECT a FROM t WHERE b = ?")
		}},
		{"query that is prepared first", 2, func(t testing.TB, ctx context.Context, db *sql.DB) {
			idleQuery(t, ctx, db, idleSkip)
		}},
	}
}

func idleQuery(t testing.TB, ctx context.Context, db *sql.DB, query string) {
	rows, err := db.QueryContext(ctx, query, 1)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
}

// The idle driver does nothing, so that what remains is database/sql and hone.
type (
	idleConnector struct{}
	idleConn      struct{}
	idleStmt      struct{}
	idleRows      struct{ left int }
)

const idleSkip = "SELECT b FROM t WHERE a = ?"

func (idleConnector) Connect(context.Context) (driver.Conn, error) { return idleConn{}, nil }
func (idleConnector) Driver() driver.Driver                        { return nil }

func (idleConn) Prepare(string) (driver.Stmt, error) { return idleStmt{}, nil }
func (idleConn) Close() error                        { return nil }
func (idleConn) Begin() (driver.Tx, error)           { return nil, errDriver }

func (idleConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}

func (idleConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	if query == idleSkip {
		return nil, driver.ErrSkip
	}
	return &idleRows{10}, nil
}

func (idleStmt) Close() error                               { return nil }
func (idleStmt) NumInput() int                              { return 1 }
func (idleStmt) Exec([]driver.Value) (driver.Result, error) { return nil, errDriver }
func (idleStmt) Query([]driver.Value) (driver.Rows, error)  { return nil, errDriver }

func (idleStmt) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	return &idleRows{10}, nil
}

func (*idleRows) Columns() []string { return []string{"a"} }
func (*idleRows) Close() error      { return nil }

func (r *idleRows) Next(dest []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	dest[0] = true
	return nil
}
