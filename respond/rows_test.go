package respond_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/respond"
)

func saleColumns(s *sale) []any { return []any{&s.ID, &s.Name, &s.Price} }

func openSQLite(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "sales.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

const sqliteSales = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
	SELECT i, 'oak ' || i, i / 2.0 FROM n`

func TestScanSQL(t *testing.T) {
	db := openSQLite(t)
	rows, err := db.Query(sqliteSales)
	if err != nil {
		t.Fatal(err)
	}
	next := int64(0)
	for s, err := range respond.Scan(rows, saleColumns) {
		if err != nil || s.ID != next || s.Price != float64(next)/2 {
			t.Fatalf("row %d = %v, %v", next, s, err)
		}
		next++
	}
	if next != 1000 || db.Stats().InUse != 0 {
		t.Errorf("rows = %d with %d connections in use, want 1000 and 0", next, db.Stats().InUse)
	}
}

func TestScanStoppedClosesTheRows(t *testing.T) {
	db := openSQLite(t)
	rows, err := db.Query(sqliteSales)
	if err != nil {
		t.Fatal(err)
	}
	for range respond.Scan(rows, saleColumns) {
		break
	}
	if n := db.Stats().InUse; n != 0 {
		t.Errorf("connections in use = %d, want 0", n)
	}
}

func TestScanErrors(t *testing.T) {
	db := openSQLite(t)
	rows, err := db.Query("SELECT 1, 'oak', 'no number'")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range respond.Scan(rows, saleColumns) {
		if n++; err == nil || !strings.Contains(err.Error(), "no number") {
			t.Errorf("err = %v, want that of Scan", err)
		}
	}
	if n != 1 || db.Stats().InUse != 0 {
		t.Errorf("yields = %d with %d connections in use, want 1 and 0", n, db.Stats().InUse)
	}
}

// A query that fails after its first rows fails the stream, and pgx's
// connection goes back to the pool.
func TestScanPGX(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), testserver.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	told := make(chan error, 1)
	csv := newCSV(t, respond.CSVConfig{Stream: respond.StreamConfig{OnError: func(_ *http.Request, err error) { told <- err }}})
	export := func(divisor string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			rows, err := pool.Query(r.Context(), "SELECT i, 'oak', (10000 / "+divisor+")::float8 FROM generate_series(0, 9999) i",
				pgx.QueryExecModeSimpleProtocol)
			if err != nil {
				respond.Error(w, r, err)
				return
			}
			_ = csv.Serve(w, r, respond.Scan(rows, saleColumns))
		}
	}
	resp, body, err := get(t, serve(t, false, export("(i + 1)")))
	if err != nil || resp.Trailer.Get("X-Rows") != "10000" || strings.Count(body, "\r\n") != 10_001 {
		t.Errorf("export = %d lines, trailer %q, %v, want 10001", strings.Count(body, "\r\n"), resp.Trailer.Get("X-Rows"), err)
	}
	if _, _, err := get(t, serve(t, false, export("(9000 - i)"))); err == nil {
		t.Error("an export that fails in row 9001 ended well")
	}
	if err := <-told; !strings.Contains(err.Error(), "division by zero") || errors.Is(err, context.Canceled) {
		t.Errorf("OnError got %v, want the division", err)
	}
	if n := pool.Stat().AcquiredConns(); n != 0 {
		t.Errorf("connections in use = %d, want 0", n)
	}
}
