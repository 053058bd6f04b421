package page_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/page"
)

// testKeys are those of every test that does not look at keys.
var testKeys = []page.Key{{ID: "k1", Secret: []byte("0123456789abcdef0123456789abcdef")}}

// databases are those that a test of SQL runs on.
var databases = []struct {
	name    string
	dialect page.Dialect
	open    func(testing.TB) *sql.DB
}{
	{"SQLite", page.SQLite, openSQLite},
	{"PostgreSQL", page.Postgres, openPostgres},
	{"MySQL", page.MySQL, openMySQL},
	{"MySQL, interpolated", page.MySQL, openInterpolated},
}

// placeholder returns the n-th of a statement.
func placeholder(dialect page.Dialect, n int) string {
	if dialect == page.Postgres {
		return fmt.Sprint("$", n)
	}
	return "?"
}

func openSQLite(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // each connection has a memory of its own
	t.Cleanup(func() { db.Close() })
	return db
}

func openPostgres(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", testserver.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func openMySQL(t testing.TB) *sql.DB { return openDSN(t, testserver.MySQL(t)) }

// openInterpolated opens a MySQL whose driver writes the arguments into the
// text.
func openInterpolated(t testing.TB) *sql.DB {
	t.Helper()
	return openDSN(t, testserver.MySQL(t)+"&interpolateParams=true")
}

func openDSN(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func exec(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// queryInts returns the first column of a query's rows.
func queryInts(t testing.TB, db *sql.DB, query string, args ...any) []int {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%s with %v: %v", query, args, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var ints []int
	into := make([]any, len(columns))
	for i := range into {
		into[i] = new(any)
	}
	for rows.Next() {
		var n int
		into[0] = &n
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		ints = append(ints, n)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return ints
}

func parseQuery(t testing.TB, query string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// rels returns the links of a Link header by relation.
func rels(t testing.TB, header string) map[string]*url.URL {
	t.Helper()
	all := make(map[string]*url.URL)
	for link := range strings.SplitSeq(header, ", ") {
		target, rel, ok := strings.Cut(strings.TrimPrefix(link, "<"), `>; rel="`)
		if !ok {
			t.Fatalf("link %q is malformed", link)
		}
		u, err := url.Parse(target)
		if err != nil {
			t.Fatalf("link %q: %v", link, err)
		}
		all[strings.TrimSuffix(rel, `"`)] = u
	}
	return all
}

// refusal describes an error for a table: parameter, status and text.
func refusal(err error) string {
	var p *page.ParamError
	if !errors.As(err, &p) {
		return fmt.Sprintf("not a ParamError: %v", err)
	}
	return fmt.Sprint(p.HTTPStatus(), " ", p)
}
