package shop_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/store/memory"
)

// newCache returns a cache in this process, with a near cache before it.
func newCache(t *testing.T) *cache.Cache {
	t.Helper()
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	c, err := cache.New(store, cache.Config{Namespace: "shop", Near: cache.Near{MaxBytes: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// warm reads a route until it takes no statement, and checks that the answer
// is the same from the cache.
func (f *fixture) warm(t *testing.T, target string) {
	t.Helper()
	before := f.do(t.Context(), "GET", target, "")
	if got := f.account(t, target).Statements; got != 0 {
		t.Errorf("GET %s from the cache = %d statements, want none", target, got)
	}
	if after := f.do(t.Context(), "GET", target, ""); after.Body.String() != before.Body.String() || before.Code != http.StatusOK {
		t.Errorf("GET %s from the cache = %d %.300s, want %d %.300s", target, after.Code, after.Body, before.Code, before.Body)
	}
}

// What has been asked for takes no statement, and after a change through the
// shop the next read has it.
func TestCachedUntilChanged(t *testing.T) {
	const summary, catalog = "/api/products/2/summary", "/api/catalog?sort=name"
	// now returns what both answers show of product 2.
	now := func(t *testing.T, f *fixture) (units, stock int64, name string) {
		t.Helper()
		var s api.ProductSummary
		f.get(t, summary, &s)
		var c catalogAnswer
		f.get(t, catalog, &c)
		for _, p := range c.Items {
			if p.ID == 2 && p != s.Product {
				t.Errorf("product in the catalog = %+v, in the summary %+v", p, s.Product)
			}
		}
		return s.Units, s.Product.Stock, s.Product.Name
	}
	eachSystem(t, asCached, func(t *testing.T, f *fixture) {
		warmAll := func() {
			t.Helper()
			f.warm(t, summary)
			f.warm(t, catalog)
		}
		warmAll()
		units, _, _ := now(t, f)
		w := f.do(t.Context(), "PUT", "/api/products/2", `{"name": "Old oak", "price_cents": 900, "stock": 77}`)
		if w.Code != http.StatusOK {
			t.Fatalf("PUT /api/products/2 = %d %s", w.Code, w.Body)
		}
		if _, stock, name := now(t, f); stock != 77 || name != "Old oak" {
			t.Errorf("after the update product 2 = %q, %d in stock, want Old oak, 77", name, stock)
		}
		warmAll()
		w = f.do(t.Context(), "POST", "/api/orders", `{"customer_id": 7, "lines": [{"product_id": 3, "quantity": 1}, {"product_id": 2, "quantity": 70}]}`)
		if w.Code != http.StatusCreated {
			t.Fatalf("POST /api/orders = %d %s", w.Code, w.Body)
		}
		if got, stock, _ := now(t, f); got != units+70 || stock != 7 {
			t.Errorf("after the order product 2 has sold %d and has %d in stock, want %d and 7", got, stock, units+70)
		}
		warmAll()
		// What was refused has changed nothing, and costs no reader anything.
		w = f.do(t.Context(), "POST", "/api/orders", `{"customer_id": 7, "lines": [{"product_id": 2, "quantity": 70}]}`)
		wantProblem(t, "an order of too much", w, http.StatusConflict, "left in stock")
		if got := f.account(t, summary).Statements; got != 0 {
			t.Errorf("GET %s after a refused order = %d statements, want none", summary, got)
		}
	})
}

// catalogAnswer is a page of the catalog.
type catalogAnswer struct{ Items []api.Product }

// Pages and species do not share entries, and what there is not is not kept.
func TestCachedCatalogKeys(t *testing.T) {
	eachSystem(t, asCached, func(t *testing.T, f *fixture) {
		tuned, err := shop.New(f.db, shop.Config{Tuned: true})
		if err != nil {
			t.Fatal(err)
		}
		plain := &fixture{Shop: tuned}
		targets := []string{
			"", "?page=2&per_page=7", "?page=7&per_page=2", "?per_page=7", "?sort=name", "?sort=-name", "?sort=price_cents,name",
			"?species=Oak", "?species=Oak&sort=-id", "?species=Balsa", "?page=99",
		}
		for range 2 {
			seen := make(map[string]string) // by answer
			for _, target := range targets {
				target = "/api/catalog" + target
				got, want := f.do(t.Context(), "GET", target, ""), plain.do(t.Context(), "GET", target, "")
				if got.Code != want.Code || got.Body.String() != want.Body.String() || got.Header().Get("Link") != want.Header().Get("Link") {
					t.Errorf("GET %s cached = %d %.200s, want %d %.200s", target, got.Code, got.Body, want.Code, want.Body)
				}
				if other := seen[got.Body.String()]; other != "" {
					t.Errorf("GET %s cached = the answer of GET %s", target, other)
				}
				seen[got.Body.String()] = target
			}
		}
		for _, target := range []string{"/api/catalog?species=Balsa", "/api/catalog?page=99"} {
			if got := f.account(t, target).Statements; got != 2 {
				t.Errorf("GET %s again = %d statements, want 2: it is not kept", target, got)
			}
		}
	})
}

// deaf is a store that takes no invalidation.
type deaf struct{ cache.Store }

func (deaf) Invalidate(context.Context, string, []string) (int64, error) {
	return 0, errors.Join(errors.New("deaf"), cache.ErrUnavailable)
}

// A change whose invalidation fails is answered all the same, and logged.
func TestInvalidationFails(t *testing.T) {
	eachSystem(t, asTuned, func(t *testing.T, f *fixture) {
		store, err := memory.New(memory.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		if f.cache, err = cache.New(deaf{store}, cache.Config{Namespace: "shop"}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.cache.Close() })
		if f.Shop, err = shop.New(f.db, f.config(asCached)); err != nil {
			t.Fatal(err)
		}
		w := f.do(t.Context(), "PUT", "/api/products/2", `{"name": "Oak", "price_cents": 900, "stock": 77}`)
		var p api.Product
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Stock != 77 {
			t.Errorf("PUT /api/products/2 = %d %s, want the product", w.Code, w.Body)
		}
		if log := f.log.String(); strings.Count(log, "level=ERROR") != 1 || !strings.Contains(log, "products=[2]") {
			t.Errorf("log = %q, want that product 2 may be answered as it was", log)
		}
	})
}
