package pgxtrace_test

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/pgxtrace"
)

func Example() {
	tracer, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg, err := pgxpool.ParseConfig("postgres://localhost/shop?user=shop")
	if err != nil {
		fmt.Println(err)
		return
	}
	// To keep a tracer that is there already, join the two:
	// multitracer.New(cfg.ConnConfig.Tracer, pgxtrace.New(tracer)).
	cfg.ConnConfig.Tracer = pgxtrace.New(tracer)
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg) // connects later
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	fmt.Println(len(tracer.Findings()), "findings so far")
	// Output: 0 findings so far
}
