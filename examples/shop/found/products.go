package found

import (
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

// update answers PUT /api/products/{id}: it replaces name, price and stock.
func (p products) update(w http.ResponseWriter, r *http.Request) error {
	id, err := api.PathID(r)
	if err != nil {
		return err
	}
	var to api.ProductUpdate
	if err := api.Read(w, r, &to); err != nil {
		return err
	}
	if err := to.Validate(); err != nil {
		return err
	}
	product, err := scanProduct(p.db.QueryRowContext(r.Context(), `UPDATE products
		SET name = $1, price_cents = $2, stock = $3 WHERE id = $4 RETURNING `+productColumns,
		*to.Name, *to.PriceCents, *to.Stock, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return api.NotFound("product %d does not exist", id)
	}
	if err != nil {
		return err
	}
	p.changed(r.Context(), api.Change{Products: []int64{id}})
	return api.Write(w, r, http.StatusOK, product)
}

// summary answers GET /api/products/{id}/summary with what the product has
// sold, over all, by month and to whom.
func (p products) summary(w http.ResponseWriter, r *http.Request) error {
	id, err := api.PathID(r)
	if err != nil {
		return err
	}
	s, err := Summary(r.Context(), p.db, id)
	if errors.Is(err, sql.ErrNoRows) {
		return api.NotFound("product %d does not exist", id)
	}
	if err != nil {
		return err
	}
	return api.Write(w, r, http.StatusOK, s)
}

// Summary returns what a product has sold. The error matches [sql.ErrNoRows] if
// there is no such product. Cost: four statements, which read every order line
// of the product, and without an index every one there is.
func Summary(ctx context.Context, db *data.DB, product int64) (s api.ProductSummary, err error) {
	s.Product, err = scanProduct(db.QueryRowContext(ctx,
		`SELECT `+productColumns+` FROM products WHERE id = $1`, product).Scan)
	if err != nil {
		return s, err
	}
	err = db.QueryRowContext(ctx, `SELECT count(*),
			CAST(coalesce(sum(l.quantity), 0) AS bigint),
			CAST(coalesce(sum(l.quantity * l.price_cents), 0) AS bigint)
		FROM order_lines l JOIN orders o ON o.id = l.order_id
		WHERE l.product_id = $1 AND o.status <> 'cancelled'`, product).
		Scan(&s.Orders, &s.Units, &s.RevenueCents)
	if err != nil {
		return s, err
	}
	if s.Months, err = months(ctx, db, product); err != nil {
		return s, err
	}
	s.BestCustomers, err = bestCustomers(ctx, db, product)
	return s, err
}

func months(ctx context.Context, db *data.DB, product int64) ([]api.MonthSummary, error) {
	rows, err := db.QueryContext(ctx, `SELECT substr(o.placed_at, 1, 7) AS month,
			CAST(sum(l.quantity) AS bigint),
			CAST(sum(l.quantity * l.price_cents) AS bigint)
		FROM order_lines l JOIN orders o ON o.id = l.order_id
		WHERE l.product_id = $1 AND o.status <> 'cancelled'
		GROUP BY substr(o.placed_at, 1, 7) ORDER BY month`, product)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	months := []api.MonthSummary{}
	for rows.Next() {
		var m api.MonthSummary
		if err := rows.Scan(&m.Month, &m.Units, &m.RevenueCents); err != nil {
			return nil, err
		}
		months = append(months, m)
	}
	return months, rows.Err()
}

func bestCustomers(ctx context.Context, db *data.DB, product int64) ([]api.CustomerSales, error) {
	rows, err := db.QueryContext(ctx, `SELECT c.id, c.name, c.city,
			CAST(sum(l.quantity * l.price_cents) AS bigint) AS revenue
		FROM order_lines l
		JOIN orders o ON o.id = l.order_id
		JOIN customers c ON c.id = o.customer_id
		WHERE l.product_id = $1 AND o.status <> 'cancelled'
		GROUP BY c.id, c.name, c.city ORDER BY revenue DESC, c.id LIMIT 5`, product)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	best := []api.CustomerSales{}
	for rows.Next() {
		var c api.CustomerSales
		if err := rows.Scan(&c.ID, &c.Name, &c.City, &c.RevenueCents); err != nil {
			return nil, err
		}
		best = append(best, c)
	}
	return best, rows.Err()
}
