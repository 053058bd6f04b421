package shop_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
	"github.com/hone-go/hone/internal/testserver"
)

// watch has the fixture's cache told of changes in the database until the test
// ends, and returns when it is listening.
func (f *fixture) watch(t *testing.T) {
	t.Helper()
	listener, err := shop.Watch(t.Context(), f.db, f.cache, slog.New(slog.NewTextHandler(f.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- listener.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run() = %v, want the context's end", err)
		}
	})
	began := time.Now()
	f.eventually(t, "the listener listens", func() bool { return listener.Lag() < time.Since(began) })
}

// eventually waits until a condition holds.
func (f *fixture) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if !testserver.Poll(holds) {
		t.Fatalf("it never happened that %s; log: %s", what, f.log)
	}
}

// A change that no route of the shop has made is seen, through triggers.
func TestChangedBehindTheShop(t *testing.T) {
	f := newFixture(t, shoptest.Postgres, asCached)
	f.watch(t)
	var s api.ProductSummary
	read := func() api.ProductSummary {
		t.Helper()
		s = api.ProductSummary{}
		f.get(t, "/api/products/2/summary", &s)
		return s
	}
	first := func() api.Product {
		t.Helper()
		var c catalogAnswer
		f.get(t, "/api/catalog", &c)
		return c.Items[0]
	}
	line := f.scan(t, `SELECT min(order_id) FROM order_lines WHERE product_id = 2
		AND order_id IN (SELECT id FROM orders WHERE status <> 'cancelled')`)
	before := read()
	for _, change := range []struct {
		sql  string
		seen func() bool
	}{
		{`UPDATE products SET name = 'Bog oak' WHERE id = 2`, func() bool { return read().Product.Name == "Bog oak" }},
		{`UPDATE products SET stock = 12345 WHERE id = 1`, func() bool { return first().Stock == 12345 }},
		{fmt.Sprintf(`UPDATE customers SET name = 'Heir & Co.' WHERE id = %d`, read().BestCustomers[0].ID), func() bool {
			return slices.ContainsFunc(read().BestCustomers, func(c api.CustomerSales) bool { return c.Name == "Heir & Co." })
		}},
		{fmt.Sprintf(`UPDATE order_lines SET quantity = quantity + 1000 WHERE product_id = 2 AND order_id = %d`, line), func() bool { return read().Units == before.Units+1000 }},
		{fmt.Sprintf(`UPDATE orders SET status = 'cancelled' WHERE id = %d`, line), func() bool { return read().Orders == before.Orders-1 }},
	} {
		f.eventually(t, "both are in the cache", func() bool {
			read()
			first()
			return f.account(t, "/api/products/2/summary").Statements+f.account(t, "/api/catalog").Statements == 0
		})
		if _, err := f.db.ExecContext(t.Context(), change.sql); err != nil {
			t.Fatal(err)
		}
		f.eventually(t, change.sql+" is seen", change.seen)
	}
}

// Where nobody can tell of changes, Watch says so.
func TestWatchRefuses(t *testing.T) {
	eachSystem(t, asCached, func(t *testing.T, f *fixture) {
		want := data.ErrNoTriggers
		if f.on == shoptest.Postgres {
			want = nil
		}
		if _, err := shop.Watch(t.Context(), f.db, f.cache, slog.New(slog.DiscardHandler)); !errors.Is(err, want) {
			t.Errorf("Watch() = %v, want %v", err, want)
		}
	})
}
