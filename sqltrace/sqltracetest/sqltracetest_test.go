package sqltracetest_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/sqltracetest"
)

// failures is a test that keeps what it is told instead of failing.
type failures struct {
	testing.TB
	list []string
}

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.list = append(f.list, fmt.Sprintf(format, args...))
}

type shop struct {
	t  testing.TB
	db *sql.DB
}

func newShop(t testing.TB) shop {
	t.Helper()
	tracer, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := tracer.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1) // a database in memory belongs to its connection
	if _, err := db.Exec("CREATE TABLE orders (id INTEGER PRIMARY KEY); CREATE TABLE lines (order_id INTEGER)"); err != nil {
		t.Fatal(err)
	}
	return shop{t, db}
}

// populate makes n orders in all.
func (s shop) populate(n int) {
	for id := range n {
		if _, err := s.db.Exec("INSERT OR IGNORE INTO orders (id) VALUES (?)", id); err != nil {
			s.t.Error(err)
		}
	}
}

func (s shop) ids(ctx context.Context) (ids []int) {
	rows, err := s.db.QueryContext(ctx, "SELECT id FROM orders")
	if err != nil {
		s.t.Error(err)
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			s.t.Error(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		s.t.Error(err)
	}
	return ids
}

const loopSQL = "SELECT count(*) FROM lines WHERE order_id = ?"

// loop asks once for each order and returns the line it does so at.
func (s shop) loop(ctx context.Context) (where string) {
	for _, id := range s.ids(ctx) {
		var n int
		_, _, at, _ := runtime.Caller(0)
		if err := s.db.QueryRowContext(ctx, loopSQL, id).Scan(&n); err != nil {
			s.t.Error(err)
		}
		where = fmt.Sprintf("sqltrace/sqltracetest/sqltracetest_test.go:%d", at+1)
	}
	return where
}

func TestMaxQueries(t *testing.T) {
	s := newShop(t)
	s.populate(4)
	f := &failures{TB: t}
	var where string
	loop := func(ctx context.Context) { where = s.loop(ctx) }
	if got := sqltracetest.MaxQueries(f, 5, loop); got != 5 || len(f.list) != 0 {
		t.Errorf("MaxQueries(5) = %d with failures %q, want 5 and none", got, f.list)
	}
	sqltracetest.MaxQueries(f, 4, loop)
	if len(f.list) != 1 || !strings.HasPrefix(f.list[0], "5 statements were sent, want at most 4:\n     4 × "+where) || !strings.Contains(f.list[0], loopSQL) {
		t.Errorf("MaxQueries(4) failed with %q, want 4 × at %s first", f.list, where)
	}
	if !strings.Contains(f.list[0], "1 × sqltrace/sqltracetest/sqltracetest_test.go:") {
		t.Errorf("MaxQueries(4) failed with %q, want the line of the statement sent once too", f.list)
	}
}

func TestConstant(t *testing.T) {
	tests := []struct {
		name   string
		handle func(s shop, where *string) func(context.Context)
		want   string
	}{
		{"list", func(s shop, _ *string) func(context.Context) {
			return func(ctx context.Context) { s.ids(ctx) }
		}, ""},
		{"loop", func(s shop, where *string) func(context.Context) {
			return func(ctx context.Context) { *where = s.loop(ctx) }
		}, "3 statements were sent for 2 items and 11 for 10, want as many; those that grew:\n    10 × WHERE\n         " + loopSQL},
		{"without the context", func(s shop, _ *string) func(context.Context) {
			return func(context.Context) { s.ids(s.t.Context()) }
		}, "0 statements were seen for 2 items and 0 for 10, want some: is the database traced, and the context passed on?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			f := &failures{TB: t}
			var where string
			sqltracetest.Constant(f, s.populate, tt.handle(s, &where))
			got := strings.Join(f.list, "")
			if want := strings.Replace(tt.want, "WHERE\n", where+"\n", 1); got != want {
				t.Errorf("Constant failed with %q, want %q", got, want)
			}
		})
	}
}

func TestServe(t *testing.T) {
	s := newShop(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", func(_ http.ResponseWriter, r *http.Request) { s.loop(r.Context()) })
	f := &failures{TB: t}
	serve := func(path string) func(context.Context) {
		return sqltracetest.Serve(f, mux, func() *http.Request { return httptest.NewRequest(http.MethodGet, path, nil) })
	}
	sqltracetest.Constant(f, s.populate, serve("/orders"))
	if len(f.list) != 1 || !strings.Contains(f.list[0], "10 × ") {
		t.Errorf("Constant of a handler with a loop failed with %q, want the loop", f.list)
	}
	f.list = nil
	sqltracetest.MaxQueries(f, 0, serve("/nothing"))
	if len(f.list) != 1 || !strings.Contains(f.list[0], "404") {
		t.Errorf("MaxQueries of a page that is not there failed with %q, want its status", f.list)
	}
}
