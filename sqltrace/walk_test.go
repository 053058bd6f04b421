package sqltrace_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/sqltrace"
)

// openTree returns a traced database with a chain of twenty nodes, each the
// parent of the next, and items of a tenant that refer to nothing.
func openTree(t *testing.T) (*sql.DB, *sqltrace.Tracer) {
	t.Helper()
	db, tr := openNames(t)
	_, err := db.Exec(`
		CREATE TABLE nodes (id INTEGER PRIMARY KEY, up INTEGER NOT NULL, name TEXT, active BOOL);
		CREATE TABLE named (name TEXT PRIMARY KEY, up TEXT NOT NULL);
		CREATE TABLE items (tenant INTEGER, id INTEGER, weight INTEGER)`)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 20; i++ {
		_, err := db.Exec(`
			INSERT INTO nodes VALUES (?1, ?1 - 1, 'node', 1);
			INSERT INTO named VALUES ('node ' || ?1, 'node ' || (?1 - 1));
			INSERT INTO items VALUES (7, ?1, 100 - ?1)`, i)
		if err != nil {
			t.Fatal(err)
		}
	}
	return db, tr
}

// up returns the parent of a node.
func up[K any](t *testing.T, ctx context.Context, db *sql.DB, query string, args ...any) (parent K) {
	t.Helper()
	if err := db.QueryRowContext(ctx, query, args...).Scan(&parent); err != nil {
		t.Error(err)
	}
	return parent
}

func TestWalkIsFoundByTheRowsBefore(t *testing.T) {
	const (
		byID   = "SELECT up FROM nodes WHERE id = ?"
		byName = "SELECT up FROM named WHERE name = ?"
		weight = "SELECT weight, tenant FROM items WHERE tenant = ? AND id = ?"
	)
	tests := []struct {
		name string
		play func(ctx context.Context, db *sql.DB)
		want string
	}{
		{"to the root", func(ctx context.Context, db *sql.DB) {
			for id := int64(12); id != 0; {
				id = up[int64](t, ctx, db, byID, id)
			}
		}, "[recursive walk likely]"},
		{"by names", func(ctx context.Context, db *sql.DB) {
			for name := "node 12"; name != "node 0"; {
				name = up[string](t, ctx, db, byName, name)
			}
		}, "[recursive walk likely]"},
		{"from each node of a list", func(ctx context.Context, db *sql.DB) {
			for start := range int64(6) {
				for id := start + 3; id != start; {
					id = up[int64](t, ctx, db, byID, id)
				}
			}
		}, "[recursive walk likely]"},
		{"a list's keys, backwards", func(ctx context.Context, db *sql.DB) {
			for id := 1; id < 15; id++ {
				up[int64](t, ctx, db, byID, id)
			}
		}, "[n+1 possible]"},
		{"a tenant's items", func(ctx context.Context, db *sql.DB) {
			for id := 1; id < 15; id++ {
				var weight_, tenant int64
				if err := db.QueryRowContext(ctx, weight, 7, id).Scan(&weight_, &tenant); err != nil {
					t.Error(err)
				}
			}
		}, "[n+1 possible]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db, tr := openTree(t)
			request(func(ctx context.Context) { tt.play(ctx, db) })
			var got []string
			for _, f := range tr.Findings() {
				got = append(got, f.Rule, string(f.Confidence))
			}
			if fmt.Sprint(got) != tt.want {
				t.Errorf("Findings() = %v, want %s", got, tt.want)
			}
		})
	}
}

// The fix must be a statement that runs.
func TestWalkFixWalks(t *testing.T) {
	db, tr := openTree(t)
	if _, err := db.Exec("ALTER TABLE nodes RENAME COLUMN up TO parent_id"); err != nil {
		t.Fatal(err)
	}
	request(func(ctx context.Context) {
		for id := int64(12); id != 0; {
			var name string
			if err := db.QueryRowContext(ctx, "SELECT name, parent_id FROM nodes WHERE id = ?", id).Scan(&name, &id); err != nil {
				t.Fatal(err)
			}
		}
	})
	f := only(t, tr, sqltrace.RuleWalk)
	from, to := strings.Index(f.Fix, "WITH RECURSIVE"), strings.Index(f.Fix, "\n\nWhere rows")
	if from < 0 || to < from {
		t.Fatalf("Fix = %s, want a WITH RECURSIVE", f.Fix)
	}
	var n, root int
	query := "SELECT count(*), min(id) FROM (" + f.Fix[from:to] + ")"
	if err := db.QueryRow(query, 12).Scan(&n, &root); err != nil || n != 12 || root != 1 {
		t.Errorf("%s\nreturned %d rows to node %d, %v, want 12 to node 1", f.Fix[from:to], n, root, err)
	}
}
