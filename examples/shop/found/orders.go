package found

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

type orders struct {
	db      *data.DB
	changed api.Changed
}

// list answers GET /api/orders with the newest orders, or with those before
// ?before=.
func (o orders) list(w http.ResponseWriter, r *http.Request) error {
	before, err := api.QueryID(r, "before", math.MaxInt64)
	if err != nil {
		return err
	}
	page, err := o.page(r.Context(), before)
	if err != nil {
		return err
	}
	for i := range page.Orders {
		customer := &page.Orders[i].Customer
		err := o.db.QueryRowContext(r.Context(), `SELECT name, city FROM customers WHERE id = $1`, customer.ID).
			Scan(&customer.Name, &customer.City)
		if err != nil {
			return err
		}
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

// show answers GET /api/orders/{id} with one order and its lines.
func (o orders) show(w http.ResponseWriter, r *http.Request) error {
	id, err := api.PathID(r)
	if err != nil {
		return err
	}
	order := api.Order{ID: id}
	err = o.db.QueryRowContext(r.Context(), `SELECT o.placed_at, o.status, o.total_cents, c.id, c.name, c.city
		FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1`, id).
		Scan(&order.PlacedAt, &order.Status, &order.TotalCents,
			&order.Customer.ID, &order.Customer.Name, &order.Customer.City)
	if errors.Is(err, sql.ErrNoRows) {
		return api.NotFound("order %d does not exist", id)
	}
	if err != nil {
		return err
	}
	if order.Lines, err = o.lines(r.Context(), id); err != nil {
		return err
	}
	return api.Write(w, r, http.StatusOK, order)
}

func (o orders) lines(ctx context.Context, order int64) ([]api.Line, error) {
	rows, err := o.db.QueryContext(ctx, `SELECT l.product_id, p.name, l.quantity, l.price_cents
		FROM order_lines l JOIN products p ON p.id = l.product_id
		WHERE l.order_id = $1 ORDER BY l.line`, order)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var lines []api.Line
	for rows.Next() {
		var line api.Line
		if err := rows.Scan(&line.ProductID, &line.Product, &line.Quantity, &line.PriceCents); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}

// place answers POST /api/orders: it takes the goods out of stock at today's
// price, all of them or none.
func (o orders) place(w http.ResponseWriter, r *http.Request) error {
	var asked api.NewOrder
	if err := api.Read(w, r, &asked); err != nil {
		return err
	}
	if err := asked.Validate(); err != nil {
		return err
	}
	// Orders that share products take them in the same order, or each could
	// hold what the other waits for.
	slices.SortFunc(asked.Lines, func(a, b api.NewLine) int { return cmp.Compare(a.ProductID, b.ProductID) })

	ctx := r.Context()
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	order := api.Order{PlacedAt: time.Now().UTC().Format(time.RFC3339), Status: "open"}
	if order.Customer, err = customer(ctx, tx, asked.CustomerID); err != nil {
		return err
	}
	for _, l := range asked.Lines {
		line, err := take(ctx, tx, l)
		if err != nil {
			return err
		}
		order.Lines = append(order.Lines, line)
		order.TotalCents += line.Quantity * line.PriceCents
	}
	if err := insert(ctx, tx, &order); err != nil {
		return err
	}
	err = tx.Commit()
	o.changed(ctx, api.Change{Products: productIDs(order.Lines), Orders: true}) // even if it failed: the answer may have been lost, not the order
	if err != nil {
		return err
	}
	w.Header().Set("Location", fmt.Sprintf("/api/orders/%d", order.ID))
	return api.Write(w, r, http.StatusCreated, order)
}

func productIDs(lines []api.Line) []int64 {
	ids := make([]int64, len(lines))
	for i, l := range lines {
		ids[i] = l.ProductID
	}
	return ids
}

func customer(ctx context.Context, tx *sql.Tx, id int64) (api.Customer, error) {
	c := api.Customer{ID: id}
	err := tx.QueryRowContext(ctx, `SELECT name, city FROM customers WHERE id = $1`, id).Scan(&c.Name, &c.City)
	if errors.Is(err, sql.ErrNoRows) {
		return c, api.Invalid("customer %d does not exist", id)
	}
	return c, err
}

// take takes goods out of stock. Condition and change are one statement, so
// that no two orders can both have the last piece.
func take(ctx context.Context, tx *sql.Tx, l api.NewLine) (api.Line, error) {
	line := api.Line{ProductID: l.ProductID, Quantity: l.Quantity}
	err := tx.QueryRowContext(ctx, `UPDATE products SET stock = stock - $1
		WHERE id = $2 AND stock >= $1 RETURNING name, price_cents`, l.Quantity, l.ProductID).
		Scan(&line.Product, &line.PriceCents)
	if !errors.Is(err, sql.ErrNoRows) {
		return line, err
	}
	var left int64
	err = tx.QueryRowContext(ctx, `SELECT stock FROM products WHERE id = $1`, l.ProductID).Scan(&left)
	if errors.Is(err, sql.ErrNoRows) {
		return line, api.Invalid("product %d does not exist", l.ProductID)
	}
	if err != nil {
		return line, err
	}
	return line, api.Conflict("product %d has %d left in stock, %d were ordered", l.ProductID, left, l.Quantity)
}

// insert writes a new order and its lines, and sets its number.
func insert(ctx context.Context, tx *sql.Tx, order *api.Order) error {
	err := tx.QueryRowContext(ctx, `INSERT INTO orders (customer_id, placed_at, status, total_cents)
		VALUES ($1, $2, $3, $4) RETURNING id`,
		order.Customer.ID, order.PlacedAt, order.Status, order.TotalCents).Scan(&order.ID)
	if err != nil {
		return err
	}
	for i, line := range order.Lines {
		_, err := tx.ExecContext(ctx, `INSERT INTO order_lines (order_id, line, product_id, quantity, price_cents)
			VALUES ($1, $2, $3, $4, $5)`, order.ID, i+1, line.ProductID, line.Quantity, line.PriceCents)
		if err != nil {
			return err
		}
	}
	return nil
}
