package found

import (
	"net/http"

	"github.com/hone-go/hone/examples/shop/data"
)

// figures are what the home page tells of the business.
type figures struct {
	Database                    data.Kind
	Products, Customers, Orders int64
	Open, OpenCents             int64
}

// home answers GET / with what the shop is and offers.
func (s site) home(w http.ResponseWriter, r *http.Request) error {
	f := figures{Database: s.db.Kind()}
	err := s.db.QueryRowContext(r.Context(), `SELECT
		(SELECT count(*) FROM products),
		(SELECT count(*) FROM customers),
		(SELECT count(*) FROM orders),
		(SELECT count(*) FROM orders WHERE status = 'open'),
		(SELECT CAST(coalesce(sum(total_cents), 0) AS bigint) FROM orders WHERE status = 'open')`).
		Scan(&f.Products, &f.Customers, &f.Orders, &f.Open, &f.OpenCents)
	if err != nil {
		return err
	}
	return s.write(w, "home.html", f)
}
