package shop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/sqltrace"
)

// sizes make three full pages of orders and one of ten.
var sizes = data.Sizes{Customers: 400, Products: 40, Orders: 160}

// version is how far the shop has come.
type version string

const (
	asFound  version = "found"
	asTuned  version = "tuned"
	asCached version = "cached" // and tuned
)

var versions = []version{asFound, asTuned, asCached}

// fixture is a shop with its database and its log.
type fixture struct {
	*shop.Shop
	db    *data.DB
	trace *sqltrace.Tracer
	cache *cache.Cache // nil unless it is as cached
	log   *lockedBuffer
}

func newFixture(t *testing.T, on system, as version) *fixture {
	t.Helper()
	return fixtureAt(t, on.url(t), as, on.maxConns())
}

// fixtureAt opens the database with at most maxConns connections, or as many
// as is the default.
func fixtureAt(t *testing.T, url string, as version, maxConns int) *fixture {
	t.Helper()
	trace, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := data.Open(t.Context(), url, data.Config{
		Trace: trace, Schema: "shop_" + string(as), MaxConns: maxConns,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	if err := data.Seed(t.Context(), db, sizes, nil); err != nil {
		t.Fatal(err)
	}
	f := &fixture{db: db, trace: trace, log: new(lockedBuffer)}
	if as == asCached {
		f.cache = newCache(t)
	}
	if f.Shop, err = shop.New(db, f.config(as)); err != nil {
		t.Fatal(err)
	}
	if as == asCached {
		f.share(t)
	}
	return f
}

// config is that of a shop over what the fixture has.
func (f *fixture) config(as version) shop.Config {
	return shop.Config{Log: slog.New(slog.NewTextHandler(f.log, nil)), Tuned: as != asFound, Cache: f.cache}
}

// each runs test on every system, in every version, at the same time.
func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	for _, on := range systems {
		t.Run(string(on), func(t *testing.T) {
			url := on.url(t) // one for all, who have a schema each
			for _, as := range versions {
				t.Run(string(as), func(t *testing.T) {
					t.Parallel()
					own := url
					if on == onPgBouncer && as != asFound {
						own = on.url(t) // there they would be in one schema
					}
					test(t, fixtureAt(t, own, as, on.maxConns()))
				})
			}
		})
	}
}

// eachSystem runs test on every system, one after the other.
func eachSystem(t *testing.T, as version, test func(t *testing.T, f *fixture)) {
	for _, on := range systems {
		t.Run(string(on), func(t *testing.T) { test(t, newFixture(t, on, as)) })
	}
}

// request is what a test sends to a shop.
type request struct{ method, target, body string }

// do sends a request; a body is sent as JSON.
func (f *fixture) do(ctx context.Context, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	w := httptest.NewRecorder()
	f.Handler().ServeHTTP(w, r)
	return w
}

// get fetches a path, which must answer 200, into v.
func (f *fixture) get(t *testing.T, target string, v any) {
	t.Helper()
	w := f.do(t.Context(), "GET", target, "")
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s = %d %s", target, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		t.Fatalf("GET %s = %s: %v", target, w.Body, err)
	}
}

// scan reads one value from the database.
func (f *fixture) scan(t *testing.T, query string, args ...any) (n int64) {
	t.Helper()
	if err := f.db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// lockedBuffer is a buffer that may be read while it is written to.
type lockedBuffer struct {
	mu struct {
		sync.Mutex
		bytes.Buffer
	}
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.Buffer.String()
}

func TestRoutes(t *testing.T) {
	f := newFixture(t, onSQLite, asFound)
	want := []string{
		"GET /api/catalog", "GET /api/export.csv", "GET /api/orders", "GET /api/orders/{id}",
		"GET /api/products/{id}/summary", "GET /health", "GET /search", "GET /{$}",
		"POST /api/login", "POST /api/orders", "PUT /api/products/{id}",
	}
	if got := slices.Sorted(slices.Values(f.Routes())); !reflect.DeepEqual(got, want) {
		t.Errorf("Routes() = %q, want %q", got, want)
	}
	want = []string{"GET /api/catalog", "GET /api/orders", "GET /api/export.csv"}
	if got := f.Tunable(); !reflect.DeepEqual(got, want) {
		t.Errorf("Tunable() = %q, want %q", got, want)
	}
}

// A middleware around the shop sees the pattern that the mux has set.
func TestPatternIsVisibleOutside(t *testing.T) {
	f := newFixture(t, onSQLite, asTuned)
	for target, want := range map[string]string{
		"/": "GET /{$}", "/api/orders/3": "GET /api/orders/{id}", "/nowhere": "",
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", target, nil)
		f.Handler().ServeHTTP(httptest.NewRecorder(), r)
		if r.Pattern != want {
			t.Errorf("Pattern after GET %s = %q, want %q", target, r.Pattern, want)
		}
	}
}

func TestTuneRefuses(t *testing.T) {
	f := newFixture(t, onSQLite, asFound)
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
