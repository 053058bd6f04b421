package tuned

import (
	"context"
	"math"
	"net/http"

	"github.com/hone-go/hone/batch"
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

type orders struct {
	db        *data.DB
	customers *batch.Relation[int64, api.Customer]
}

func newOrders(db *data.DB) (orders, error) {
	customers, err := batch.NewRelation(customersOf(db),
		func(c api.Customer) int64 { return c.ID }, batch.RelationConfig{})
	return orders{db, customers}, err
}

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
	return api.Write(w, r, http.StatusOK, page)
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

// addCustomers completes the orders with their customers, which it asks for at
// once.
func (o orders) addCustomers(ctx context.Context, list []api.Order) error {
	missing, err := batch.AttachOne(ctx, list,
		func(order *api.Order) (int64, bool) { return order.Customer.ID, true },
		o.customers,
		func(order *api.Order, c api.Customer) { order.Customer = c })
	if err != nil {
		return err
	}
	return missing.Err() // the schema promises that every order has its customer
}

// customersOf returns the customers with the given ids, in any order.
func customersOf(db *data.DB) batch.Query[int64, api.Customer] {
	return func(ctx context.Context, ids []int64) ([]api.Customer, error) {
		in, args := batch.In(batch.Question, 1, ids)
		if db.Kind() == data.Postgres {
			in, args = batch.Any(batch.Dollar, 1, ids)
		}
		rows, err := db.QueryContext(ctx, `SELECT id, name, city FROM customers WHERE id `+in, args...)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var list []api.Customer
		for rows.Next() {
			var c api.Customer
			if err := rows.Scan(&c.ID, &c.Name, &c.City); err != nil {
				return nil, err
			}
			list = append(list, c)
		}
		return list, rows.Err()
	}
}
