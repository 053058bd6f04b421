package data_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
	"github.com/hone-go/hone/internal/testserver"
)

// TestIndexIsUsed asks the planner how it finds a product's order lines.
func TestIndexIsUsed(t *testing.T) {
	explain := map[data.Kind]string{data.SQLite: "EXPLAIN QUERY PLAN ", data.Postgres: "EXPLAIN "}
	shoptest.Each(t, func(t *testing.T, on shoptest.System) {
		db := open(t, on)
		db.SetMaxIdleConns(0) // SQLite explains with the schema that the connection has read
		seed(t, db, data.Sizes{Customers: 200, Products: 500, Orders: 5_000})
		plan := func() string {
			t.Helper()
			rows, err := db.QueryContext(t.Context(), explain[db.Kind()]+"SELECT sum(quantity) FROM order_lines WHERE product_id = 7")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			columns, err := rows.Columns()
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(string)
			}
			for rows.Next() {
				if err := rows.Scan(values...); err != nil {
					t.Fatal(err)
				}
				text.WriteString(*values[len(values)-1].(*string) + "\n")
			}
			return text.String()
		}
		if got := plan(); strings.Contains(got, "order_lines_product_id") {
			t.Fatalf("plan as found = %s, want no index", got)
		}
		for range 2 {
			if err := db.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := plan(); !strings.Contains(got, "order_lines_product_id") {
			t.Errorf("plan after Index = %s, want the index", got)
		}
	})
}

// The user's own tables may be large: their statistics are none of the shop's
// business.
func TestIndexAnalyzesOnlyTheShop(t *testing.T) {
	for _, on := range []shoptest.System{shoptest.Postgres, shoptest.PgBouncer} {
		t.Run(string(on), func(t *testing.T) {
			url := on.URL(t)
			conn := connect(t, testserver.Direct(t, url),
				`CREATE TABLE ledger WITH (autovacuum_enabled = off) AS SELECT generate_series(1, 100) AS id`)
			db := openURL(t, url, data.Config{})
			seed(t, db, small)
			if err := db.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
			var theirs, ours int
			err := conn.QueryRow(t.Context(), `SELECT count(DISTINCT tablename) FILTER (WHERE tablename = 'ledger'),
				count(DISTINCT tablename) FILTER (WHERE tablename IN ('customers', 'products', 'orders', 'order_lines'))
				FROM pg_stats`).Scan(&theirs, &ours)
			if err != nil || theirs != 0 || ours != 4 {
				t.Errorf("tables with statistics = %d of the user's and %d of the shop's, %v, want 0 and 4", theirs, ours, err)
			}
		})
	}
}
