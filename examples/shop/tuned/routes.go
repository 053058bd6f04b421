package tuned

import (
	"errors"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

// Routes returns the routes that have a fix, under the patterns that they have
// in package found. It fails only if a fix is configured wrongly.
func Routes(db *data.DB) ([]api.Route, error) {
	products, err1 := newProducts(db)
	orders, err2 := newOrders(db)
	return []api.Route{
		{Pattern: "GET /api/catalog", Handle: products.catalog},
		{Pattern: "GET /api/orders", Handle: orders.list},
		{Pattern: "GET /api/export.csv", Handle: export{db}.csv},
	}, errors.Join(err1, err2)
}
