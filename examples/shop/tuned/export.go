package tuned

import (
	"encoding/csv"
	"net/http"
	"strconv"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

type export struct{ db *data.DB }

// csv answers GET /api/export.csv with every order, oldest first. Each order
// goes out as it comes in: the memory needed is one row and the buffers on the
// way, however many orders there are. In return a failure half-way can only
// cut the answer off.
func (e export) csv(w http.ResponseWriter, r *http.Request) error {
	rows, err := e.db.QueryContext(r.Context(), `SELECT o.id, o.placed_at, o.status, c.name, c.city, o.total_cents
		FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="orders.csv"`)
	out := csv.NewWriter(w)
	err = out.Write([]string{"order", "placed_at", "status", "customer", "city", "total_cents"})
	for err == nil && rows.Next() {
		var o api.Order
		err = rows.Scan(&o.ID, &o.PlacedAt, &o.Status, &o.Customer.Name, &o.Customer.City, &o.TotalCents)
		if err == nil {
			err = out.Write([]string{
				strconv.FormatInt(o.ID, 10), o.PlacedAt, o.Status,
				o.Customer.Name, o.Customer.City, strconv.FormatInt(o.TotalCents, 10),
			})
		}
	}
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return &api.TruncatedError{Cause: err}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return &api.TruncatedError{Cause: err}
	}
	return nil
}
