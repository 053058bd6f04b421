package explain_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/sqltrace/explain"
)

// summaryQueries are what GET /api/products/{id}/summary of the example shop
// sends.
var summaryQueries = []query{
	{`SELECT id, name FROM products WHERE id = $1`, []any{int64(7)}},
	{`SELECT count(*),
			CAST(coalesce(sum(l.quantity), 0) AS bigint),
			CAST(coalesce(sum(l.quantity * l.price_cents), 0) AS bigint)
		FROM order_lines l JOIN orders o ON o.id = l.order_id
		WHERE l.product_id = $1 AND o.status <> 'cancelled'`, []any{int64(7)}},
	{`SELECT substr(o.placed_at, 1, 7) AS month,
			CAST(sum(l.quantity) AS bigint),
			CAST(sum(l.quantity * l.price_cents) AS bigint)
		FROM order_lines l JOIN orders o ON o.id = l.order_id
		WHERE l.product_id = $1 AND o.status <> 'cancelled'
		GROUP BY substr(o.placed_at, 1, 7) ORDER BY month`, []any{int64(7)}},
	{`SELECT c.id, c.name, c.city,
			CAST(sum(l.quantity * l.price_cents) AS bigint) AS revenue
		FROM order_lines l
		JOIN orders o ON o.id = l.order_id
		JOIN customers c ON c.id = o.customer_id
		WHERE l.product_id = $1 AND o.status <> 'cancelled'
		GROUP BY c.id, c.name, c.city ORDER BY revenue DESC, c.id LIMIT 5`, []any{int64(7)}},
}

var customerOrders = query{`SELECT id, placed_at FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC LIMIT 20`, []any{int64(3)}}

// shop opens the example shop, on PostgreSQL with its default content: what
// the planner makes of a join depends on the sizes.
func shop(t *testing.T, kind data.Kind) *database {
	t.Helper()
	var db *database
	var sizes data.Sizes
	url := ""
	switch kind {
	case data.Postgres:
		db = openHypoPG(t)
		url = db.dsn
		db = open(t, "pgx", with(t, db.dsn, "search_path", "hone_shop"))
	default:
		sizes.Orders = 8_000
		url = filepath.Join(t.TempDir(), "shop.db")
		db = open(t, "sqlite", url)
	}
	s, err := data.Open(t.Context(), url, data.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := data.Seed(t.Context(), s, sizes, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestShop(t *testing.T) {
	for _, kind := range []data.Kind{data.SQLite, data.Postgres} {
		t.Run(string(kind), func(t *testing.T) {
			db := shop(t, kind)
			a := db.adviser(t, explain.Config{MinRows: 5_000})
			for _, q := range append(summaryQueries, customerOrders) {
				for range 20 {
					a.Observe(q.sql, q.args, 10*time.Millisecond)
				}
			}
			a.Observe(`INSERT INTO order_lines VALUES ($1, $2, $3, $4, $5)`, []any{1, 2, 3, 4, 5}, time.Millisecond)
			if err := a.Pass(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := a.Report()
			want := []string{"order_lines (product_id)", "orders (customer_id"}
			for i, w := range want {
				if i >= len(r.Advice) || !strings.Contains(r.Advice[i].SQL, w) {
					t.Fatalf("advice:\n%s\nwant %q as number %d", summary(r), w, i+1)
				}
				checkAdvice(t, r.Advice[i])
			}
			if len(r.Advice) != len(want) {
				t.Errorf("advice:\n%s\nwant %d", summary(r), len(want))
			}
			if got := len(r.Advice[0].Statements); got != 3 {
				t.Errorf("statements that order_lines (product_id) serves = %d, want 3", got)
			}
			if got := r.Advice[0].WritesPerSecond; got <= 0 {
				t.Errorf("WritesPerSecond = %v, want the INSERT counted", got)
			}
			if r.Explained != 5 || r.Waiting != 0 || r.Dropped != 0 {
				t.Errorf("explained, waiting, dropped = %d, %d, %d, want 5, 0, 0", r.Explained, r.Waiting, r.Dropped)
			}

			// What was advised is done as it says; then there is silence, as
			// soon as the catalogue is read again.
			for _, ad := range r.Advice {
				db.exec(t, ad.SQL)
			}
			a.Observe(`SELECT 1`, nil, time.Millisecond)
			if err := a.Pass(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := a.Report(); len(got.Advice) > 0 {
				t.Errorf("with the indexes:\n%s\nwant silence", summary(got))
			}
			if got := db.advise(t, explain.Config{MinRows: 5_000}, append(summaryQueries, customerOrders)...); len(got.Advice)+len(got.Skipped) > 0 {
				t.Errorf("with the indexes:\n%s\nwant silence", summary(got))
			}
		})
	}
}

func checkAdvice(t *testing.T, ad explain.Advice) {
	t.Helper()
	if !ad.Validated || ad.Unvalidated != "" {
		t.Errorf("%s is not validated: %s", ad.SQL, ad.Unvalidated)
	}
	if ad.After <= 0 || ad.After > 0.75*ad.Before {
		t.Errorf("%s: cost before, after = %v, %v, want at most three quarters", ad.SQL, ad.Before, ad.After)
	}
	if ad.SizeBytes < 8192 {
		t.Errorf("%s: SizeBytes = %d, want an estimate", ad.SQL, ad.SizeBytes)
	}
	if ad.Gain <= 0 || len(ad.Evidence) == 0 {
		t.Errorf("%s: Gain = %v, Evidence = %q", ad.SQL, ad.Gain, ad.Evidence)
	}
	for _, s := range []string{ad.SQL, "-- up\n", "-- down\n", "DROP INDEX"} {
		if !strings.Contains(ad.Migration, s) {
			t.Errorf("Migration = %q, want it to contain %q", ad.Migration, s)
		}
	}
}
