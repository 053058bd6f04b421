package shop_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hone-go/hone/examples/shop/internal/shoptest"
)

// Every test starts its shop on every system, but for those that are about what
// one of them does.
func TestOnEverySystem(t *testing.T) {
	shoptest.OnEverySystem(t, map[string]string{
		"fixtureAt":                     "opens the database of the system that it is given",
		"eachOf":                        "makes a database for each version where one does not hold them all",
		"TestExportIsCut":               "only SQLite takes text for a number: the others change the column first",
		"TestFiftyClientsOnFiveServers": "is about what PgBouncer has from many clients",
		"TestChangedBehindTheShop":      "only PostgreSQL itself tells of changes: TestWatchRefuses has the others",
		"TestWatchRefuses":              "is about where TestChangedBehindTheShop does not work",
		"Example":                       "is read before it is run, and needs nothing but itself",
	})
}

func TestRoutes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		want := []string{
			"GET /api/catalog", "GET /api/export.csv", "GET /api/orders", "GET /api/orders/{id}",
			"GET /api/products/{id}/summary", "GET /health", "GET /search", "GET /{$}",
			"POST /api/login", "POST /api/orders", "PUT /api/products/{id}",
		}
		if got := slices.Sorted(slices.Values(f.Routes())); !reflect.DeepEqual(got, want) {
			t.Errorf("Routes() = %q, want %q", got, want)
		}
		want = []string{"GET /api/catalog", "GET /api/orders", "GET /api/export.csv"}
		if f.cache != nil {
			want = slices.Insert(want, 2, "GET /api/products/{id}/summary")
		}
		if got := f.Tunable(); !reflect.DeepEqual(got, want) {
			t.Errorf("Tunable() = %q, want %q", got, want)
		}
	})
}

// A middleware around the shop sees the pattern that the mux has set.
func TestPatternIsVisibleOutside(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for target, want := range map[string]string{
			"/": "GET /{$}", "/api/orders/3": "GET /api/orders/{id}", "/nowhere": "",
		} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", target, nil)
			f.Handler().ServeHTTP(httptest.NewRecorder(), r)
			if r.Pattern != want {
				t.Errorf("Pattern after GET %s = %q, want %q", target, r.Pattern, want)
			}
		}
	})
}

func TestTuneRefuses(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, pattern := range []string{"GET /health", "GET /nowhere", "/api/orders", ""} {
			err := f.Tune(pattern)
			if err == nil {
				t.Errorf("Tune(%q) succeeded", pattern)
				continue
			}
			for _, tunable := range f.Tunable() {
				if !strings.Contains(err.Error(), tunable) {
					t.Errorf("Tune(%q) = %q, want it to name %q", pattern, err, tunable)
				}
			}
		}
	})
}

// Tuning under load loses no request and changes no answer.
func TestTuneUnderLoad(t *testing.T) {
	eachSystem(t, asFound, func(t *testing.T, f *fixture) {
		want := f.do(t.Context(), "GET", "/api/orders", "").Body.String()
		var clients sync.WaitGroup
		for range 4 {
			clients.Go(func() {
				for range 20 {
					w := f.do(t.Context(), "GET", "/api/orders", "")
					if w.Code != http.StatusOK || w.Body.String() != want {
						t.Errorf("GET /api/orders = %d with a different body", w.Code)
					}
				}
			})
		}
		for range 2 { // the second time it is tuned already
			if err := f.Tune("GET /api/orders"); err != nil {
				t.Error(err)
			}
		}
		clients.Wait()
	})
}

// Whatever the system and the version, the same request gets the same bytes.
func TestAnswersAreIdentical(t *testing.T) {
	targets := []string{
		"/api/orders", "/api/orders?before=111", "/api/orders?before=7", "/api/orders?before=1",
		"/api/orders/1", "/api/orders/160", "/api/products/1/summary", "/api/products/40/summary",
		"/api/export.csv", "/search?q=la", "/search?q=%25", "/search?q=BERGSTR%C3%96M",
	}
	var mu sync.Mutex
	want := make(map[string]string) // from whichever version comes first
	each(t, func(t *testing.T, f *fixture) {
		for _, target := range targets {
			w := f.do(t.Context(), "GET", target, "")
			got := w.Result().Status + " " + w.Header().Get("Content-Type") + "\n" + w.Body.String()
			if w.Code != http.StatusOK {
				t.Errorf("GET %s = %s", target, got)
			}
			mu.Lock()
			if want[target] == "" {
				want[target] = got
			}
			if got != want[target] {
				t.Errorf("GET %s differs between versions:\n%.300s\nand\n%.300s", target, got, want[target])
			}
			mu.Unlock()
		}
	})
}

func TestServedOverTCP(t *testing.T) {
	eachSystem(t, asTuned, func(t *testing.T, f *fixture) {
		server := httptest.NewServer(f.Handler())
		defer server.Close()
		resp, err := server.Client().Get(server.URL + "/api/export.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(body, []byte("\n")); resp.StatusCode != http.StatusOK || lines != 161 {
			t.Errorf("GET /api/export.csv = %s with %d lines, want 200 with 161", resp.Status, lines)
		}
	})
}
