package shop_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/hone-go/hone/examples/shop/internal/shoptest"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/jackc/pgx/v5"
)

// routeMix is what client n of many asks for, to be answered well whatever the
// others do: every route but the login, most of whose time goes to hashing.
func routeMix(n int) []request {
	product := 1 + n%sizes.Products
	return []request{
		{"GET", "/", ""},
		{"GET", "/search?q=oak", ""},
		{"GET", "/api/catalog?species=Oak", ""},
		{"GET", "/api/orders", ""},
		{"GET", fmt.Sprintf("/api/orders/%d", 1+n), ""},
		{"GET", fmt.Sprintf("/api/products/%d/summary", product), ""},
		{"POST", "/api/orders", fmt.Sprintf(`{"customer_id": %d, "lines": [{"product_id": %d, "quantity": 1}]}`, 1+n, product)},
		{"PUT", fmt.Sprintf("/api/products/%d", product), `{"name": "Oak", "price_cents": 1, "stock": 1000}`},
		{"GET", "/api/export.csv", ""},
		{"GET", "/health", ""},
	}
}

// TestFiftyClientsOnFiveServers gives the shop 50 connections to a PgBouncer
// that has 5 for it, and as many clients.
func TestFiftyClientsOnFiveServers(t *testing.T) {
	const clients, servers = 50, 5
	for _, as := range versions {
		t.Run(string(as), func(t *testing.T) {
			f := newFixture(t, shoptest.PgBouncer, as)
			if err := f.db.Pool(); err != nil { // so that what is opened stays open
				t.Fatal(err)
			}
			if _, err := f.db.ExecContext(t.Context(), `UPDATE products SET stock = 1000`); err != nil {
				t.Fatal(err)
			}
			f.connect(t, clients)
			f.occupy(t, servers) // so that all of them are there, however light the load
			if got := backends(t, f.url); got != servers {
				t.Errorf("connections to PostgreSQL = %d, want %d", got, servers)
			}

			var done sync.WaitGroup
			for n := range clients {
				done.Go(func() {
					mix := routeMix(n)
					for i := range mix {
						r := mix[(i+n)%len(mix)] // each begins elsewhere
						if w := f.do(t.Context(), r.method, r.target, r.body); w.Code >= 300 {
							t.Errorf("%s %s = %d %s", r.method, r.target, w.Code, w.Body)
						}
					}
				})
			}
			done.Wait()

			if log := f.log.String(); log != "" {
				t.Errorf("log = %s, want nothing", log)
			}
			if got, want := f.scan(t, `SELECT count(*) FROM orders`), int64(sizes.Orders+clients); got != want {
				t.Errorf("orders = %d, want %d: one more for each client", got, want)
			}
			if got := f.db.Stats().OpenConnections; got != clients {
				t.Errorf("connections to PgBouncer = %d, want %d", got, clients)
			}
			if got := backends(t, f.url); got != servers {
				t.Errorf("connections to PostgreSQL after the load = %d, want %d as before", got, servers)
			}
			f.checkNothingStays(t, 2*servers)
		})
	}
}

// connect opens n connections at once.
func (f *fixture) connect(t *testing.T, n int) {
	t.Helper()
	var held, done sync.WaitGroup
	held.Add(n)
	for range n {
		done.Go(func() {
			conn, err := f.db.Conn(t.Context())
			held.Done()
			if err != nil {
				t.Error(err)
				return
			}
			held.Wait()
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
}

// occupy has n transactions open at once, each of which takes one of
// PgBouncer's connections.
func (f *fixture) occupy(t *testing.T, n int) {
	t.Helper()
	for range n {
		tx, err := f.db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(t.Context(), `SELECT 1`); err != nil {
			t.Fatal(err)
		}
	}
}

// backends returns how many connections PostgreSQL itself has to the database
// of a PgBouncer URL.
func backends(t *testing.T, url string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testserver.Direct(t, url))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	err = conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkNothingStays looks rounds times at the server connections, which
// PgBouncer deals out in turn, for what would meet their next client.
func (f *fixture) checkNothingStays(t *testing.T, rounds int) {
	t.Helper()
	for range rounds {
		const left = `SELECT (SELECT count(*) FROM pg_prepared_statements) +
			(SELECT count(*) FROM pg_settings WHERE source = 'session' AND name = 'search_path')`
		if got := f.scan(t, left); got != 0 {
			t.Errorf("prepared statements and settings left on a server connection = %d, want none", got)
		}
	}
}
