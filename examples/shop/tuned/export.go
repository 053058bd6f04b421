package tuned

import (
	"log/slog"
	"net/http"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/respond"
)

type export struct {
	db   *data.DB
	rows *respond.CSV[api.Order]
}

func newExport(db *data.DB, log *slog.Logger) (export, error) {
	columns := []string{"order", "placed_at", "status", "customer", "city", "total_cents"}
	rows, err := respond.NewCSV(columns, func(row *respond.CSVRow, o api.Order) {
		row.Int(o.ID)
		row.Text(o.PlacedAt)
		row.Text(o.Status)
		row.Text(o.Customer.Name)
		row.Text(o.Customer.City)
		row.Int(o.TotalCents)
	}, respond.CSVConfig{Stream: respond.StreamConfig{OnError: func(r *http.Request, err error) {
		if r.Context().Err() == nil { // the client has not left
			log.ErrorContext(r.Context(), "answer cut short", "route", r.Pattern, "error", err)
		}
	}}})
	return export{db, rows}, err
}

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
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", respond.Attachment("orders.csv"))
	return e.rows.Serve(w, r, respond.Scan(rows, func(o *api.Order) []any {
		return []any{&o.ID, &o.PlacedAt, &o.Status, &o.Customer.Name, &o.Customer.City, &o.TotalCents}
	}))
}
