package data_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
)

// checksum hashes every value of every table, in order.
func checksum(t *testing.T, db *data.DB) string {
	t.Helper()
	hash := sha256.New()
	for _, query := range []string{
		`SELECT id, name, street, city, email FROM customers ORDER BY id`,
		`SELECT id, sku, name, species, cut, thickness_mm, width_mm, length_mm, price_cents, stock FROM products ORDER BY id`,
		`SELECT id, customer_id, placed_at, status, total_cents FROM orders ORDER BY id`,
		`SELECT order_id, line, product_id, quantity, price_cents FROM order_lines ORDER BY order_id, line`,
		`SELECT login, name, password_hash FROM staff ORDER BY name`,
	} {
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		values := make([]string, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(hash, "%q\n", values)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// The checksum is written down, so that both systems, all runs and all
// machines are held to the same rows. A deliberate change of the generator
// changes it here.
func TestSeedIsTheSameEverywhere(t *testing.T) {
	const want = "a0bb68eb9f200696b4d9c7025888178d87b3233a68dd9a85c06bdf9d7775aa19"
	shoptest.Each(t, func(t *testing.T, on shoptest.System) {
		db := open(t, on)
		seed(t, db, small)
		if got := checksum(t, db); got != want {
			t.Errorf("checksum = %s, want %s", got, want)
		}
		if err := db.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		seed(t, db, small)
		if got := checksum(t, db); got != want {
			t.Errorf("checksum after Drop and Seed = %s, want %s", got, want)
		}
	})
}

func TestSeedIsConsistent(t *testing.T) {
	shoptest.Each(t, func(t *testing.T, on shoptest.System) {
		db := open(t, on)
		seed(t, db, small)
		for _, check := range []struct {
			what, query string
			want        int64
		}{
			{"customers", `SELECT count(*) FROM customers`, 40},
			{"products", `SELECT count(*) FROM products`, 30},
			{"orders", `SELECT count(*) FROM orders`, 200},
			{"orders without lines", `SELECT count(*) FROM orders o
				WHERE NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id)`, 0},
			{"orders whose total is not the sum of their lines", `SELECT count(*) FROM orders o WHERE total_cents <>
				(SELECT sum(quantity * price_cents) FROM order_lines l WHERE l.order_id = o.id)`, 0},
			{"orders older than the one before", `SELECT count(*) FROM orders a JOIN orders b ON b.id = a.id + 1
				WHERE b.placed_at < a.placed_at`, 0},
			{"products twice in an order", `SELECT count(*) FROM (SELECT 1 FROM order_lines
				GROUP BY order_id, product_id HAVING count(*) > 1) AS twice`, 0},
			{"names twice in the range", `SELECT count(*) FROM (SELECT 1 FROM products
				GROUP BY name HAVING count(*) > 1) AS twice`, 0},
		} {
			var got int64
			if err := db.QueryRowContext(t.Context(), check.query).Scan(&got); err != nil {
				t.Fatalf("%s: %v", check.what, err)
			}
			if got != check.want {
				t.Errorf("%s: %d, want %d", check.what, got, check.want)
			}
		}
	})
}

// The references hold after the bulk load, and the next order gets the next
// number.
func TestSeedLeavesAWorkingSchema(t *testing.T) {
	shoptest.Each(t, func(t *testing.T, on shoptest.System) {
		db := open(t, on)
		seed(t, db, small)
		const insert = `INSERT INTO orders (customer_id, placed_at, status, total_cents)
			VALUES ($1, '2026-01-02T08:00:00Z', 'open', 100) RETURNING id`
		var id int64
		if err := db.QueryRowContext(t.Context(), insert, 1).Scan(&id); err != nil || id != 201 {
			t.Errorf("first order placed = %d, %v, want 201", id, err)
		}
		if err := db.QueryRowContext(t.Context(), insert, 41).Scan(&id); err == nil {
			t.Error("an order of a customer who does not exist was taken")
		}
		_, err := db.ExecContext(t.Context(), `INSERT INTO order_lines VALUES (1, 99, 31, 1, 1)`)
		if err == nil {
			t.Error("a line with a product that does not exist was taken")
		}
	})
}

func TestSeedRefusesATableThatHoldsRows(t *testing.T) {
	shoptest.Each(t, func(t *testing.T, on shoptest.System) {
		db := open(t, on)
		seed(t, db, small)
		if _, err := db.ExecContext(t.Context(), `UPDATE products SET stock = 7 WHERE id = 1`); err != nil {
			t.Fatal(err)
		}
		before := checksum(t, db)
		if err := data.Seed(t.Context(), db, small, nil); !errors.Is(err, data.ErrNotEmpty) {
			t.Errorf("second Seed() = %v, want ErrNotEmpty", err)
		}
		if after := checksum(t, db); after != before {
			t.Error("a refused Seed changed rows")
		}
	})
}

func TestSeedCancelledLeavesNothing(t *testing.T) {
	shoptest.Each(t, func(t *testing.T, on shoptest.System) {
		db := open(t, on)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		err := data.Seed(ctx, db, data.Sizes{Customers: 40, Products: 30, Orders: 3_000}, func(done, _ int) {
			if done > 4_000 { // amid the lines
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Seed(cancelled) = %v, want context.Canceled", err)
		}
		if seeded(t, db) {
			t.Error("a cancelled Seed left rows behind")
		}
		seed(t, db, small) // and nothing in the way of the next
	})
}

func TestSeedReportsProgress(t *testing.T) {
	shoptest.Each(t, func(t *testing.T, on shoptest.System) {
		db := open(t, on)
		var last, total, calls int
		err := data.Seed(t.Context(), db, data.Sizes{Customers: 40, Products: 30, Orders: 1_000}, func(done, of int) {
			calls++
			if done <= last || done > of || total != 0 && of != total {
				t.Errorf("progress(%d, %d) after progress(%d, %d)", done, of, last, total)
			}
			last, total = done, of
		})
		if err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM customers) + (SELECT count(*) FROM products)
			+ (SELECT count(*) FROM orders) + (SELECT count(*) FROM order_lines) + (SELECT count(*) FROM staff)`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if last != rows || total != rows {
			t.Errorf("last progress = (%d, %d), want the %d rows written", last, total, rows)
		}
		if calls < 3 {
			t.Errorf("progress was called %d times for %d rows, want one in about a thousand", calls, rows)
		}
	})
}

func TestSeedRefusesBadSizes(t *testing.T) {
	shoptest.Each(t, func(t *testing.T, on shoptest.System) {
		db := open(t, on)
		err := data.Seed(t.Context(), db, data.Sizes{Customers: -1, Products: 5_000, Orders: -2}, nil)
		if err == nil {
			t.Fatal("Seed accepted negative sizes")
		}
		for _, field := range []string{"Sizes.Customers is -1", "Sizes.Products is 5000", "Sizes.Orders is -2"} {
			if !strings.Contains(err.Error(), field) {
				t.Errorf("Seed() = %q, want it to say %q", err, field)
			}
		}
		if seeded(t, db) {
			t.Error("a refused Seed wrote rows")
		}
	})
}
