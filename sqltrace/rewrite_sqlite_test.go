package sqltrace_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/hone-go/hone/sqltrace"
)

// openShop returns a small database in memory: lines of orders, some without.
func openShop(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // each connection has a memory of its own
	t.Cleanup(func() { db.Close() })
	exec := func(query string, args ...any) {
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, state TEXT)`)
	exec(`CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER, product TEXT, quantity INTEGER)`)
	for i := range 20 {
		exec(`INSERT INTO orders VALUES (?, ?, ?)`, i, i%4, []string{"open", "sent"}[i%2])
		for j := range i % 5 {
			exec(`INSERT INTO lines VALUES (?, ?, ?, ?)`, i*10+j, i, fmt.Sprint("p", (i*7+j*3)%6), (i+j*5)%9)
		}
	}
	return db
}

// TestRewriteReturnsTheSameRows asks for each key by itself and for all at
// once, groups the second, and compares.
func TestRewriteReturnsTheSameRows(t *testing.T) {
	type args = []any
	tests := []struct {
		sql  string
		args args // of which args[vary] is the key
		vary int
		// How the rewritten text takes the arguments, if not with the keys in
		// the place of the key.
		keysLast bool
		// What a key without rows has in the result of the original.
		empty string
	}{
		{sql: "SELECT product, quantity FROM lines WHERE order_id = ? ORDER BY quantity, id", args: args{0}},
		{sql: "SELECT * FROM lines WHERE order_id = ? ORDER BY id DESC", args: args{0}},
		{sql: "SELECT l.product FROM lines l JOIN orders o ON o.id = l.order_id WHERE o.id = ? AND l.quantity > ? ORDER BY l.id", args: args{0, 2}},
		{sql: "SELECT l.product FROM lines l WHERE l.quantity > ?1 AND ?2 = l.order_id ORDER BY l.id", args: args{2, 0}, vary: 1},
		{sql: "SELECT product FROM lines WHERE order_id = ?1 AND quantity > ?2 ORDER BY id", args: args{0, 2}, keysLast: true},
		{sql: "SELECT product FROM lines WHERE (order_id = $1) AND (quantity > $2 OR quantity = 0) ORDER BY id", args: args{0, 2}, keysLast: true},
		{sql: "SELECT product FROM lines WHERE quantity > 2 AND order_id IN (?) ORDER BY id", args: args{0}},
		{sql: "SELECT count(*), sum(quantity) FROM lines WHERE order_id = ?", args: args{0}, empty: "[[0 <nil>]]"},
		{sql: "SELECT count(*) AS n FROM lines WHERE order_id = ? AND quantity > ? LIMIT 1", args: args{0, 3}, empty: "[[0]]"},
		{sql: "SELECT product, sum(quantity) FROM lines WHERE order_id = ? GROUP BY product HAVING sum(quantity) > 1 ORDER BY product", args: args{0}},
		{sql: "SELECT product, quantity FROM lines WHERE order_id = ? ORDER BY quantity DESC, id LIMIT 2", args: args{0}},
		{sql: "SELECT product FROM lines WHERE order_id = ? ORDER BY quantity, id LIMIT ?", args: args{0, 3}},
		{sql: "SELECT product FROM lines WHERE order_id = ?1 ORDER BY id LIMIT ?2", args: args{0, 1}, keysLast: true},
		{sql: "SELECT state, customer FROM orders WHERE id = ? LIMIT 1", args: args{0}},
		{sql: "SELECT * FROM orders WHERE orders.id = ? ORDER BY orders.id LIMIT 1", args: args{0}},
		{sql: "SELECT DISTINCT product FROM lines WHERE order_id = ? ORDER BY product", args: args{0}},
		{sql: "WITH big AS (SELECT * FROM lines WHERE quantity > 2) SELECT product FROM big WHERE order_id = ? ORDER BY id", args: args{0}},
		{sql: `SELECT "product" AS "p", (SELECT count(*) FROM orders o WHERE o.id = lines.order_id) FROM "lines" WHERE "order_id" = ? ORDER BY "id"`, args: args{0}},
	}
	db := openShop(t)
	keys := []any{0, 3, 4, 7, 9, 13, 14, 99} // 0 and 99 have no lines, 99 no order
	for _, tt := range tests {
		r := sqltrace.RewriteLoop(tt.sql, sqltrace.SQLite, 1<<tt.vary, len(keys))
		if r.SQL == "" {
			t.Errorf("rewriteLoop(%q) refuses: %s", tt.sql, r.Why)
			continue
		}
		want := make(map[string][][]any)
		var columns []string
		for _, key := range keys {
			one := slices.Clone(tt.args)
			one[tt.vary] = key
			var rows [][]any
			columns, rows = query(t, db, tt.sql, one...)
			if len(rows) > 0 && fmt.Sprint(rows) != tt.empty {
				want[fmt.Sprint(key)] = rows
			}
		}
		all := slices.Concat(tt.args[:tt.vary], keys, tt.args[tt.vary+1:])
		if tt.keysLast {
			all = slices.Concat(tt.args[:tt.vary], tt.args[tt.vary+1:], keys)
		}
		found, rows := query(t, db, r.SQL, all...)
		at := slices.Index(found, r.Key)
		if at < 0 {
			t.Errorf("%s has columns %v, want the key %s among them", r.SQL, found, r.Key)
			continue
		}
		got := make(map[string][][]any)
		for _, row := range rows {
			key := fmt.Sprint(row[at])
			got[key] = append(got[key], row[:len(columns)])
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nas rewritten: %s\ngave %v\nwant %v", tt.sql, r.SQL, got, want)
		}
		if len(want) < 4 {
			t.Errorf("%s: only %d keys have rows, too few to compare", tt.sql, len(want))
		}
	}
}

func query(t *testing.T, db *sql.DB, text string, args ...any) (columns []string, result [][]any) {
	t.Helper()
	rows, err := db.Query(text, args...)
	if err != nil {
		t.Fatalf("%s with %v: %v", text, args, err)
	}
	defer rows.Close()
	columns, err = rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		result = append(result, row)
	}
	if err := cmp.Or(rows.Err(), rows.Close()); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return columns, result
}
