package tuned

import (
	"context"
	"strconv"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/examples/shop/api"
)

// ordersTag is on everything that adds up orders, of which a row changes without
// its lines: a cancellation, above all.
const ordersTag = "orders"

// rangeTag is on everything that shows products whatever they are: a change of
// any of them may move it to another page.
const rangeTag = "products"

// customersTag is on everything that shows customers whoever they are.
const customersTag = "customers"

// orderListTag is on the lists of orders. A new order changes each, and
// [ordersTag] would have all summaries computed anew with them.
const orderListTag = "order-list"

func productTag(id int64) string  { return "product:" + strconv.FormatInt(id, 10) }
func customerTag(id int64) string { return "customer:" + strconv.FormatInt(id, 10) }

// summaryTags are what a summary shows: the product with its sales, and the
// customers that it names.
func summaryTags(product int64, s api.ProductSummary) []string {
	tags := []string{ordersTag, productTag(product)}
	for _, c := range s.BestCustomers {
		tags = append(tags, customerTag(c.ID))
	}
	return tags
}

// Triggers says which tags a change of a row in the schema invalidates, whoever
// makes it. An insertion of an order counts too, since a rule knows no other:
// an order placed then has all summaries computed anew.
func Triggers(schema string) pginvalidate.Setup {
	return pginvalidate.Setup{
		Schema: schema, Channel: schema, // both the shop's own: two shops may share a database
		Rules: []pginvalidate.Rule{
			{Table: schema + ".products", Tags: []string{"product:{id}", rangeTag}},
			{Table: schema + ".order_lines", Tags: []string{"product:{product_id}"}},
			{
				Table: schema + ".orders", Tags: []string{ordersTag}, All: ordersTag,
				Key: []string{"id"}, Columns: []string{"customer_id", "placed_at", "status"},
			},
			{
				Table: schema + ".customers", Tags: []string{"customer:{id}", customersTag},
				Key: []string{"id"}, Columns: []string{"name", "city"},
			},
		},
	}
}

// Changed invalidates what shows what was changed. Cost: one round trip.
func Changed(ctx context.Context, c *cache.Cache, change api.Change) error {
	tags := []string{rangeTag}
	for _, id := range change.Products {
		tags = append(tags, productTag(id))
	}
	if change.Orders {
		tags = append(tags, orderListTag)
	}
	return c.Invalidate(ctx, tags...)
}
