package shop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
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
	on    shoptest.System
	url   string // of the database
	db    *data.DB
	trace *sqltrace.Tracer
	cache *cache.Cache // nil unless it is as cached
	log   *lockedBuffer
}

func newFixture(t *testing.T, on shoptest.System, as version) *fixture {
	t.Helper()
	return fixtureAt(t, on, on.URL(t), as)
}

// fixtureAt is newFixture in a database of the system.
func fixtureAt(t *testing.T, on shoptest.System, url string, as version) *fixture {
	t.Helper()
	trace, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := data.Open(t.Context(), url, data.Config{
		Trace: trace, Schema: "shop_" + string(as), MaxConns: on.MaxConns(),
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
	f := &fixture{on: on, url: url, db: db, trace: trace, log: new(lockedBuffer)}
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
	eachOf(t, versions, test)
}

// eachOf runs test on every system, in the given versions, at the same time.
func eachOf(t *testing.T, versions []version, test func(t *testing.T, f *fixture)) {
	shoptest.Each(t, func(t *testing.T, on shoptest.System) {
		url := on.URL(t) // one for all, who have a schema each
		for i, as := range versions {
			t.Run(string(as), func(t *testing.T) {
				t.Parallel()
				own := url
				if on == shoptest.PgBouncer && i > 0 {
					own = on.URL(t) // there they would be in one schema
				}
				test(t, fixtureAt(t, on, own, as))
			})
		}
	})
}

// eachSystem runs test on every system, one after the other.
func eachSystem(t *testing.T, as version, test func(t *testing.T, f *fixture)) {
	shoptest.Each(t, func(t *testing.T, on shoptest.System) { test(t, newFixture(t, on, as)) })
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
