package pginvalidate_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/store/memory"
)

// The rules are written once, and used for the migration, the check and the
// listener.
func Example() {
	setup := pginvalidate.Setup{Rules: []pginvalidate.Rule{
		{Table: "shop.products", Tags: []string{"product:{id}", "category:{category_id}"}, All: "products"},
		{Table: "shop.prices", Tags: []string{"product:{product_id}"}, All: "products"},
	}}
	sql, err := pginvalidate.Migration(setup) // for psql -f, or a migration tool
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Count(sql, "CREATE OR REPLACE FUNCTION"), "functions")

	store, err := memory.New(memory.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	c, err := cache.New(store, cache.Config{Namespace: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	conn, err := pgx.ParseConfig("postgres://shop@127.0.0.1:5432/shop") // PostgreSQL itself, not PgBouncer
	if err != nil {
		log.Fatal(err)
	}
	listener, err := pginvalidate.New(conn, c, pginvalidate.Config{
		Setup:   setup,
		OnError: func(_ context.Context, err error) { log.Print(err) },
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // a service lets it run
	fmt.Println(errors.Is(listener.Run(ctx), context.Canceled))
	// Output:
	// 2 functions
	// true
}

// A name that SQL would have to quote is quoted; what is no name is refused.
func ExampleMigration() {
	_, err := pginvalidate.Migration(pginvalidate.Setup{Rules: []pginvalidate.Rule{
		{Table: "products; DROP TABLE products", Tags: []string{"product:{id}"}},
	}})
	fmt.Println(err)
	// Output: pginvalidate: Setup.Rules[0]: Table: "products; DROP TABLE products": want a dot between names
}
