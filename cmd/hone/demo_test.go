package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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
		CPUPerRequest     float64 `json:"cpu_ms_per_request"`
		Routes            []struct {
			Route             string  `json:"route"`
			Count             int     `json:"count"`
			P50               float64 `json:"p50_ms"`
			P95               float64 `json:"p95_ms"`
			P99               float64 `json:"p99_ms"`
			QueriesPerRequest float64 `json:"queries_per_request"`
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

// queries returns the statements per request of the order list in a stage.
func (r demoReport) queries(t *testing.T, stage int) float64 {
	t.Helper()
	for _, route := range r.Stages[stage].Routes {
		if route.Route == "GET /api/orders" {
			return route.QueriesPerRequest
		}
	}
	t.Fatalf("stage %d has no GET /api/orders", stage)
	return 0
}

// demoTemp gives the demo a temporary folder of its own and lets it start this
// test binary as hone load.
func demoTemp(t *testing.T) (dir string) {
	dir = t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("HONE_TEST_MAIN", "1")
	return dir
}

// TestDemo runs the whole job on both databases: the finding must be the true
// line, and the fix must be seen to help.
func TestDemo(t *testing.T) {
	for _, system := range []string{"sqlite", "postgres"} {
		t.Run(system, func(t *testing.T) {
			dir := demoTemp(t)
			args := []string{"demo", "--once", "--json", "--rate", "60", "--for", "1s", "--orders", "8000"}
			url := ""
			if system == "postgres" {
				url = testserver.Postgres(t)
				args = append(args, "--database", url)
			}
			code, out, errs := hone(t.Context(), args...)
			if code != 0 {
				t.Fatalf("hone %q = %d, stderr %s", args, code, errs)
			}
			var r demoReport
			dec := json.NewDecoder(strings.NewReader(out))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&r); err != nil || dec.More() {
				t.Fatalf("stdout is not exactly the promised object: %v\n%s", err, out)
			}
			if r.Database != system || len(r.Stages) != 5 || len(r.Findings) == 0 {
				t.Fatalf("report = %+v, want %s with five stages and findings", r, system)
			}
			if before, after := r.queries(t, 0), r.queries(t, 1); before < 50 || before > 52 || after < 1 || after > 3 {
				t.Errorf("statements per request of the order list = %.1f, then %.1f; want about 51, then at most 3", before, after)
			}
			for _, s := range r.Stages {
				if s.Requests != 60 || s.Errors != 0 || s.P50 <= 0 || s.P95 < s.P50 || s.P99 < s.P95 || s.CPUPerRequest <= 0 {
					t.Errorf("stage %+v: want 60 requests at 60/s for 1s without errors, ordered percentiles and some CPU", s)
				}
			}
			checkFinding(t, system, r)
			if left := leftovers(t, dir); len(left) > 0 {
				t.Errorf("left behind in the temporary folder: %q", left)
			}
			if url != "" {
				checkSchemas(t, url)
			}
		})
	}
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

func checkSchemas(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var left int
	err = conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'hone%'`).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("schemas left behind = %d, %v, want 0", left, err)
	}
}

// cancelOn cancels once text has been written.
type cancelOn struct {
	bytes.Buffer
	text   string
	cancel context.CancelFunc
}

func (c *cancelOn) Write(b []byte) (int, error) {
	n, err := c.Buffer.Write(b)
	if strings.Contains(c.String(), c.text) {
		c.cancel()
	}
	return n, err
}

// TestDemoInterrupted breaks the demo off in each of its phases.
func TestDemoInterrupted(t *testing.T) {
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
			dir := demoTemp(t)
			// Without its end the demo would serve for ever.
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			out := &cancelOn{text: tt.text, cancel: cancel}
			var errs bytes.Buffer
			code := run(ctx, []string{"demo", "--rate", "60", "--for", "500ms", "--orders", "8000"}, strings.NewReader(""), out, &errs)
			if ctx.Err() == context.DeadlineExceeded {
				t.Errorf("the demo never printed %q", tt.text)
			}
			if code != tt.code {
				t.Errorf("exit status = %d, want %d; stderr %s", code, tt.code, errs.String())
			}
			if left := leftovers(t, dir); len(left) > 0 {
				t.Errorf("left behind in the temporary folder: %q", left)
			}
		})
	}
}

func TestDemoRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
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
		{[]string{"--addr", "8080"}, 2, "want host:port"},
		{[]string{"--addr", "127.0.0.1:http8"}, 2, "want host:port"},
		{[]string{"--store", "redis"}, 2, "want memory:// or redis://host:port"},
		{[]string{"now"}, 2, "takes no arguments"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			dir := demoTemp(t)
			code, out, errs := hone(t.Context(), append([]string{"demo", "--once", "--json"}, tt.args...)...)
			if code != tt.code || !strings.Contains(errs, tt.want) {
				t.Errorf("= %d, %q; want %d and %q", code, errs, tt.code, tt.want)
			}
			last := strings.TrimSpace(errs[strings.LastIndex(errs, "hone:"):])
			if strings.Contains(last, "\n") || strings.Contains(errs, "secret") || out != "" {
				t.Errorf("stdout %q, stderr %q; want nothing, and one line without the password", out, errs)
			}
			if left := leftovers(t, dir); len(left) > 0 {
				t.Errorf("left behind in the temporary folder: %q", left)
			}
		})
	}
}
