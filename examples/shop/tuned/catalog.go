package tuned

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/page"
	"github.com/hone-go/hone/respond"
)

type products struct {
	db    *data.DB
	pages *page.Offset
	read  func(context.Context, pageKey) (rowsOfPage, error) // from the database or the cache
}

func newProducts(db *data.DB, c *cache.Cache) (products, error) {
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
	p := products{db: db, pages: pages}
	p.read = p.fromDatabase
	if err == nil && c != nil {
		err = p.keepIn(c)
	}
	return p, err
}

// A pageKey says which page of the catalog it is. Two requests for the same
// rows have the same one.
type pageKey struct {
	Species, Sort string
	Page, PerPage int
}

// rowsOfPage is what the database says about a page: its rows, one more if
// there are more, and how many there are in all.
type rowsOfPage struct {
	Products []api.Product
	Total    int64
}

// keepIn puts a cache before the database.
func (p *products) keepIn(c *cache.Cache) error {
	kept, err := cache.Memoize(c, "catalog", p.fromDatabase, cache.FuncConfig[pageKey, rowsOfPage]{
		Tags: func(pageKey, rowsOfPage) []string { return []string{rangeTag} },
		// Anybody can ask for species that there are not, in any number.
		Keep: func(_ context.Context, _ pageKey, rows rowsOfPage) bool { return len(rows.Products) > 0 },
	})
	if err != nil {
		return err
	}
	p.read = func(ctx context.Context, key pageKey) (rowsOfPage, error) {
		rows, _, err := kept.Get(ctx, key) // found: a page without rows is one too
		return rows, err
	}
	return nil
}

// catalogControl lets browsers and proxies keep the catalog, which is the same
// for everybody. Not longer: nothing tells them of a change. Not shorter: who
// goes back and forth between pages stays within it.
const catalogControl = "public, max-age=10"

// productColumns are the columns that scanProduct takes.
const productColumns = `id, sku, name, species, cut, thickness_mm, width_mm, length_mm, price_cents, stock`

// catalog answers GET /api/catalog with one page of the range, or of the part
// of it that is of one ?species=. Cost: two statements, and as many rows as
// the page has; none where the page is in the cache.
func (p products) catalog(w http.ResponseWriter, r *http.Request) error {
	values, err := page.Values(r.URL)
	if err != nil {
		return badParam(err)
	}
	request, err := p.pages.Parse(values)
	if err != nil {
		return badParam(err)
	}
	rows, err := p.read(r.Context(), pageKey{
		Species: values.Get("species"), Sort: values.Get("sort"), Page: request.Page(), PerPage: request.PerPage(),
	})
	if err != nil {
		return err
	}
	answer, err := page.NewOffsetPage(request, rows.Products, request.Counted(rows.Total))
	if err != nil {
		return badParam(err)
	}
	w.Header().Set("Link", answer.Link(r.URL))
	if len(rows.Products) > 0 { // there are as many others as anybody can think of
		w.Header().Set("Cache-Control", catalogControl)
	}
	return api.Write(w, r, http.StatusOK, answer)
}

// fromDatabase reads a page of the catalog.
func (p products) fromDatabase(ctx context.Context, key pageKey) (rows rowsOfPage, err error) {
	request, err := p.pages.Parse(key.values())
	if err != nil {
		return rows, err
	}
	base, args := `SELECT `+productColumns+` FROM products`, []any{}
	if key.Species != "" {
		base, args = base+` WHERE species = $1`, []any{key.Species}
	}
	if rows.Products, err = p.list(ctx, request.Query(base, args...)); err != nil {
		return rows, err
	}
	count := request.CountQuery(base, args...)
	err = p.db.QueryRowContext(ctx, count.SQL, count.Args...).Scan(&rows.Total)
	return rows, err
}

// values are the parameters of a request for the page.
func (k pageKey) values() url.Values {
	v := url.Values{"page": {strconv.Itoa(k.Page)}, "per_page": {strconv.Itoa(k.PerPage)}}
	if k.Sort != "" {
		v.Set("sort", k.Sort)
	}
	return v
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
		return respond.Problemf(param.HTTPStatus(), "%s", param.ProblemDetail())
	}
	return err
}
