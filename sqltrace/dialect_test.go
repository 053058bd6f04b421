package sqltrace_test

import (
	"context"
	"database/sql/driver"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/internal/sqlscan"
	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/internal/fakedriver"
)

func TestDialectOf(t *testing.T) {
	tests := []struct {
		driver driver.Driver
		want   sqltrace.Dialect
	}{
		{stdlib.GetDefaultDriver(), sqltrace.Postgres},
		{&sqlite.Driver{}, sqltrace.SQLite},
		{fakedriver.New(fakedriver.Options{}).Driver(), sqltrace.Unknown},
		{nil, sqltrace.Unknown},
	}
	for _, tt := range tests {
		if got := sqltrace.DialectOf(tt.driver); got != tt.want {
			t.Errorf("DialectOf(%T) = %q, want %q", tt.driver, got, tt.want)
		}
	}
}

func TestDialectOfPackage(t *testing.T) {
	tests := []struct {
		path string
		want sqltrace.Dialect
	}{
		{"github.com/jackc/pgx/v5/stdlib", sqltrace.Postgres},
		{"github.com/jackc/pgx/stdlib", sqltrace.Postgres},
		{"github.com/lib/pq", sqltrace.Postgres},
		{"example.com/fork/lib/pq", sqltrace.Postgres},
		{"modernc.org/sqlite", sqltrace.SQLite},
		{"github.com/mattn/go-sqlite3", sqltrace.SQLite},
		{"github.com/glebarez/go-sqlite", sqltrace.SQLite},
		{"github.com/ncruces/go-sqlite3/driver", sqltrace.SQLite},
		{"github.com/go-sql-driver/mysql", sqltrace.MySQL},
		{"github.com/microsoft/go-mssqldb", sqltrace.SQLServer},
		{"github.com/denisenkom/go-mssqldb", sqltrace.SQLServer},
		{"example.com/shop/lib/pqueue", sqltrace.Unknown},
		{"github.com/hone-go/hone/sqltrace", sqltrace.Unknown},
		{"", sqltrace.Unknown},
	}
	for _, tt := range tests {
		if got := sqltrace.DialectOfPackage(tt.path); got != tt.want {
			t.Errorf("dialectOfPackage(%q) = %q, want %q", tt.path, got, tt.want)
		}
	}
}

// The scanner has names of its own for the dialects, since it is below.
func TestDialectsAreThoseOfTheScanner(t *testing.T) {
	for ours, scanner := range map[sqltrace.Dialect]sqlscan.Dialect{
		sqltrace.Unknown: sqlscan.Unknown, sqltrace.Postgres: sqlscan.Postgres, sqltrace.SQLite: sqlscan.SQLite,
		sqltrace.MySQL: sqlscan.MySQL, sqltrace.SQLServer: sqlscan.SQLServer,
	} {
		if string(ours) != string(scanner) {
			t.Errorf("sqltrace calls a dialect %q and sqlscan %q", ours, scanner)
		}
	}
}

// $1 is PostgreSQL's placeholder, and SQLite takes it too: the driver decides
// between = ANY and IN.
func TestFixFollowsTheDriver(t *testing.T) {
	for _, given := range []sqltrace.Dialect{sqltrace.Unknown, sqltrace.Postgres} {
		tracer, err := sqltrace.New(sqltrace.Config{Dialect: given})
		if err != nil {
			t.Fatal(err)
		}
		db, err := tracer.Open("sqlite", ":memory:")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		if _, err := db.Exec("CREATE TABLE customers (id INTEGER, name TEXT)"); err != nil {
			t.Fatal(err)
		}
		var l ledger.Ledger
		l.Open(context.Background(), time.Now())
		for id := range 6 {
			var name string
			_ = db.QueryRowContext(&l, "SELECT name FROM customers WHERE id = $1", id).Scan(&name) // no rows is an answer
		}
		l.End(time.Now(), ledger.Summary{Route: "/"})
		want := "IN ("
		if given == sqltrace.Postgres {
			want = "= ANY(" // what the user says goes
		}
		if got := tracer.Findings(); len(got) != 1 || !strings.Contains(got[0].Rewritten, want) {
			t.Errorf("with Dialect %q findings = %+v, want one rewritten with %s", given, got, want)
		}
	}
}
