package sqltrace_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/hone-go/hone/sqltrace"
)

func only(t *testing.T, tr *sqltrace.Tracer, rule sqltrace.Rule) sqltrace.Finding {
	t.Helper()
	found := tr.Findings()
	if len(found) != 1 || found[0].Rule != rule {
		t.Fatalf("Findings() = %+v, want one of rule %q", found, rule)
	}
	return found[0]
}

// The first request that shows a mistake names its line.
func TestHazardsHaveTheirLineAtOnce(t *testing.T) {
	const query = "SELECT name FROM t"
	tests := []struct {
		name string
		cfg  sqltrace.Config
		rule sqltrace.Rule
		play func(ctx context.Context, db *sql.DB) (where string)
	}{
		{"whole table", sqltrace.Config{MaxRows: 2}, sqltrace.RuleWholeTable, func(ctx context.Context, db *sql.DB) (where string) {
			where = here(1)
			rows, err := db.QueryContext(ctx, query)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
			}
			if err := rows.Err(); err != nil {
				t.Error(err)
			}
			return where
		}},
		{"whole table, its statement sent from elsewhere before", sqltrace.Config{MaxRows: 2}, sqltrace.RuleWholeTable, func(ctx context.Context, db *sql.DB) (where string) {
			request(func(ctx context.Context) { names(t, ctx, db, "LIMIT ?", 1) })
			where = here(1)
			all := func() { names(t, ctx, db, "LIMIT ?", 3) }
			all()
			return where
		}},
		{"rows left open", sqltrace.Config{}, sqltrace.RuleRowsOpen, func(ctx context.Context, db *sql.DB) (where string) {
			where = here(1)
			rows, err := db.QueryContext(ctx, query)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { rows.Close() })
			return where
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db, tr := openNamesWith(t, tt.cfg)
			var where string
			request(func(ctx context.Context) { where = tt.play(ctx, db) })
			f := only(t, tr, tt.rule)
			if at := f.Where; at != where && f.Caller != where || f.Requests != 1 {
				t.Errorf("finding is at %s, called at %s, in %d requests, want %s in one", at, f.Caller, f.Requests, where)
			}
		})
	}
}

// names reads the names of t.
func names(t *testing.T, ctx context.Context, db *sql.DB, tail string, args ...any) {
	t.Helper()
	rows, err := db.QueryContext(ctx, "SELECT name FROM t "+tail, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}

func TestRowsLeftOpen(t *testing.T) {
	db, tr := openNames(t)
	for range 2 {
		var rows *sql.Rows
		request(func(ctx context.Context) {
			var err error
			if rows, err = db.QueryContext(ctx, "SELECT name FROM t"); err != nil {
				t.Fatal(err)
			}
		})
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if f := only(t, tr, sqltrace.RuleRowsOpen); f.MaxPerRequest != 1 || !strings.HasPrefix(f.Where, thisFile()) || f.Call != "sql.(*DB).QueryContext" {
		t.Errorf("finding = %+v, want one at the query in this file", f)
	}
}

// openNames returns a traced database with a table t of three names.
func openNames(t *testing.T) (*sql.DB, *sqltrace.Tracer) {
	t.Helper()
	return openNamesWith(t, sqltrace.Config{})
}

func openNamesWith(t *testing.T, cfg sqltrace.Config) (*sql.DB, *sqltrace.Tracer) {
	t.Helper()
	tr := newTracerWith(t, cfg)
	db, err := tr.Open("sqlite", "file:"+t.TempDir()+"/t.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec("CREATE TABLE t (name TEXT); INSERT INTO t VALUES ('a'), ('b'), ('c')"); err != nil {
		t.Fatal(err)
	}
	return db, tr
}
