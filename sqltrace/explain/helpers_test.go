package explain_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/sqltrace/explain"
)

// database is a test's own database and how to open it again.
type database struct {
	*sql.DB
	driver, dsn string
}

func openSQLite(t testing.TB) *database {
	t.Helper()
	return open(t, "sqlite", filepath.Join(t.TempDir(), "test.db"))
}

func openPostgres(t testing.TB) *database {
	t.Helper()
	return open(t, "pgx", testserver.Postgres(t))
}

// openHypoPG opens a PostgreSQL database with the extension hypopg. What is
// said on a server without it has tests of its own.
func openHypoPG(t testing.TB) *database {
	t.Helper()
	db := openPostgres(t)
	testserver.HypoPG(t, db.dsn)
	return db
}

func open(t testing.TB, driver, dsn string) *database {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return &database{db, driver, dsn}
}

func (db *database) exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// with returns a PostgreSQL URL with one more parameter.
func with(t testing.TB, dsn, key, value string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// adviser opens an Adviser on the database, without a pace and for small
// tables.
func (db *database) adviser(t testing.TB, cfg explain.Config) *explain.Adviser {
	t.Helper()
	if cfg.Pace == 0 {
		cfg.Pace = -1
	}
	if cfg.MinRows == 0 {
		cfg.MinRows = 500
	}
	if cfg.StatementTimeout == 0 {
		cfg.StatementTimeout = 10 * time.Second // the machine may be busy
	}
	a, err := explain.Open(db.driver, db.dsn, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return a
}

// query is a statement and its arguments.
type query struct {
	sql  string
	args []any
}

// advise observes the statements and returns the report on them.
func (db *database) advise(t testing.TB, cfg explain.Config, queries ...query) explain.Report {
	t.Helper()
	a := db.adviser(t, cfg)
	for _, q := range queries {
		a.Observe(q.sql, q.args, 10*time.Millisecond)
	}
	if err := a.Pass(t.Context()); err != nil {
		t.Fatalf("Pass() = %v", err)
	}
	return a.Report()
}

// summary writes a report as one line for each thing in it.
func summary(r explain.Report) string {
	var b strings.Builder
	for _, ad := range r.Advice {
		fmt.Fprintf(&b, "%s: %s [%t]\n", ad.Kind, ad.SQL, ad.Validated)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "skipped: %s\n", s.Why)
	}
	return b.String()
}
