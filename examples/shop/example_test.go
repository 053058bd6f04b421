package shop_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/data"
)

// A shop on a temporary SQLite database, one of whose routes is switched to
// its fix while it serves.
func Example() {
	ctx := context.Background()
	db, err := data.Open(ctx, "", data.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if err := data.Seed(ctx, db, data.Sizes{Customers: 100, Products: 50, Orders: 1_000}, nil); err != nil {
		log.Fatal(err)
	}
	s, err := shop.New(db, shop.Config{})
	if err != nil {
		log.Fatal(err)
	}
	before := httptest.NewRecorder()
	s.Handler().ServeHTTP(before, httptest.NewRequest("GET", "/api/orders", nil))
	if err := s.Tune("GET /api/orders"); err != nil {
		log.Fatal(err)
	}
	after := httptest.NewRecorder()
	s.Handler().ServeHTTP(after, httptest.NewRequest("GET", "/api/orders", nil))
	fmt.Println(before.Code, after.Code, before.Body.String() == after.Body.String())
	fmt.Println(s.Tune("GET /health"))
	// Output:
	// 200 200 true
	// shop: "GET /health" has no fix; these have: GET /api/catalog, GET /api/orders, GET /api/export.csv
}
