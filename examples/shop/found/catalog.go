package found

import (
	"context"
	"net/http"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
)

type products struct {
	db      *data.DB
	changed api.Changed
}

// catalog answers GET /api/catalog with the range, or with the part of it that
// is of one ?species=.
func (p products) catalog(w http.ResponseWriter, r *http.Request) error {
	all, err := p.all(r.Context())
	if err != nil {
		return err
	}
	species := r.URL.Query().Get("species")
	list := []api.Product{}
	for _, product := range all {
		if species == "" || product.Species == species {
			list = append(list, product)
		}
	}
	return api.Write(w, r, http.StatusOK, map[string]any{"products": list})
}

// productColumns are the columns that scanProduct takes.
const productColumns = `id, sku, name, species, cut, thickness_mm, width_mm, length_mm, price_cents, stock`

func scanProduct(scan func(...any) error) (api.Product, error) {
	var p api.Product
	err := scan(&p.ID, &p.SKU, &p.Name, &p.Species, &p.Cut,
		&p.ThicknessMM, &p.WidthMM, &p.LengthMM, &p.PriceCents, &p.Stock)
	return p, err
}

func (p products) all(ctx context.Context) ([]api.Product, error) {
	rows, err := p.db.QueryContext(ctx, `SELECT `+productColumns+` FROM products ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []api.Product
	for rows.Next() {
		product, err := scanProduct(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, product)
	}
	return all, rows.Err()
}
