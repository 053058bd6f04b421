package tuned

import (
	"errors"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

// Routes returns the routes that have a fix, under the patterns that they have
// in package found. With a cache, which may be nil, the catalog is kept there,
// and so are the summaries of products, which have no other fix. It fails only
// if a fix is configured wrongly.
func Routes(db *data.DB, c *cache.Cache) ([]api.Route, error) {
	products, err1 := newProducts(db, c)
	orders, err2 := newOrders(db)
	routes := []api.Route{
		{Pattern: "GET /api/catalog", Handle: products.catalog},
		{Pattern: "GET /api/orders", Handle: orders.list},
		{Pattern: "GET /api/export.csv", Handle: export{db}.csv},
	}
	var err3 error
	if c != nil {
		var summaries summaries
		summaries, err3 = newSummaries(db, c)
		routes = append(routes, api.Route{Pattern: "GET /api/products/{id}/summary", Handle: summaries.answer})
	}
	return routes, errors.Join(err1, err2, err3)
}
