package shop_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/httpcache"
)

// share keeps what is the same for everybody in the fixture's cache.
func (f *fixture) share(t *testing.T) {
	t.Helper()
	h, err := httpcache.New(f.cache, httpcache.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Use(shop.Layers{Responses: h}); err != nil {
		t.Fatal(err)
	}
}

// sent sends a GET with a header field, unless its name is empty.
func (f *fixture) sent(t *testing.T, target, name, value string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if name != "" {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	f.Handler().ServeHTTP(w, r)
	return w
}

// isHit reports whether a response came from the shared cache.
func isHit(w *httptest.ResponseRecorder) bool {
	return strings.HasPrefix(w.Header().Get("Cache-Status"), "hone; hit")
}

// What is shared is what is the same for everybody, and nothing else.
func TestShared(t *testing.T) {
	eachSystem(t, asCached, func(t *testing.T, f *fixture) {
		for target, want := range map[string]bool{
			"/api/orders":                 true,
			"/api/orders?before=60":       true,
			"/search?q=oak":               true,
			"/api/catalog":                true,
			"/api/catalog?species=Oak":    true,
			"/api/catalog?species=Balsa":  false, // there is none
			"/api/orders?before=x":        false,
			"/search":                     false,
			"/api/orders/1":               false,
			"/api/products/1/summary":     false, // its function is kept
			"/api/export.csv":             false,
			"/":                           false,
			"/health":                     false,
			"/api/orders?before=50&utm=a": true,
		} {
			first, again := f.sent(t, target, "", ""), f.sent(t, target, "", "")
			if isHit(first) || isHit(again) != want || again.Body.String() != first.Body.String() {
				t.Errorf("GET %s again = %q, want a hit: %t, and the same", target, again.Header().Get("Cache-Status"), want)
			}
		}
		if w := f.sent(t, "/api/orders?utm=b&before=50", "", ""); !isHit(w) {
			t.Errorf("with another parameter that the shop does not know: %q, want a hit", w.Header().Get("Cache-Status"))
		}
		for _, of := range []struct{ target, name, value string }{
			{"/api/orders?before=90", "Cookie", "session=7"},
			{"/api/orders?before=91", "Authorization", "Bearer 7"},
			{"/search?q=ash", "Cookie", "session=7"},
			{"/search?q=elm", "Authorization", "Bearer 7"},
		} {
			f.sent(t, of.target, of.name, of.value)
			if w := f.sent(t, of.target, "", ""); isHit(w) {
				t.Errorf("GET %s = a hit on what was made for somebody with %s", of.target, of.name)
			}
		}
	})
}

// A change through the shop is in the next list and the next search.
func TestSharedUntilChanged(t *testing.T) {
	eachSystem(t, asCached, func(t *testing.T, f *fixture) {
		const list, search = "/api/orders", "/search?q=bog"
		newest := func() int64 {
			t.Helper()
			var p api.OrderPage
			f.get(t, list, &p)
			return p.Orders[0].ID
		}
		f.warm(t, list)
		f.warm(t, search)
		if w := f.do(t.Context(), "PUT", "/api/products/2", `{"name": "Bog oak", "price_cents": 900, "stock": 77}`); w.Code != http.StatusOK {
			t.Fatalf("PUT /api/products/2 = %d %s", w.Code, w.Body)
		}
		if got := f.sent(t, search, "", "").Body.String(); !strings.Contains(got, "Bog oak") {
			t.Errorf("GET %s after the update = %s, want the new name", search, got)
		}
		if w := f.sent(t, list, "", ""); !isHit(w) {
			t.Errorf("GET %s after an update of a product = %q, want a hit: it shows none", list, w.Header().Get("Cache-Status"))
		}
		before := newest()
		if w := f.do(t.Context(), "POST", "/api/orders", `{"customer_id": 7, "lines": [{"product_id": 2, "quantity": 1}]}`); w.Code != http.StatusCreated {
			t.Fatalf("POST /api/orders = %d %s", w.Code, w.Body)
		}
		if after := newest(); after == before {
			t.Errorf("newest order after another = %d, as before", after)
		}
	})
}

// The tuned catalog may be kept by anybody, and is sent once to who keeps it.
func TestCatalogIsValidated(t *testing.T) {
	eachOf(t, []version{asTuned, asCached}, func(t *testing.T, f *fixture) {
		first := f.sent(t, "/api/catalog", "", "")
		tag := first.Header().Get("ETag")
		if tag == "" || first.Header().Get("Cache-Control") != "public, max-age=10" {
			t.Fatalf("GET /api/catalog has %v, want an entity tag and a life of 10 seconds", first.Header())
		}
		if w := f.sent(t, "/api/catalog", "If-None-Match", tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("GET /api/catalog with its tag = %d with %d bytes, want 304 with none", w.Code, w.Body.Len())
		}
		if w := f.sent(t, "/api/catalog?page=2&per_page=7", "If-None-Match", tag); w.Code != http.StatusOK {
			t.Errorf("another page with that tag = %d, want 200", w.Code)
		}
		if w := f.do(t.Context(), "PUT", "/api/products/2", `{"name": "Bog oak", "price_cents": 900, "stock": 77}`); w.Code != http.StatusOK {
			t.Fatalf("PUT /api/products/2 = %d %s", w.Code, w.Body)
		}
		if w := f.sent(t, "/api/catalog", "If-None-Match", tag); w.Code != http.StatusOK || w.Header().Get("ETag") == tag {
			t.Errorf("GET /api/catalog after a change = %d %s, want 200 with another tag", w.Code, w.Header().Get("ETag"))
		}
	})
}
