package found

import (
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

// Routes returns every route of the shop. Routes that write tell changed what
// they have changed, once that is committed.
func Routes(db *data.DB, changed api.Changed) []api.Route {
	site := newSite(db)
	products := products{db, changed}
	orders := orders{db, changed}
	return []api.Route{
		{Pattern: "GET /{$}", Handle: site.home},
		{Pattern: "GET /search", Handle: site.search},
		{Pattern: "GET /api/catalog", Handle: products.catalog},
		{Pattern: "GET /api/orders", Handle: orders.list},
		{Pattern: "GET /api/orders/{id}", Handle: orders.show},
		{Pattern: "GET /api/products/{id}/summary", Handle: products.summary},
		{Pattern: "POST /api/orders", Handle: orders.place},
		{Pattern: "PUT /api/products/{id}", Handle: products.update},
		{Pattern: "POST /api/login", Handle: staff{db}.login},
		{Pattern: "GET /api/export.csv", Handle: export{db}.csv},
		{Pattern: "GET /health", Handle: health{db}.check},
	}
}
