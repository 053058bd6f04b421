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
			t.Errorf("dialectOf(%T) = %q, want %q", tt.driver, got, tt.want)
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
