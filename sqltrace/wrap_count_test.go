package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/internal/fakedriver"
)

// The ways in which database/sql reaches a statement: each must count it once.
var routesToStatement = []struct {
	name string
	conn fakedriver.ConnShape
	stmt fakedriver.StmtShape
}{
	{"direct", fakedriver.ConnExecerContext | fakedriver.ConnQueryerContext, 0},
	{"direct without contexts", fakedriver.ConnExecer | fakedriver.ConnQueryer, 0},
	{"prepared", 0, fakedriver.StmtExecContext | fakedriver.StmtQueryContext},
	{"prepared without contexts", fakedriver.ConnPrepareContext, 0},
	{"prepared with a converter", 0, fakedriver.StmtColumnConverter},
}

func TestWrapperCountsStatements(t *testing.T) {
	tests := []struct {
		name  string
		fault string
		err   error
		play  func(context.Context, *sql.DB) error
		want  ledger.SQL
	}{
		{"ping and connect", "", nil, func(ctx context.Context, db *sql.DB) error {
			return db.PingContext(ctx)
		}, ledger.SQL{}},
		{"exec", "", nil, func(ctx context.Context, db *sql.DB) error {
			return execErr(db.ExecContext(ctx, "insert ?", 1))
		}, ledger.SQL{Statements: 1, Rows: 3}},
		{"exec, skipped at first", "", nil, func(ctx context.Context, db *sql.DB) error {
			return execErr(db.ExecContext(ctx, "skip ?", 1))
		}, ledger.SQL{Statements: 1, Rows: 3}},
		{"exec, skipped at first, with arguments that are refused", "", nil, func(ctx context.Context, db *sql.DB) error {
			_, err := db.ExecContext(ctx, "insert ?", make(chan int))
			if err == nil {
				return errors.New("a channel was accepted")
			}
			return nil
		}, ledger.SQL{}},
		{"query", "", nil, func(ctx context.Context, db *sql.DB) error {
			return readAll(db.QueryContext(ctx, "select ?", 1))
		}, ledger.SQL{Statements: 1, Rows: 2}},
		{"query, skipped at first", "", nil, func(ctx context.Context, db *sql.DB) error {
			return readAll(db.QueryContext(ctx, "skip ?", 1))
		}, ledger.SQL{Statements: 1, Rows: 2}},
		{"query of one row", "", nil, func(ctx context.Context, db *sql.DB) error {
			return db.QueryRowContext(ctx, "select").Scan(new(int), new(string))
		}, ledger.SQL{Statements: 1, Rows: 1}},
		{"prepared twice", "", nil, func(ctx context.Context, db *sql.DB) error {
			st, err := db.PrepareContext(ctx, "select ?")
			if err != nil {
				return err
			}
			defer st.Close()
			return errors.Join(readAll(st.QueryContext(ctx, 1)), readAll(st.QueryContext(ctx, 2)))
		}, ledger.SQL{Statements: 2, Rows: 4}},
		{"transaction", "", nil, func(ctx context.Context, db *sql.DB) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			return errors.Join(
				execErr(tx.ExecContext(ctx, "insert")),
				execErr(tx.ExecContext(ctx, "skip")),
				readAll(tx.QueryContext(ctx, "skip")),
				tx.Commit())
		}, ledger.SQL{Statements: 3, Rows: 8}},
		{"row error", "Next", errDriver, func(ctx context.Context, db *sql.DB) error {
			return readAll(db.QueryContext(ctx, "select"))
		}, ledger.SQL{Statements: 1, Errors: 1}},
		{"close error", "RowsClose", errDriver, func(ctx context.Context, db *sql.DB) error {
			rows, err := db.QueryContext(ctx, "select")
			if err != nil {
				return err
			}
			return rows.Close()
		}, ledger.SQL{Statements: 1, Errors: 1}},
	}
	for _, route := range routesToStatement {
		for _, tt := range tests {
			t.Run(route.name+"/"+tt.name, func(t *testing.T) {
				fake := fakedriver.New(fakedriver.Options{Conn: route.conn, Stmt: route.stmt})
				db := sql.OpenDB(newTracer(t).Connector(fake.Connector()))
				defer db.Close()
				if tt.fault != "" {
					fake.Fail(tt.fault, 1, tt.err)
				}
				var err error
				got := request(func(ctx context.Context) { err = tt.play(ctx, db) })
				if err != tt.err {
					t.Errorf("error = %v, want %v", err, tt.err)
				}
				got.Time = 0
				if got != tt.want {
					t.Errorf("ledger = %+v, want %+v", got, tt.want)
				}
			})
		}
	}
}

func TestWrapperCountsFailedStatements(t *testing.T) {
	direct := fakedriver.ConnExecerContext | fakedriver.ConnQueryerContext
	tests := []struct {
		name  string
		conn  fakedriver.ConnShape
		op    string
		times int
		err   error
		query string
		want  ledger.SQL
	}{
		{"the driver's error", direct, "ExecContext", 1, errDriver, "insert", ledger.SQL{Statements: 1, Errors: 1}},
		{"a wrapped ErrSkip is an error", direct, "ExecContext", 1, fmt.Errorf("no: %w", driver.ErrSkip), "insert", ledger.SQL{Statements: 1, Errors: 1}},
		{"skipped, not prepared", direct, "Prepare", 1, errDriver, "skip", ledger.SQL{Statements: 1, Errors: 1}},
		{"not prepared", 0, "Prepare", 1, errDriver, "insert", ledger.SQL{}},
		{"a bad connection, then a good one", direct, "ExecContext", 1, driver.ErrBadConn, "insert", ledger.SQL{Statements: 2, Errors: 1, Rows: 3}},
		{"bad connections only", direct, "ExecContext", -1, driver.ErrBadConn, "insert", ledger.SQL{Statements: 3, Errors: 3}},
		{"refused arguments after a skip", direct, "", 0, nil, "skip ?", ledger.SQL{Statements: 1, Errors: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := fakedriver.New(fakedriver.Options{Conn: tt.conn})
			db := sql.OpenDB(newTracer(t).Connector(fake.Connector()))
			defer db.Close()
			if tt.op != "" {
				fake.Fail(tt.op, tt.times, tt.err)
			}
			got := request(func(ctx context.Context) { _, _ = db.ExecContext(ctx, tt.query) })
			got.Time = 0
			if got != tt.want {
				t.Errorf("ledger = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestSkippedStatementsOfOneTransaction interleaves two goroutines' statements
// between ErrSkip and Prepare, as a shared transaction may.
func TestSkippedStatementsOfOneTransaction(t *testing.T) {
	const n = 40 // more than a connection holds back
	fake := fakedriver.New(fakedriver.Options{Conn: fakedriver.ConnExecerContext})
	ctx := context.Background()
	c, err := newTracer(t).Connector(fake.Connector()).Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	execer := c.(driver.ExecerContext)
	prepareAndExec := func(ctx context.Context, query string) {
		t.Helper()
		st, err := c.Prepare(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.(driver.StmtExecContext).ExecContext(ctx, nil); err != nil {
			t.Fatal(err)
		}
	}
	got := request(func(ctx context.Context) {
		for _, query := range []string{"skip a", "skip b", "skip a"} {
			if _, err := execer.ExecContext(ctx, query, nil); err != driver.ErrSkip {
				t.Fatalf("ExecContext = %v, want ErrSkip", err)
			}
		}
		for _, query := range []string{"skip b", "skip a", "skip a"} {
			prepareAndExec(ctx, query)
		}
	})
	if got.Statements != 3 || got.Errors != 0 {
		t.Errorf("ledger = %+v, want 3 statements, no errors", got)
	}

	got = request(func(ctx context.Context) {
		for range n {
			_, _ = execer.ExecContext(ctx, "skip", nil) // and never prepared
		}
		_ = c.Close()
	})
	if got.Statements != n || got.Errors != n {
		t.Errorf("ledger after a caller who ignores ErrSkip = %+v, want %d statements, all failed", got, n)
	}
}

func TestQueryLastsUntilRowsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := fakedriver.New(fakedriver.Options{Conn: fakedriver.ConnQueryerContext | fakedriver.ConnExecerContext})
		wait := func(d time.Duration) func() error {
			return func() error {
				time.Sleep(d)
				return nil
			}
		}
		fake.During("QueryContext", 1, wait(time.Second))
		fake.During("Next", -1, wait(2*time.Second))
		fake.During("RowsClose", 1, wait(4*time.Second))
		fake.During("ExecContext", 1, wait(8*time.Second))
		db := sql.OpenDB(newTracer(t).Connector(fake.Connector()))
		defer db.Close()
		got := request(func(ctx context.Context) {
			if err := readAll(db.QueryContext(ctx, "select")); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
			if err := execErr(db.ExecContext(ctx, "insert")); err != nil {
				t.Error(err)
			}
		})
		if want := (1 + 3*2 + 4 + 8) * time.Second; got.Time != want {
			t.Errorf("time = %v, want %v", got.Time, want)
		}
	})
}

// scannerRows has the methods of Go 1.27's driver.RowsColumnScanner.
type scannerRows struct{}

func (scannerRows) NextRow() error                 { return nil }
func (scannerRows) ScanColumn(any, int, any) error { return nil }
func (scannerRows) Columns() []string              { return []string{"n"} }
func (scannerRows) Close() error                   { return nil }
func (scannerRows) Next([]driver.Value) error      { return errDriver }

// nextRows has only one of them.
type nextRows struct{ driver.Rows }

func (nextRows) NextRow() error { return nil }

// rowsConn is a connection that answers every query with the same rows.
type rowsConn struct {
	driver.Conn
	rows driver.Rows
}

func (c rowsConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return c.rows, nil
}

func TestClosingRowsAgainEndsNothing(t *testing.T) {
	c := connectTo(t, rowsConn{rows: struct{ driver.Rows }{scannerRows{}}})
	got := request(func(ctx context.Context) {
		rows, err := c.(driver.QueryerContext).QueryContext(ctx, "select", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Next(nil); err != errDriver {
			t.Fatalf("Next = %v, want %v", err, errDriver)
		}
		for range 2 {
			if err := rows.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	if got.Statements != 1 || got.Errors != 1 {
		t.Errorf("ledger = %+v, want one statement that failed once", got)
	}
}

func TestRowsThatScanColumnsStayBare(t *testing.T) {
	tests := []struct {
		name string
		rows driver.Rows
		bare bool
	}{
		{"with NextRow and ScanColumn", scannerRows{}, true},
		{"with one of them", nextRows{scannerRows{}}, false},
		{"without", struct{ driver.Rows }{scannerRows{}}, false},
		{"none at all", nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := connectTo(t, rowsConn{rows: tt.rows})
			for range 2 { // the second answer comes from the cache
				var rows driver.Rows
				var err error
				got := request(func(ctx context.Context) {
					rows, err = c.(driver.QueryerContext).QueryContext(ctx, "select", nil)
				})
				if err != nil {
					t.Fatal(err)
				}
				if bare := reflect.TypeOf(rows) == reflect.TypeOf(tt.rows); bare != tt.bare {
					t.Errorf("QueryContext = %T, want bare: %t", rows, tt.bare)
				}
				if got.Statements != 1 {
					t.Errorf("statements = %d, want 1", got.Statements)
				}
			}
		})
	}
}

func TestTracedConnectionIsNotTracedTwice(t *testing.T) {
	tracer := newTracer(t)
	other := newTracer(t)
	fake := fakedriver.New(fakedriver.Options{Conn: fakedriver.ConnExecerContext})
	tests := []struct {
		name string
		base driver.Connector
		want int
	}{
		{"bare", fake.Connector(), 1},
		{"traced by the same tracer", tracer.Connector(fake.Connector()), 1},
		{"traced by a view of the tracer", tracer.For(sqltrace.SQLite).Connector(fake.Connector()), 1},
		{"marked as traced by the driver's own tracer", markingConnector{fake.Connector(), tracer}, 0},
		{"traced by another tracer", other.Connector(fake.Connector()), 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := sql.OpenDB(tracer.Connector(tt.base))
			defer db.Close()
			got := request(func(ctx context.Context) {
				if err := execErr(db.ExecContext(ctx, "insert")); err != nil {
					t.Error(err)
				}
			})
			if got.Statements != tt.want {
				t.Errorf("statements = %d, want %d", got.Statements, tt.want)
			}
		})
	}
}

// markingConnector is a driver that reports its statements to tracer itself.
type markingConnector struct {
	driver.Connector
	tracer *sqltrace.Tracer
}

func (c markingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c.tracer.MarkTraced(ctx)
	return c.Connector.Connect(ctx)
}

func execErr(_ sql.Result, err error) error { return err }

func readAll(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}
