package tuned

import (
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

// Routes returns the routes that have a fix, under the patterns that they have
// in package found.
func Routes(db *data.DB) []api.Route {
	return []api.Route{
		{Pattern: "GET /api/orders", Handle: orders{db}.list},
		{Pattern: "GET /api/export.csv", Handle: export{db}.csv},
	}
}
