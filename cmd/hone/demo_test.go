package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/internal/testserver"
)

// report is the shape that hone demo --json promises, and nothing else.
type demoReport struct {
	Database string `json:"database"`
	Stages   []struct {
		Name              string  `json:"name"`
		Requests          int     `json:"requests"`
		Errors            int     `json:"errors"`
		P50               float64 `json:"p50_ms"`
		P95               float64 `json:"p95_ms"`
		P99               float64 `json:"p99_ms"`
		QueriesPerRequest float64 `json:"queries_per_request"`
		BytesPerRequest   float64 `json:"bytes_per_request"`
		CPUPerRequest     float64 `json:"cpu_ms_per_request"`
		Routes            []struct {
			Route             string  `json:"route"`
			Count             int     `json:"count"`
			P50               float64 `json:"p50_ms"`
			P95               float64 `json:"p95_ms"`
			P99               float64 `json:"p99_ms"`
			QueriesPerRequest float64 `json:"queries_per_request"`
			BytesPerRequest   float64 `json:"bytes_per_request"`
			HitsPerRequest    float64 `json:"hits_per_request"`
		} `json:"routes"`
	} `json:"stages"`
	Findings []demoFinding `json:"findings"`
}

type demoFinding struct {
	Rule            string  `json:"rule"`
	Route           string  `json:"route"`
	Where           string  `json:"where"`
	CountPerRequest float64 `json:"count_per_request"`
	SQL             string  `json:"sql"`
	Fix             string  `json:"fix"`
}

// demoSystems are where the demo runs, with its --database.
var demoSystems = []struct {
	name, kind string
	url        func(testing.TB) string
}{
	{"sqlite", "sqlite", func(testing.TB) string { return "" }},
	{"postgres", "postgres", testserver.Postgres},
	{"pgbouncer", "postgres", testserver.PgBouncer},
}

// demoStages are the statements per request of each route in each stage.
var demoStages = []struct {
	name                                    string
	orders, order, catalog, search, summary float64
}{
	{"as found", 51, 2, 1, 2, 4},
	{"eager loading", 2, 2, 1, 2, 4},
	{"index", 2, 2, 1, 2, 4},
	{"pages", 2, 2, 2, 2, 4},
	{"pool", 2, 2, 2, 2, 4},
	// The warm-up is as long as the load here, and asks for the same: all is
	// in the cache by then.
	{"cache", 2, 2, 0, 2, 0},
	{"response cache", 0, 2, 0, 0, 0},
	{"transfer", 0, 2, 0, 0, 0},
}

// TestDemo runs the whole job everywhere: the finding must be the true line,
// and each fix must be seen in the statements.
func TestDemo(t *testing.T) {
	t.Parallel()
	for _, system := range demoSystems {
		t.Run(system.name, func(t *testing.T) {
			t.Parallel()
			url := system.url(t)
			demo, code := finishedDemo(t, "--once", "--json", "--rate", "200", "--for", "400ms", "--orders", "8000", "--database", url)
			if code != 0 {
				t.Fatalf("hone demo = %d, stderr %s", code, demo.errs.String())
			}
			out := demo.out.String()
			var r demoReport
			dec := json.NewDecoder(strings.NewReader(out))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&r); err != nil || dec.More() {
				t.Fatalf("stdout is not exactly the promised object: %v\n%s", err, out)
			}
			if r.Database != system.kind || len(r.Findings) == 0 {
				t.Fatalf("report = %+v, want %s with findings", r, system.kind)
			}
			checkStages(t, r)
			checkTransfer(t, r)
			checkFinding(t, system.kind, r)
			checkNothingLeft(t, demo.dir, url)
		})
	}
}

func checkStages(t *testing.T, r demoReport) {
	t.Helper()
	if len(r.Stages) != len(demoStages) {
		t.Fatalf("report has %d stages, want %d", len(r.Stages), len(demoStages))
	}
	for i, want := range demoStages {
		s := r.Stages[i]
		if s.Name != want.name || s.Requests != 80 || s.Errors != 0 || s.P50 <= 0 || s.P95 < s.P50 || s.P99 < s.P95 || s.CPUPerRequest <= 0 {
			t.Errorf("stage %+v: want %q, 80 requests at 200/s for 400ms without errors, ordered percentiles and some CPU", s, want.name)
		}
		statements := map[string]float64{
			"GET /api/orders": want.orders, "GET /api/orders/{id}": want.order, "GET /api/catalog": want.catalog,
			"GET /search": want.search, "GET /{$}": 1, "GET /api/products/{id}/summary": want.summary,
		}
		count := 0
		for _, route := range s.Routes {
			count += route.Count
			if got, want := route.QueriesPerRequest, statements[route.Route]; got < want-0.05 || got > want+0.05 {
				t.Errorf("%s: statements per request of %s = %.2f, want %g", s.Name, route.Route, got, want)
			}
			if route.P50 <= 0 || route.P95 < route.P50 || route.P99 < route.P95 {
				t.Errorf("%s: %+v, want ordered percentiles", s.Name, route)
			}
		}
		if count != s.Requests {
			t.Errorf("%s: the routes have %d requests, want %d", s.Name, count, s.Requests)
		}
		for _, route := range []string{"GET /api/orders", "GET /api/catalog"} {
			if !strings.Contains(fmt.Sprint(s.Routes), "{"+route+" ") {
				t.Errorf("%s: no requests to %s", s.Name, route)
			}
		}
	}
}

// checkTransfer wants the shared routes, and no other, answered from the
// response cache in the last two stages, and shorter in the last.
func checkTransfer(t *testing.T, r demoReport) {
	t.Helper()
	if len(r.Stages) < 2 {
		t.Fatalf("report has %d stages", len(r.Stages))
	}
	last := len(r.Stages) - 1
	for i, s := range r.Stages {
		for _, route := range s.Routes {
			shared := slices.Contains([]string{"GET /api/orders", "GET /api/catalog", "GET /search"}, route.Route)
			want := 0.0
			if shared && i >= last-1 {
				want = 1
			}
			if route.HitsPerRequest < want-0.05 || route.HitsPerRequest > want {
				t.Errorf("%s: hits per request of %s = %.2f, want %g", s.Name, route.Route, route.HitsPerRequest, want)
			}
			if route.BytesPerRequest <= 0 {
				t.Errorf("%s: no bytes of %s", s.Name, route.Route)
			}
		}
	}
	if before, after := r.Stages[last-1].BytesPerRequest, r.Stages[last].BytesPerRequest; after > before/2 {
		t.Errorf("bytes per request = %.0f, then %.0f when encoded, want at most half", before, after)
	}
}

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

// TestDemoText reads what people read: the way to the database, the rows of
// each stage, and what the pool did.
func TestDemoText(t *testing.T) {
	t.Parallel()
	opening := map[string]string{
		"sqlite":    "over SQLite, embedded,\n",
		"postgres":  "over PostgreSQL, directly,\n",
		"pgbouncer": `over PostgreSQL through PgBouncer \d+\.\d+\.\d+ in transaction mode,\n`,
	}
	for _, system := range demoSystems {
		t.Run(system.name, func(t *testing.T) {
			t.Parallel()
			url := system.url(t)
			demo, code := finishedDemo(t, "--once", "--rate", "100", "--for", "600ms", "--orders", "8000", "--database", url)
			if code != 0 {
				t.Fatalf("hone demo = %d, stderr %s", code, demo.errs.String())
			}
			out := demo.out.String()
			if !regexp.MustCompile(opening[system.name]).MatchString(out) {
				t.Errorf("output does not say %q:\n%s", opening[system.name], out)
			}
			if want := regexp.MustCompile(`n\+1: GET /api/orders sends one statement 50 times per request\n` +
				`   at \S+orders\.go:\d+\n   (possible|likely|certain); .* fix saves [0-9.]+ ms\n`); !want.MatchString(out) {
				t.Errorf("output does not say how sure the n+1 is and what its fix saves:\n%s", out)
			}
			rows := func(change string) (before, after float64) { return compared(t, out, change, "rows per request") }
			if before, after := rows("eager loading"); before != 100 || after < 99 || after > 100 {
				t.Errorf("rows of the order list = %g, then %g; want 100, then one less where two orders share a customer", before, after)
			}
			if before, after := rows("index"); before != after || before < 3 {
				t.Errorf("rows of the summary = %g, then %g; want the same", before, after)
			}
			if before, after := rows("pages"); before != 1000 || after < 51 || after > 52 {
				t.Errorf("rows of the catalog = %g, then %g; want all 1000, then a page and its count", before, after)
			}
			// The load takes longer than the lifetime that the pool has as found.
			if before, _ := compared(t, out, "pool", "database connections opened"); system.kind == "postgres" && before < 1 {
				t.Errorf("connections opened before the pool stage = %g, want at least 1", before)
			}
			compared(t, out, "pool", "waits for a database connection")
			compared(t, out, "pool", "ms of waiting per request")
			checkCached(t, out)
			checkNothingLeft(t, demo.dir, url)
		})
	}
}

// checkCached wants both cached routes answered without a statement, and what
// the cache was asked.
func checkCached(t *testing.T, out string) {
	t.Helper()
	for _, route := range []string{"GET /api/catalog", "GET /api/products/{id}/summary"} {
		for label, want := range map[string]float64{
			"statements per request": 0, "cache hits per request": 1, "cache misses per request": 0, "loads per request": 0,
		} {
			if _, after := compared(t, out, "cache: "+route, label); after != want {
				t.Errorf("%s of %s in the stage cache = %g, want %g", label, route, after, want)
			}
		}
		if before, _ := compared(t, out, "cache: "+route, "statements per request"); before < 2 {
			t.Errorf("statements per request of %s before the cache = %g, want at least 2", route, before)
		}
	}
}

// compared returns the figures of a line in the comparison of a change.
func compared(t *testing.T, out, change, label string) (before, after float64) {
	t.Helper()
	_, out, _ = strings.Cut(out, "\nBefore and after\n")
	_, out, _ = strings.Cut(out, "\n   "+change)
	out, _, _ = strings.Cut(out, "\n\n")
	line := regexp.MustCompile(label + ` +([0-9.]+) +([0-9.]+)`).FindStringSubmatch(out)
	if line == nil {
		t.Fatalf("the comparison of %s has no line %q:\n%s", change, label, out)
	}
	before, err1 := strconv.ParseFloat(line[1], 64)
	after, err2 := strconv.ParseFloat(line[2], 64)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return before, after
}

func checkFinding(t *testing.T, system string, r demoReport) {
	t.Helper()
	f := r.Findings[0]
	if f.Rule != "n+1" || f.Route != "GET /api/orders" || f.CountPerRequest != 50 {
		t.Errorf("finding = %+v, want an n+1 of 50 on GET /api/orders", f)
	}
	if want := map[string]string{"sqlite": "IN ($1", "postgres": "= ANY($1)"}[system]; !strings.Contains(f.Fix, want) {
		t.Errorf("fix on %s does not contain %q:\n%s", system, want, f.Fix)
	}
	// Where the planner's costs decide, so little data may not want an index.
	indexed := slices.ContainsFunc(r.Findings, func(g demoFinding) bool {
		return g.Rule == "missing index" && strings.Contains(g.Fix, "(product_id)")
	})
	if system == "sqlite" && !indexed {
		t.Errorf("findings = %+v, want the index on product_id among them", r.Findings)
	}
	// The line named must be the line that sends the statement.
	name, number, _ := strings.Cut(f.Where, ":")
	source, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(number)
	lines := strings.Split(string(source), "\n")
	if err != nil || n < 1 || n > len(lines) || !strings.Contains(lines[n-1], f.SQL) {
		t.Errorf("where = %q, whose line does not send %q", f.Where, f.SQL)
	}
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

// greeter returns the address of a server that says something to whoever comes.
func greeter(t *testing.T, text string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.WriteString(conn, text) // fails if the client has left
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	return l.Addr().String()
}

func TestDemoRefuses(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { busy.Close() })
	mail := greeter(t, "220 mail.example ESMTP\r\n")
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		code int
		want string // in the one line of the error
	}{
		{[]string{"--rate", "0"}, 2, "--rate is 0, want more than 0"},
		{[]string{"--rate", "-5"}, 2, "--rate is -5"},
		{[]string{"--rate", "NaN"}, 2, "--rate is NaN"},
		{[]string{"--for", "0"}, 2, "--for is 0s, want 100ms to 1h"},
		{[]string{"--orders", "10"}, 2, "--orders is 10, want 1000"},
		{[]string{"--rate", "0", "--for", "0"}, 2, "; --for"},
		{[]string{"--database", "mysql://me:secret@h/d"}, 2, "--database is a mysql URL, want"},
		{[]string{"--database", "postgres://me:se%zcret@h/d"}, 2, "percent-encoded"},
		{[]string{"--database", "postgres://me:secret@127.0.0.1:1/d"}, 1, "check that the server runs"},
		{[]string{"--database", garbage}, 1, "is not an SQLite database: give another path"},
		{[]string{"--database", filepath.Join(garbage, "x.db")}, 1, "check that its folder exists"},
		{[]string{"--addr", busy.Addr().String()}, 1, "is in use: stop what listens there"},
		{[]string{"--addr", "192.0.2.1:0"}, 1, "is on no network of this machine: leave --addr out"}, // RFC 5737: nobody's
		{[]string{"--addr", "8080"}, 2, "want host:port"},
		{[]string{"--addr", "127.0.0.1:http8"}, 2, "want host:port"},
		{[]string{"--database", "host=127.0.0.1 password=secret dbname=shop"}, 2, "want postgres://"},
		{[]string{"--database", "postgres://me:secret@" + mail + "/d"}, 1, "is no PostgreSQL"},
		{[]string{"--store", "redis"}, 2, "want memory:// or redis://host:port"},
		{[]string{"--store", ""}, 2, "want memory:// or redis://host:port"},
		{[]string{"--store", "redis://"}, 2, "without a host"},
		{[]string{"--store", "redis://me:se%zcret@h"}, 2, "percent-encoded"},
		{[]string{"--store", "redis://me:secret@h:port"}, 2, "percent-encoded"},
		{[]string{"--store", "redis://me:secret@h/shop"}, 2, "--store: "},
		{[]string{"--store", "memory://here"}, 2, "--store: "},
		{[]string{"--store", "memcached://h"}, 2, "want memory:// or redis://host:port"},
		{[]string{"now"}, 2, "takes no arguments"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			t.Parallel()
			demo, code := finishedDemo(t, append([]string{"--once", "--json"}, tt.args...)...)
			errs, out := demo.errs.String(), demo.out.String()
			if code != tt.code || !strings.Contains(errs, tt.want) {
				t.Errorf("= %d, %q; want %d and %q", code, errs, tt.code, tt.want)
			}
			if last := strings.TrimSpace(demo.lastError()); strings.Contains(last, "\n") || strings.Contains(errs, "secret") || out != "" {
				t.Errorf("stdout %q, stderr %q; want nothing, and one line without the password", out, errs)
			}
			checkNothingLeft(t, demo.dir, "")
		})
	}
}
