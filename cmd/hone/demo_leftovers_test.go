package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/internal/testserver"
)

// checkNothingLeft looks for files in the temporary folder and for tables and
// schemas in the database.
func checkNothingLeft(t *testing.T, dir, database string) {
	t.Helper()
	if left := leftovers(t, dir); len(left) > 0 {
		t.Errorf("left behind in the temporary folder: %q", left)
	}
	if database == "" {
		return
	}
	var left []string
	err := direct(t, database).QueryRow(t.Context(), `SELECT array(
		SELECT nspname FROM pg_namespace WHERE nspname LIKE 'hone%'
		UNION ALL SELECT relname FROM pg_class WHERE oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace)`).Scan(&left)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind in the database: %q, %v, want nothing", left, err)
	}
}

// direct connects to a database on PostgreSQL itself.
func direct(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testserver.Direct(t, database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	// A first run of the test binary as hone load may leave Go's own caches.
	return slices.DeleteFunc(left, func(p string) bool { return strings.HasPrefix(filepath.Base(p), "go-build") })
}

// TestDemoInterrupted breaks the demo off in each of its phases.
func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		phase, text string
		code        int
	}{
		{"loading", "Each stage", 1},
		{"second stage", "n+1", 1},
		{"serving", "goes on serving", 0},
	}
	for _, tt := range tests {
		t.Run(tt.phase, func(t *testing.T) {
			t.Parallel()
			demo := startDemo(t, "--rate", "100", "--for", "300ms", "--orders", "8000")
			demo.await(t, tt.text)
			if code := demo.interrupt(t); code != tt.code {
				t.Errorf("exit status = %d, want %d; stderr %s", code, tt.code, demo.errs.String())
			}
			checkNothingLeft(t, demo.dir, "")
		})
	}
}

// TestDemoCannotClean builds something on the demo's tables, which it then may
// not drop: it must not say that nothing was left behind.
func TestDemoCannotClean(t *testing.T) {
	t.Parallel()
	url := testserver.PgBouncer(t)
	conn := direct(t, url)
	demo := startDemo(t, "--rate", "20", "--for", "1m", "--orders", "1000", "--database", url)
	demo.await(t, "Each stage")
	if _, err := conn.Exec(t.Context(), `CREATE VIEW mine AS SELECT id FROM orders`); err != nil {
		t.Fatal(err)
	}
	if code, got := demo.interrupt(t), demo.lastError(); code != 1 || strings.Count(got, "\n") != 1 ||
		!strings.Contains(got, "its tables are left in the database") || !strings.Contains(got, "drop those first") {
		t.Errorf("hone demo = %d, %s, want 1, that tables are left and why", code, got)
	}
	checkNothingLeft(t, demo.dir, "")
}
