package batch_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "modernc.org/sqlite"

	"github.com/hone-go/hone/batch"
)

type customer struct {
	ID   int64
	Name string
}

type purchase struct {
	ID, CustomerID int64
	Customer       customer
	Items          []item
}

type item struct {
	OrderID int64
	Product string
}

// customersByID is written by hand, or generated.
func customersByID(db *sql.DB) batch.Query[int64, customer] {
	return func(ctx context.Context, ids []int64) ([]customer, error) {
		in, args := batch.In(batch.Question, 1, ids)
		rows, err := db.QueryContext(ctx, "SELECT id, name FROM customers WHERE id "+in, args...)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var customers []customer
		for rows.Next() {
			var c customer
			if err := rows.Scan(&c.ID, &c.Name); err != nil {
				return nil, err
			}
			customers = append(customers, c)
		}
		return customers, rows.Err()
	}
}

func customerID(c customer) int64 { return c.ID }

// exampleDB has Ada, who is 1, and Bo, who is 2.
func exampleDB() *sql.DB {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1) // a database in memory belongs to its connection
	if _, err := db.Exec(`CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
		INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bo')`); err != nil {
		panic(err)
	}
	return db
}

func ExampleAttachOne() {
	db := exampleDB()
	defer db.Close()
	customers, err := batch.NewRelation(customersByID(db), customerID, batch.RelationConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}

	orders := []purchase{{ID: 100, CustomerID: 2}, {ID: 101, CustomerID: 1}, {ID: 102, CustomerID: 2}, {ID: 103, CustomerID: 7}}
	missing, err := batch.AttachOne(context.Background(), orders,
		func(o *purchase) (int64, bool) { return o.CustomerID, o.CustomerID != 0 },
		customers,
		func(o *purchase, c customer) { o.Customer = c })
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range orders {
		fmt.Printf("%d %q\n", o.ID, o.Customer.Name)
	}
	fmt.Println("without a row:", missing)
	fmt.Println(missing.Err())
	// Output:
	// 100 "Bo"
	// 101 "Ada"
	// 102 "Bo"
	// 103 ""
	// without a row: [7]
	// batch: no row for the key (1 in all)
}

func ExampleAttachMany() {
	itemsByOrder := func(_ context.Context, orders []int64) ([]item, error) {
		fmt.Println("one query for orders", orders)
		return []item{{101, "lamp"}, {100, "desk"}, {101, "chair"}}, nil
	}
	items, err := batch.NewRelation(itemsByOrder, func(i item) int64 { return i.OrderID }, batch.RelationConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}

	orders := []purchase{{ID: 100}, {ID: 101}, {ID: 102}}
	err = batch.AttachMany(context.Background(), orders,
		func(o *purchase) (int64, bool) { return o.ID, true },
		items,
		func(o *purchase, items []item) { o.Items = items })
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range orders {
		fmt.Println(o.ID, len(o.Items), "items")
	}
	// Output:
	// one query for orders [100 101 102]
	// 100 1 items
	// 101 2 items
	// 102 0 items
}

func ExampleLoader() {
	db := exampleDB()
	defer db.Close()
	relation, err := batch.NewRelation(customersByID(db), customerID, batch.RelationConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}

	// For each request:
	group := batch.NewGroup(context.Background(), batch.GroupConfig{})
	customers, err := batch.NewLoader(group, relation.One, batch.LoaderConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	names := make([]string, 4)
	for i, id := range []int64{2, 1, 2, 7} {
		group.Go(func(ctx context.Context) error {
			c, err := customers.Load(ctx, id) // all four are one query
			if errors.Is(err, batch.ErrMissing) {
				c.Name = "(gone)"
			} else if err != nil {
				return err
			}
			names[i] = c.Name
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(names)
	// Output: [Bo Ada Bo (gone)]
}

func ExampleLoader_Queue() {
	group := batch.NewGroup(context.Background(), batch.GroupConfig{})
	squares, err := batch.NewLoader(group, func(_ context.Context, keys []int) (map[int]int, error) {
		fmt.Println("one fetch of", keys)
		values := make(map[int]int)
		for _, key := range keys {
			values[key] = key * key
		}
		return values, nil
	}, batch.LoaderConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, b := squares.Queue(3), squares.Queue(4)
	for _, promise := range []batch.Promise[int, int]{a, b} {
		fmt.Println(promise.Wait(context.Background()))
	}
	if err := group.Wait(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// one fetch of [3 4]
	// 9 <nil>
	// 16 <nil>
}

func ExampleIn() {
	fmt.Println(batch.In(batch.Question, 1, []int{7, 8, 9}))
	fmt.Println(batch.In(batch.Dollar, 2, []int{7, 8, 9}))
	// Output:
	// IN (?, ?, ?, ?) [7 8 9 9]
	// IN ($2, $3, $4, $5) [7 8 9 9]
}

func ExampleAny() {
	fmt.Println(batch.Any(batch.Dollar, 1, []int{7, 8, 9}))
	// Output: = ANY($1) [[7 8 9]]
}

func ExamplePad() {
	fmt.Println(batch.Pad([]string{"a", "b", "c", "d", "e"}))
	// Output: [a b c d e e e e]
}
