package hone_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/hone-go/hone"
	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/sqltrace/explain"
)

func newHone(t *testing.T) *hone.Hone {
	t.Helper()
	h, err := hone.New(hone.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func openDB(t *testing.T, h *hone.Hone, driver, url string) *sql.DB {
	t.Helper()
	db, err := h.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func openPool(t *testing.T, h *hone.Hone, url string, cfg dbpool.Config) *pgxpool.Pool {
	t.Helper()
	pool, err := h.OpenPool(t.Context(), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// A user who does nothing but open is told what PgBouncer cannot carry, and
// nothing where PostgreSQL itself is asked.
func TestUnpoolable(t *testing.T) {
	const set = "SET work_mem = '1MB'"
	opens := []struct {
		name string
		send func(t *testing.T, h *hone.Hone, url string) error
	}{
		{"Open", func(t *testing.T, h *hone.Hone, url string) error {
			_, err := openDB(t, h, "pgx", url).ExecContext(t.Context(), set)
			return err
		}},
		{"OpenPool", func(t *testing.T, h *hone.Hone, url string) error {
			_, err := openPool(t, h, url, dbpool.Config{}).Exec(t.Context(), set)
			return err
		}},
		{"OpenDB on OpenPool", func(t *testing.T, h *hone.Hone, url string) error {
			db := dbpool.OpenDB(openPool(t, h, url, dbpool.Config{}))
			defer db.Close()
			_, err := db.ExecContext(t.Context(), set)
			return err
		}},
	}
	for _, tt := range opens {
		h := newHone(t)
		if err := tt.send(t, h, testserver.Postgres(t)); err != nil {
			t.Fatal(err)
		}
		if got := h.Unpoolable(); len(got) != 0 {
			t.Errorf("%s to PostgreSQL itself: Unpoolable = %+v, want none", tt.name, got)
		}
		if err := tt.send(t, h, testserver.PgBouncer(t)); err != nil {
			t.Fatal(err)
		}
		got := h.Unpoolable()
		if len(got) != 1 || got[0].Feature != "SET" || got[0].Count != 1 || !strings.HasPrefix(got[0].Where, "database_test.go:") {
			t.Errorf("%s to PgBouncer: Unpoolable = %+v, want one SET in this file", tt.name, got)
		}
		sent := int64(0)
		for _, s := range h.SQL().Statements() {
			if strings.HasPrefix(s.SQL, "SET") {
				sent += s.Count
			}
		}
		if sent != 2 {
			t.Errorf("%s: %d statements traced, want each of 2 once", tt.name, sent)
		}
	}
}

// pgx's registered configurations have names that are no URLs.
func TestOpenOfARegisteredConfiguration(t *testing.T) {
	cfg, err := pgx.ParseConfig(testserver.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	name := stdlib.RegisterConnConfig(cfg)
	defer stdlib.UnregisterConnConfig(name)
	if err := openDB(t, newHone(t), "pgx", name).PingContext(t.Context()); err != nil {
		t.Error(err)
	}
}

// The wait for a connection is in the measurement of the request that waited.
func TestWaitReachesTheRequest(t *testing.T) {
	h := newHone(t)
	pool := openPool(t, h, testserver.Postgres(t), dbpool.Config{Size: 1})
	db := dbpool.OpenDB(pool)
	defer db.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pgx", func(_ http.ResponseWriter, r *http.Request) {
		if _, err := pool.Exec(r.Context(), "SELECT 1"); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /sql", func(_ http.ResponseWriter, r *http.Request) {
		if _, err := db.ExecContext(r.Context(), "SELECT 1"); err != nil {
			t.Error(err)
		}
	})
	handler := h.Handler(mux)
	const held = 50 * time.Millisecond
	for _, path := range []string{"/pgx", "/sql"} {
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(held, conn.Release)
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	series := h.Measure().Snapshot().Series
	if len(series) != 2 {
		t.Fatalf("series = %d, want one for each route", len(series))
	}
	for _, s := range series {
		if s.Total.SQLWait < held*9/10 || s.Total.Statements != 1 {
			t.Errorf("%s: wait %v for %d statements, want %v for 1", s.Route, s.Total.SQLWait, s.Total.Statements, held)
		}
	}
}

func TestOpenPoolKeepsThePassword(t *testing.T) {
	_, err := newHone(t).OpenPool(t.Context(), "postgres://shop:hush1hush%zz@db/shop", dbpool.Config{})
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("OpenPool of a bad URL = %v, want an error without the password", err)
	}
}

// Index advice waits while one of the pools is busy, whichever it is.
func TestBusyHoldsTheAdviserBack(t *testing.T) {
	h := newHone(t)
	database := testserver.Postgres(t)
	db := openDB(t, h, "pgx", database)
	db.SetMaxOpenConns(1)
	pool := openPool(t, h, database, dbpool.Config{Size: 1})
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (i int)"); err != nil {
		t.Fatal(err)
	}
	adviser, err := explain.Open("pgx", database, explain.Config{Busy: h.Busy, Pace: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer adviser.Close()
	adviser.Observe("SELECT i FROM t WHERE i = $1", []any{1}, time.Second)
	waiting := func(busy string, want int) {
		t.Helper()
		if err := adviser.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := adviser.Report().Waiting; got != want {
			t.Errorf("statements not explained with %s busy = %d, want %d", busy, got, want)
		}
	}
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waiting("the pgxpool", 1)
	conn.Release()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	waiting("the sql.DB", 1)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	waiting("neither", 0)
}
