package found

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"strconv"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

type export struct{ db *data.DB }

// csv answers GET /api/export.csv with every order, oldest first.
func (e export) csv(w http.ResponseWriter, r *http.Request) error {
	orders, err := e.orders(r.Context())
	if err != nil {
		return err
	}
	var file bytes.Buffer
	out := csv.NewWriter(&file)
	out.UseCRLF = true // RFC 4180 §2.1
	err = out.Write([]string{"order", "placed_at", "status", "customer", "city", "total_cents"})
	if err != nil {
		return err
	}
	for _, o := range orders {
		err := out.Write([]string{
			strconv.FormatInt(o.ID, 10), o.PlacedAt, o.Status,
			o.Customer.Name, o.Customer.City, strconv.FormatInt(o.TotalCents, 10),
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="orders.csv"`)
	w.Header().Set("Content-Length", strconv.Itoa(file.Len()))
	_, _ = file.WriteTo(w) // fails only if the client is gone
	return nil
}

func (e export) orders(ctx context.Context) ([]api.Order, error) {
	rows, err := e.db.QueryContext(ctx, `SELECT o.id, o.placed_at, o.status, c.name, c.city, o.total_cents
		FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var orders []api.Order
	for rows.Next() {
		var o api.Order
		err := rows.Scan(&o.ID, &o.PlacedAt, &o.Status, &o.Customer.Name, &o.Customer.City, &o.TotalCents)
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	return orders, rows.Err()
}
