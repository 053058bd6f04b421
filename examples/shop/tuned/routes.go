package tuned

import (
	"errors"
	"log/slog"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/httpcache"
)

// Routes returns the routes that have a fix, under the patterns that they have
// in package found. With a cache, which may be nil, the catalog is kept there,
// and so are the summaries of products, which have no other fix. The log is told
// of answers that had to be cut short. It fails only if a fix is configured
// wrongly.
func Routes(db *data.DB, c *cache.Cache, log *slog.Logger) ([]api.Route, error) {
	products, err1 := newProducts(db, c)
	orders, err2 := newOrders(db)
	export, err3 := newExport(db, log)
	tags, err4 := httpcache.NewConditional(httpcache.ConditionalConfig{})
	var err5 error
	var summaries summaries
	if c != nil {
		summaries, err5 = newSummaries(db, c)
	}
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return nil, err
	}
	routes := []api.Route{
		{Pattern: "GET /api/catalog", Handle: products.catalog, Around: tags.Handler},
		{Pattern: "GET /api/orders", Handle: orders.list},
		{Pattern: "GET /api/export.csv", Handle: export.csv},
	}
	if c != nil {
		routes = append(routes, api.Route{Pattern: "GET /api/products/{id}/summary", Handle: summaries.answer})
	}
	return routes, nil
}
