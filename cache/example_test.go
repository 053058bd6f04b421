package cache_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// shop returns a cache in this process. A service with several takes store/redis
// in place of store/memory.
func shop() *cache.Cache {
	store, err := memory.New(memory.Config{})
	if err != nil {
		log.Fatal(err)
	}
	c, err := cache.New(store, cache.Config{Namespace: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func ExampleMemoize() {
	ctx := context.Background()
	load := func(_ context.Context, id int) (string, error) {
		fmt.Println("asking the database for", id)
		return fmt.Sprint("product ", id), nil
	}
	product, err := cache.Memoize(shop(), "product", load, cache.FuncConfig[int, string]{TTL: cache.For(time.Minute)})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		name, found, err := product.Get(ctx, 7)
		fmt.Println(name, found, err)
	}
	// Output:
	// asking the database for 7
	// product 7 true <nil>
	// product 7 true <nil>
}

func ExampleFunc_GetMany() {
	ctx := context.Background()
	one := func(_ context.Context, id int) (string, error) { return fmt.Sprint("product ", id), nil }
	product, err := cache.Memoize(shop(), "product", one, cache.FuncConfig[int, string]{
		LoadMany: func(_ context.Context, ids []int) (map[int]string, error) {
			fmt.Println("asking the database for", len(ids), "products")
			products := make(map[int]string)
			for _, id := range ids {
				products[id] = fmt.Sprint("product ", id)
			}
			return products, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	products, err := product.GetMany(ctx, []int{1, 2, 3})
	fmt.Println(products, err)
	products, err = product.GetMany(ctx, []int{2, 3})
	fmt.Println(products, err)
	// Output:
	// asking the database for 3 products
	// map[1:product 1 2:product 2 3:product 3] <nil>
	// map[2:product 2 3:product 3] <nil>
}

// That there is no such user is remembered for five seconds.
func ExampleErrNotFound() {
	ctx := context.Background()
	load := func(context.Context, string) (string, error) {
		fmt.Println("asking the database")
		return "", cache.ErrNotFound // or sql.ErrNoRows
	}
	user, err := cache.Memoize(shop(), "user", load, cache.FuncConfig[string, string]{NotFound: cache.For(5 * time.Second)})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		_, found, err := user.Get(ctx, "nobody")
		fmt.Println(found, err)
	}
	// Output:
	// asking the database
	// false <nil>
	// false <nil>
}

// A change of product 7 ends what depends on it.
func ExampleCache_Invalidate() {
	ctx := context.Background()
	c := shop()
	price := 10
	page, err := cache.Memoize(c, "page", func(_ context.Context, id int) (string, error) {
		return fmt.Sprintf("product %d costs %d", id, price), nil
	}, cache.FuncConfig[int, string]{
		Tags: func(id int, _ string) []string { return []string{fmt.Sprint("product:", id)} },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Get(ctx, 7))
	price = 12
	fmt.Println(page.Get(ctx, 7))
	if err := c.Invalidate(ctx, "product:7"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Get(ctx, 7))
	// Output:
	// product 7 costs 10 true <nil>
	// product 7 costs 10 true <nil>
	// product 7 costs 12 true <nil>
}

func ExampleNewValues() {
	ctx := context.Background()
	drafts, err := cache.NewValues(shop(), "draft", cache.ValuesConfig[string]{TTL: cache.For(time.Hour)})
	if err != nil {
		log.Fatal(err)
	}
	added, err := drafts.Add(ctx, "ann", "Dear", cache.TTL{})
	fmt.Println(added, err)
	added, err = drafts.Add(ctx, "ann", "Hello", cache.TTL{})
	fmt.Println(added, err)
	fmt.Println(drafts.Get(ctx, "ann"))
	deleted, err := drafts.Delete(ctx, "ann")
	fmt.Println(deleted, err)
	fmt.Println(drafts.Has(ctx, "ann"))
	// Output:
	// true <nil>
	// false <nil>
	// Dear true <nil>
	// true <nil>
	// false <nil>
}

func ExampleNewCounters() {
	ctx := context.Background()
	views, err := cache.NewCounters(shop(), "views", cache.For(24*time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(views.Increment(ctx, "product 7", 1))
	fmt.Println(views.Increment(ctx, "product 7", 2))
	fmt.Println(views.Get(ctx, "product 7"))
	// Output:
	// 1 <nil>
	// 3 <nil>
	// 3 true <nil>
}
