package tuned

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

type orders struct{ db *data.DB }

// list answers GET /api/orders with the newest orders, or with those before
// ?before=. Cost: two statements, however many orders there are.
func (o orders) list(w http.ResponseWriter, r *http.Request) error {
	before, err := api.QueryID(r, "before", math.MaxInt64)
	if err != nil {
		return err
	}
	page, err := o.page(r.Context(), before)
	if err != nil {
		return err
	}
	if err := o.addCustomers(r.Context(), page.Orders); err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, page)
}

// page returns the newest orders before a number. Of the customers it knows
// only the id.
func (o orders) page(ctx context.Context, before int64) (api.OrderPage, error) {
	page := api.OrderPage{Orders: []api.Order{}}
	rows, err := o.db.QueryContext(ctx, `SELECT id, customer_id, placed_at, status, total_cents
		FROM orders WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, api.PageSize)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	for rows.Next() {
		var order api.Order
		err := rows.Scan(&order.ID, &order.Customer.ID, &order.PlacedAt, &order.Status, &order.TotalCents)
		if err != nil {
			return page, err
		}
		page.Orders = append(page.Orders, order)
	}
	if len(page.Orders) == api.PageSize {
		page.NextBefore = page.Orders[api.PageSize-1].ID
	}
	return page, rows.Err()
}

// addCustomers fetches the customers of all orders at once and completes the
// orders with them.
func (o orders) addCustomers(ctx context.Context, list []api.Order) error {
	if len(list) == 0 {
		return nil // IN () is not SQL
	}
	ids := make([]any, len(list))
	for i, order := range list {
		ids[i] = order.Customer.ID
	}
	rows, err := o.db.QueryContext(ctx,
		`SELECT id, name, city FROM customers WHERE id IN (`+placeholders(len(ids))+`)`, ids...)
	if err != nil {
		return err
	}
	defer rows.Close()
	customers := make(map[int64]api.Customer, len(list))
	for rows.Next() {
		var c api.Customer
		if err := rows.Scan(&c.ID, &c.Name, &c.City); err != nil {
			return err
		}
		customers[c.ID] = c
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for i := range list {
		list[i].Customer = customers[list[i].Customer.ID]
	}
	return nil
}

// placeholders returns $1, $2 and so on up to n. A customer who has several
// orders is named several times: a full page then always sends the same text,
// which the database plans once.
func placeholders(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		if i > 1 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i))
	}
	return b.String()
}
