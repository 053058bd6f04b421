package tuned

import (
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/page"
)

type products struct {
	db    *data.DB
	pages *page.Offset
}

func newProducts(db *data.DB) (products, error) {
	dialect := page.SQLite
	if db.Kind() == data.Postgres {
		dialect = page.Postgres
	}
	pages, err := page.NewOffset(dialect, page.OffsetConfig{
		Sort: page.Sort{
			Columns: []page.Column{
				{Name: "id", Nulls: page.NotNull},
				{Name: "name", Nulls: page.NotNull},
				{Name: "price_cents", Nulls: page.NotNull},
			},
			Unique: []string{"id"},
		},
		PerPage: 50,
	})
	return products{db, pages}, err
}

// productColumns are the columns that scanProduct takes.
const productColumns = `id, sku, name, species, cut, thickness_mm, width_mm, length_mm, price_cents, stock`

// catalog answers GET /api/catalog with one page of the range, or of the part
// of it that is of one ?species=. Cost: two statements, and as many rows as
// the page has.
func (p products) catalog(w http.ResponseWriter, r *http.Request) error {
	values, err := page.Values(r.URL)
	if err != nil {
		return badParam(err)
	}
	request, err := p.pages.Parse(values)
	if err != nil {
		return badParam(err)
	}
	base, args := `SELECT `+productColumns+` FROM products`, []any{}
	if species := values.Get("species"); species != "" {
		base, args = base+` WHERE species = $1`, []any{species}
	}
	list, err := p.list(r.Context(), request.Query(base, args...))
	if err != nil {
		return err
	}
	count := request.CountQuery(base, args...)
	var total int64
	if err := p.db.QueryRowContext(r.Context(), count.SQL, count.Args...).Scan(&total); err != nil {
		return err
	}
	answer, err := page.NewOffsetPage(request, list, request.Counted(total))
	if err != nil {
		return badParam(err)
	}
	w.Header().Set("Link", answer.Link(r.URL))
	return api.Write(w, http.StatusOK, answer)
}

func (p products) list(ctx context.Context, q page.Query) ([]api.Product, error) {
	rows, err := p.db.QueryContext(ctx, q.SQL, q.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []api.Product{}
	for rows.Next() {
		product, err := scanProduct(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, product)
	}
	return list, rows.Err()
}

func scanProduct(rows *sql.Rows) (api.Product, error) {
	var p api.Product
	err := rows.Scan(&p.ID, &p.SKU, &p.Name, &p.Species, &p.Cut,
		&p.ThicknessMM, &p.WidthMM, &p.LengthMM, &p.PriceCents, &p.Stock)
	return p, err
}

// badParam turns a refusal of a parameter into an answer, and passes other
// errors on.
func badParam(err error) error {
	var param *page.ParamError
	if errors.As(err, &param) {
		return &api.Problem{Status: param.StatusCode(), Message: param.Error()}
	}
	return err
}
