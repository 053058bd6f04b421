package bench_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"testing"

	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/sqltrace"
)

// A driver that answers at once with one row, so that what is measured is
// database/sql and the wrapper.
type (
	fakeConnector struct{}
	fakeConn      struct{}
	fakeRows      struct{ done bool }
)

func (fakeConnector) Connect(context.Context) (driver.Conn, error) { return fakeConn{}, nil }
func (fakeConnector) Driver() driver.Driver                        { return nil }

func (fakeConn) Prepare(string) (driver.Stmt, error) { return nil, driver.ErrSkip }
func (fakeConn) Close() error                        { return nil }
func (fakeConn) Begin() (driver.Tx, error)           { return nil, driver.ErrSkip }
func (fakeConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return new(fakeRows), nil
}

func (fakeConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}

func (*fakeRows) Columns() []string { return []string{"name"} }
func (*fakeRows) Close() error      { return nil }
func (r *fakeRows) Next(dest []driver.Value) error {
	if r.done {
		return io.EOF
	}
	r.done = true
	dest[0] = "Hansen Timber"
	return nil
}

// fakeDatabases returns the fake driver bare and under hone.
func fakeDatabases(tb testing.TB) map[string]*sql.DB {
	tracer, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	all := map[string]*sql.DB{
		"bare": sql.OpenDB(fakeConnector{}),
		"hone": sql.OpenDB(tracer.Connector(fakeConnector{})),
	}
	for _, db := range all {
		tb.Cleanup(func() { _ = db.Close() })
	}
	return all
}

const (
	selectOne = "SELECT name FROM customers WHERE id = $1 AND country = 'NO'"
	updateOne = "UPDATE products SET stock = stock - $1 WHERE id = $2"
)

// BenchmarkClassification is what telling loops apart costs: its bar compares it
// with the build before hone told them apart, in which this file is built too
// (see cmd/table). So it uses only what there was then.
func BenchmarkClassification(b *testing.B) { requests(b, fakeDatabases) }

// perRequest is how many statements share one request, as in a page of a list.
const perRequest = 50

// requests measures a request of perRequest statements on each database.
func requests(b *testing.B, databases func(testing.TB) map[string]*sql.DB) {
	recorder, err := measure.New(measure.Config{})
	if err != nil {
		b.Fatal(err)
	}
	statements := map[string]func(context.Context, *sql.DB, int) error{
		"query": func(ctx context.Context, db *sql.DB, i int) error {
			var name string
			return db.QueryRowContext(ctx, selectOne, i).Scan(&name)
		},
		"exec": func(ctx context.Context, db *sql.DB, i int) error {
			_, err := db.ExecContext(ctx, updateOne, 1, i)
			return err
		},
	}
	for kind, run := range statements {
		b.Run(kind, func(b *testing.B) {
			for name, db := range databases(b) {
				b.Run(name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						err := recorder.Do(context.Background(), "page", func(ctx context.Context) error {
							for i := range perRequest {
								if err := run(ctx, db, i); err != nil {
									return err
								}
							}
							return nil
						})
						if err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
