package page_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"

	"github.com/hone-go/hone/page"
)

type order struct {
	ID       int64  `json:"id"`
	PlacedAt string `json:"placed_at"` // SQLite keeps it as text
}

// orders is a service with a list of orders, newest first.
type orders struct {
	db     *sql.DB
	keyset *page.Keyset
}

func newOrders(db *sql.DB, secret []byte) (*orders, error) {
	keyset, err := page.NewKeyset(page.SQLite, page.Sort{
		Columns: []page.Column{
			{Name: "placed_at", Nulls: page.NotNull},
			{Name: "id", Nulls: page.NotNull},
		},
		Unique:  []string{"id"},
		Default: "-placed_at",
	}, page.KeysetConfig{Name: "orders", Keys: []page.Key{{ID: "2026", Secret: secret}}})
	return &orders{db: db, keyset: keyset}, err
}

// list returns the page that u asks for.
func (o *orders) list(u *url.URL) (*page.KeysetPage[order], error) {
	values, err := page.Values(u)
	if err != nil {
		return nil, err
	}
	request, err := o.keyset.Parse(values)
	if err != nil {
		return nil, err
	}
	q := request.Query("SELECT id, placed_at FROM orders WHERE id > ?", 0)
	rows, err := o.db.Query(q.SQL, q.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []order
	for rows.Next() {
		var one order
		if err := rows.Scan(&one.ID, &one.PlacedAt); err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return page.NewKeysetPage(request, found, func(o order) map[string]any {
		return map[string]any{"placed_at": o.PlacedAt, "id": o.ID}
	})
}

func (o *orders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, err := o.list(r.URL)
	if refused := (*page.ParamError)(nil); errors.As(err, &refused) {
		http.Error(w, refused.Error(), refused.HTTPStatus())
		return
	}
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Link", p.Link(r.URL))
	_ = json.NewEncoder(w).Encode(p)
}

func ExampleKeyset() {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY, placed_at TEXT NOT NULL);
		INSERT INTO orders VALUES (1, '2026-01-05'), (2, '2026-01-07'), (3, '2026-01-07'), (4, '2026-01-06')`)
	if err != nil {
		fmt.Println(err)
		return
	}
	service, err := newOrders(db, []byte("thirty-two random bytes, not this"))
	if err != nil {
		fmt.Println(err)
		return
	}
	target := "/orders?per_page=3"
	for target != "" {
		w := httptest.NewRecorder()
		service.ServeHTTP(w, httptest.NewRequest("GET", target, http.NoBody))
		var list struct {
			Items  []order `json:"items"`
			Cursor string  `json:"next_cursor"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(list.Items)
		if target = ""; list.Cursor != "" {
			target = "/orders?per_page=3&cursor=" + list.Cursor
		}
	}
	w := httptest.NewRecorder()
	service.ServeHTTP(w, httptest.NewRequest("GET", "/orders?cursor=abc", http.NoBody))
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// [{3 2026-01-07} {2 2026-01-07} {4 2026-01-06}]
	// [{1 2026-01-05}]
	// 400 cursor: is not valid
}

// A service asks at its start whether an index serves its lists.
func ExampleKeysetRequest_CheckIndex() {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, placed_at TEXT NOT NULL)"); err != nil {
		fmt.Println(err)
		return
	}
	service, err := newOrders(db, []byte("thirty-two random bytes, not this"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, order := range []string{"id", "-placed_at"} {
		request, err := service.keyset.Parse(url.Values{"sort": {order}})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(request.CheckIndex(context.Background(), db, "SELECT id, placed_at FROM orders"))
	}
	// Output:
	// <nil>
	// page: no index serves the order placed_at DESC, id DESC: create one on (placed_at, id), after the columns that the statement compares by =
}

func ExampleNewKeyset() {
	_, err := page.NewKeyset(page.Postgres, page.Sort{
		Columns: []page.Column{{Name: "placed_at", Nulls: page.NotNull}},
	}, page.KeysetConfig{Name: "orders"})
	fmt.Println(err)
	// Output:
	// page: Sort.Unique is empty, want the columns that no two rows share: pages of rows that tie skip and repeat rows
	// page: KeysetConfig.Keys is empty, want at least one
}

func ExampleKeysetRequest_Clauses() {
	keyset, err := page.NewKeyset(page.Postgres, page.Sort{
		Columns: []page.Column{
			{Name: "shipped_at", Expr: "s.shipped_at", Nulls: page.NullsFirst},
			{Name: "id", Expr: "o.id", Nulls: page.NotNull},
		},
		Unique: []string{"id"},
	}, page.KeysetConfig{Name: "orders", Keys: []page.Key{{ID: "2026", Secret: []byte("thirty-two random bytes, not this")}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	request, err := keyset.Parse(url.Values{"sort": {"-shipped_at"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	args := []any{"open"}
	c := request.Clauses(len(args))
	fmt.Println("SELECT … WHERE o.status = $1 AND " + c.Where + " ORDER BY " + c.OrderBy + " " + c.Limit)
	fmt.Println(append(args, c.Args...))
	// Output:
	// SELECT … WHERE o.status = $1 AND 1 = 1 ORDER BY s.shipped_at DESC, o.id DESC LIMIT $2
	// [open 21]
}

func ExampleOffset() {
	offset, err := page.NewOffset(page.Postgres, page.OffsetConfig{PerPage: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := url.Parse("/products?q=oak&page=7")
	if err != nil {
		fmt.Println(err)
		return
	}
	request, err := offset.Parse(u.Query())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request.Query("SELECT name FROM products WHERE name LIKE $1 ORDER BY name, id", "oak%"))
	fmt.Println(request.CountQuery("SELECT id FROM products WHERE name LIKE $1", "oak%"))

	rows := slices.Repeat([]string{"oak table"}, request.Limit()) // as the database gave them
	p, err := page.NewOffsetPage(request, rows, request.Counted(200))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.First(), "to", p.Last(), "of", p.Total())
	fmt.Println(slices.Collect(p.IterPages(page.Edges{})))
	fmt.Println(p.Link(u))
	// Output:
	// {SELECT name FROM products WHERE name LIKE $1 ORDER BY name, id LIMIT $2 OFFSET $3 [oak% 11 60]}
	// {SELECT count(*) FROM (SELECT 1 FROM (SELECT id FROM products WHERE name LIKE $1) AS listed LIMIT $2) AS counted [oak% 10001]}
	// 61 to 70 of 200
	// [1 2 0 5 6 7 8 9 10 11 0 19 20]
	// </products?page=1&q=oak>; rel="first", </products?page=6&q=oak>; rel="prev", </products?page=8&q=oak>; rel="next", </products?page=20&q=oak>; rel="last"
}

func ExampleOffset_Parse() {
	offset, err := page.NewOffset(page.Postgres, page.OffsetConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, query := range []string{"page=0", "page=two", "per_page=-1", "page=1000000", "per_page=1000000000"} {
		values, err := url.ParseQuery(query)
		if err != nil {
			fmt.Println(err)
			return
		}
		request, err := offset.Parse(values)
		fmt.Println(request.PerPage(), err)
	}
	// Output:
	// 0 page: must be a whole number of at least 1
	// 0 page: must be a whole number of at least 1
	// 0 per_page: must be a whole number of at least 1
	// 0 page: must be at most 501 with 20 per page: narrow the search to see more
	// 100 <nil>
}
