package explain_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hone-go/hone/sqltrace/explain"
)

func Example() {
	dir, err := os.MkdirTemp("", "explain")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	dsn := filepath.Join(dir, "shop.db")
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	_, err = db.Exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, placed_at TEXT);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
		INSERT INTO orders SELECT i, i % 400, 'day ' || i FROM n`)
	if err != nil {
		fmt.Println(err)
		return
	}

	// On a connection of its own. In a service, Run explains what is observed.
	adviser, err := explain.Open("sqlite", dsn, explain.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer adviser.Close()
	adviser.Observe(`SELECT placed_at FROM orders WHERE customer_id = ?`, []any{7}, 3*time.Millisecond)
	if err := adviser.Pass(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range adviser.Report().Advice {
		fmt.Println(a.SQL)
		fmt.Printf("%.0f %s before, %.0f after\n", a.Before, a.Unit, a.After)
	}
	// Output:
	// CREATE INDEX IF NOT EXISTS orders_customer_id_idx ON orders (customer_id)
	// 20000 rows read, estimated before, 50 after
}
