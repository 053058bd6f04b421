package sqltrace_test

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	_ "modernc.org/sqlite"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

func Example() {
	tracer, err := sqltrace.New(sqltrace.Config{Dialect: sqltrace.SQLite})
	if err != nil {
		fmt.Println(err)
		return
	}
	db, err := tracer.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // a database in memory belongs to its connection
	if _, err := db.Exec("CREATE TABLE lines (order_id INTEGER, product TEXT)"); err != nil {
		fmt.Println(err)
		return
	}

	inRequest(func(ctx context.Context) {
		for id := range 50 {
			if err := products(ctx, db, id); err != nil {
				fmt.Println(err)
			}
		}
	})

	for _, f := range tracer.Findings() {
		fmt.Println(f.Rule, "in", f.Route, "by", f.Func)
		fmt.Println(f.CountPerRequest, "times", f.SQL)
		fmt.Println("rather once", f.Rewritten)
	}
	// Output:
	// n+1 in GET /api/orders by sqltrace_test.products
	// 50 times SELECT product FROM lines WHERE order_id = ?
	// rather once SELECT product, order_id FROM lines WHERE order_id IN (?, ?, …)
}

func products(ctx context.Context, db *sql.DB, order int) error {
	rows, err := db.QueryContext(ctx, "SELECT product FROM lines WHERE order_id = ?", order)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var product string
		if err := rows.Scan(&product); err != nil {
			return err
		}
	}
	return rows.Err()
}

// inRequest stands for package measure, which opens the account of a request
// and ends it.
func inRequest(handle func(ctx context.Context)) {
	var l ledger.Ledger
	l.Open(context.Background(), time.Now())
	handle(&l)
	l.End(time.Now(), ledger.Summary{Route: "/api/orders", Method: "GET", Status: 200})
}

func ExampleTracer_Begin() {
	tracer, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	// What an adapter for a client that is not traced yet has to do.
	send := func(ctx context.Context, query string, args ...any) {
		s := tracer.Begin(ctx, query, args)
		// … send the statement …
		s.End(3, nil)
	}
	send(context.Background(), "SELECT a FROM t WHERE b IN ($1, $2)", 7, 8)
	send(context.Background(), "SELECT a FROM t WHERE b IN ($1, $2, $3)", 7, 8, 9)
	for _, s := range tracer.Statements() {
		fmt.Println(s.Count, s.Rows, s.SQL)
	}
	// Output: 2 6 SELECT a FROM t WHERE b IN (?)
}
