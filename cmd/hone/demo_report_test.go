package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// demoReport is the shape that hone demo --json promises, and nothing else.
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
		Abuse             *struct {
			Requests          int     `json:"requests"`
			Admitted          int     `json:"admitted"`
			Refused           int     `json:"refused"`
			AdmittedPerSecond float64 `json:"admitted_per_second"`
		} `json:"abuse"`
		Routes []struct {
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

// A demoStage has the statements per request of each route. Where a client
// guesses passwords, which takes seconds, the lives of entries may end: then the
// statements may be more, and the hits fewer.
type demoStage struct {
	name                                    string
	orders, order, catalog, search, summary float64
	abused                                  bool
}

var demoStages = []demoStage{
	{"as found", 51, 2, 1, 2, 4, false},
	{"eager loading", 2, 2, 1, 2, 4, false},
	{"index", 2, 2, 1, 2, 4, false},
	{"pages", 2, 2, 2, 2, 4, false},
	{"pool", 2, 2, 2, 2, 4, false},
	// The warm-up is as long as the load here, and asks for the same: all is
	// in the cache by then.
	{"cache", 2, 2, 0, 2, 0, false},
	{"response cache", 0, 2, 0, 0, 0, false},
	{"transfer", 0, 2, 0, 0, 0, false},
	{"abuse", 0, 2, 0, 0, 0, true},
	{"rate limit", 0, 2, 0, 0, 0, true},
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
			if got, want := route.QueriesPerRequest, statements[route.Route]; got < want-0.05 || got > want+0.05 && !demoStages[i].abused {
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

// checkAbuse wants a client that guesses passwords in the last two stages: all
// of its seven guesses looked at in the first, five in the second.
func checkAbuse(t *testing.T, r demoReport) {
	t.Helper()
	for i, s := range r.Stages {
		a := s.Abuse
		switch len(r.Stages) - i {
		case 2:
			if a == nil || a.Requests != 7 || a.Admitted != 7 || a.Refused != 0 || a.AdmittedPerSecond != 17.5 {
				t.Errorf("%s: %+v, want 7 guesses in 400ms, all looked at", s.Name, a)
			}
		case 1:
			if a == nil || a.Requests != 7 || a.Admitted != 5 || a.Refused != 2 || a.AdmittedPerSecond != 12.5 {
				t.Errorf("%s: %+v, want 7 guesses, of which 5 are looked at", s.Name, a)
			}
		default:
			if a != nil {
				t.Errorf("%s: %+v, want no abuse", s.Name, a)
			}
		}
	}
}

// checkTransfer wants the shared routes, and no other, answered from the
// response cache from that stage on, and shorter from the stage transfer on.
func checkTransfer(t *testing.T, r demoReport) {
	t.Helper()
	named := func(name string) int {
		return slices.IndexFunc(demoStages, func(s demoStage) bool { return s.name == name })
	}
	kept, shorter := named("response cache"), named("transfer")
	for i, s := range r.Stages {
		for _, route := range s.Routes {
			shared := slices.Contains([]string{"GET /api/orders", "GET /api/catalog", "GET /search"}, route.Route)
			want := 0.0
			if shared && i >= kept {
				want = 1
			}
			if route.HitsPerRequest < want-0.05 && !demoStages[i].abused || route.HitsPerRequest > want {
				t.Errorf("%s: hits per request of %s = %.2f, want %g", s.Name, route.Route, route.HitsPerRequest, want)
			}
			if route.BytesPerRequest <= 0 {
				t.Errorf("%s: no bytes of %s", s.Name, route.Route)
			}
		}
	}
	if before, after := r.Stages[kept].BytesPerRequest, r.Stages[shorter].BytesPerRequest; after > before/2 {
		t.Errorf("bytes per request = %.0f, then %.0f when encoded, want at most half", before, after)
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
