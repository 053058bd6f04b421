package found

import (
	"context"
	"net/http"
	"strings"

	"github.com/hone-go/hone/examples/shop/api"
)

// results are what a search found.
type results struct {
	Query     string
	Products  []api.Product
	Customers []api.Customer
}

// search answers GET /search with the products and customers whose name
// contains ?q=.
func (s site) search(w http.ResponseWriter, r *http.Request) error {
	query, err := api.QueryText(r, "q")
	if err != nil {
		return err
	}
	found := results{Query: query}
	pattern := "%" + escapeLike(strings.ToLower(query)) + "%"
	if found.Products, err = s.productsLike(r.Context(), pattern); err != nil {
		return err
	}
	if found.Customers, err = s.customersLike(r.Context(), pattern); err != nil {
		return err
	}
	return s.write(w, "search.html", found)
}

// escapeLike makes text stand for itself in a LIKE pattern.
func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

func (s site) productsLike(ctx context.Context, pattern string) ([]api.Product, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+productColumns+`
		FROM products WHERE lower(name) LIKE $1 ESCAPE '\' ORDER BY id`, pattern)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []api.Product
	for rows.Next() {
		product, err := scanProduct(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, product)
	}
	return list, rows.Err()
}

func (s site) customersLike(ctx context.Context, pattern string) ([]api.Customer, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, name, city
		FROM customers WHERE lower(name) LIKE $1 ESCAPE '\' ORDER BY id`, pattern)
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
