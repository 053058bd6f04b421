package shop_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/api"
)

// catalog is the whole range as found, or a page of it as tuned.
type catalog struct{ Products, Items []api.Product }

func (c catalog) list() []api.Product { return append(c.Products, c.Items...) }

func TestCatalog(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var all, oak, none catalog
		f.get(t, "/api/catalog", &all)
		if len(all.list()) != 40 {
			t.Errorf("catalog has %d products, want 40", len(all.list()))
		}
		f.get(t, "/api/catalog?species=Oak", &oak)
		want := 0
		for _, p := range all.list() {
			if p.Species == "Oak" {
				want++
			}
		}
		if len(oak.list()) != want || want == 0 {
			t.Errorf("catalog has %d of oak, want %d", len(oak.list()), want)
		}
		f.get(t, "/api/catalog?species=Balsa", &none)
		if none.Products == nil && none.Items == nil || len(none.list()) != 0 {
			t.Errorf("catalog of balsa = %v, want an empty list", none)
		}
	})
}

// TestCatalogPages walks the tuned catalog by its Link headers and compares
// with the whole range as found.
func TestCatalogPages(t *testing.T) {
	eachSystem(t, asTuned, func(t *testing.T, f *fixture) {
		var whole catalog
		found, err := shop.New(f.db, shop.Config{})
		if err != nil {
			t.Fatal(err)
		}
		(&fixture{Shop: found}).get(t, "/api/catalog", &whole)

		var walked []api.Product
		pages := 0
		for next := "/api/catalog?per_page=7"; next != ""; pages++ {
			w := f.do(t.Context(), "GET", next, "")
			var c catalog
			if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil || w.Code != http.StatusOK {
				t.Fatalf("GET %s = %d %s", next, w.Code, w.Body)
			}
			walked = append(walked, c.Items...)
			next = ""
			if m := regexp.MustCompile(`<([^>]+)>; rel="next"`).FindStringSubmatch(w.Header().Get("Link")); m != nil {
				next = m[1]
			}
		}
		if pages != 6 || !slices.Equal(walked, whole.Products) {
			t.Errorf("walked %d products on %d pages, want the %d of the whole range on 6", len(walked), pages, len(whole.Products))
		}
		for _, bad := range []string{"page=0", "page=-1", "page=x", "per_page=0", "page=1000000", "sort=password_hash", "sort=id;DROP TABLE products"} {
			w := f.do(t.Context(), "GET", "/api/catalog?"+strings.ReplaceAll(bad, " ", "+"), "")
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"detail"`) {
				t.Errorf("GET /api/catalog?%s = %d %.200s, want a problem with 400", bad, w.Code, w.Body)
			}
		}
	})
}

func TestProductUpdate(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		w := f.do(t.Context(), "PUT", "/api/products/2", `{"name": "Oak, old × new", "price_cents": 1250, "stock": 0}`)
		if w.Code != http.StatusOK {
			t.Fatalf("PUT /api/products/2 = %d %s", w.Code, w.Body)
		}
		var summary api.ProductSummary
		f.get(t, "/api/products/2/summary", &summary)
		if p := summary.Product; p.Name != "Oak, old × new" || p.PriceCents != 1250 || p.Stock != 0 || p.SKU == "" {
			t.Errorf("product = %+v", p)
		}
		w = f.do(t.Context(), "POST", "/api/orders", `{"customer_id": 1, "lines": [{"product_id": 2, "quantity": 1}]}`)
		wantProblem(t, "an order of a product without stock", w, http.StatusConflict, "product 2 has 0 left")
	})
}

// The summary is held against sums over the orders as the API shows them.
func TestProductSummary(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var s api.ProductSummary
		f.get(t, "/api/products/1/summary", &s)
		var want api.ProductSummary
		byMonth := make(map[string]api.MonthSummary)
		byCustomer := make(map[int64]int64)
		cancelled := 0
		for id := range 160 {
			var o api.Order
			f.get(t, "/api/orders/"+strconv.Itoa(id+1), &o)
			if o.Status == "cancelled" {
				cancelled++
				continue
			}
			for _, l := range o.Lines {
				if l.ProductID != 1 {
					continue
				}
				want.Orders++
				want.Units += l.Quantity
				want.RevenueCents += l.Quantity * l.PriceCents
				m := byMonth[o.PlacedAt[:7]]
				m.Units += l.Quantity
				m.RevenueCents += l.Quantity * l.PriceCents
				byMonth[o.PlacedAt[:7]] = m
				byCustomer[o.Customer.ID] += l.Quantity * l.PriceCents
			}
		}
		if cancelled == 0 || want.Orders == 0 {
			t.Fatalf("%d cancelled orders and %d with product 1: nothing to tell apart", cancelled, want.Orders)
		}
		if s.Orders != want.Orders || s.Units != want.Units || s.RevenueCents != want.RevenueCents {
			t.Errorf("summary = %d orders, %d units, %d cents, want %d, %d, %d",
				s.Orders, s.Units, s.RevenueCents, want.Orders, want.Units, want.RevenueCents)
		}
		if len(s.Months) != len(byMonth) {
			t.Errorf("summary has %d months, want %d", len(s.Months), len(byMonth))
		}
		for i, m := range s.Months {
			if w := byMonth[m.Month]; m.Units != w.Units || m.RevenueCents != w.RevenueCents || i > 0 && m.Month <= s.Months[i-1].Month {
				t.Errorf("month %+v, want %+v, in order", m, w)
			}
		}
		if len(s.BestCustomers) != min(5, len(byCustomer)) {
			t.Errorf("summary has %d customers, want %d", len(s.BestCustomers), min(5, len(byCustomer)))
		}
		least := s.BestCustomers[len(s.BestCustomers)-1].RevenueCents
		for _, c := range s.BestCustomers {
			if c.RevenueCents != byCustomer[c.ID] || c.Name == "" {
				t.Errorf("customer %+v, want %d cents", c, byCustomer[c.ID])
			}
			delete(byCustomer, c.ID)
		}
		for id, revenue := range byCustomer {
			if revenue > least {
				t.Errorf("customer %d with %d cents is missing", id, revenue)
			}
		}
	})
}
