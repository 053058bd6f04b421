package data_test

import (
	"sync"
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
	"github.com/hone-go/hone/internal/testserver"
)

// hold opens n connections at once and gives them back.
func hold(t *testing.T, db *data.DB, n int) {
	t.Helper()
	var all, done sync.WaitGroup
	all.Add(n)
	for range n {
		done.Go(func() {
			conn, err := db.Conn(t.Context())
			all.Done()
			if err != nil {
				t.Error(err)
				return
			}
			all.Wait()
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
}

// As found most of the connections to PostgreSQL are closed as soon as they
// come back; with bounds that fit they are kept.
func TestPoolKeepsItsConnections(t *testing.T) {
	for _, on := range []shoptest.System{shoptest.Postgres, shoptest.PgBouncer} {
		t.Run(string(on), func(t *testing.T) {
			db := open(t, on)
			hold(t, db, 8)
			if got := db.Stats().MaxIdleClosed; got != 6 {
				t.Errorf("connections closed as found = %d, want 6 of 8", got)
			}
			if err := db.Pool(); err != nil {
				t.Fatal(err)
			}
			hold(t, db, 8)
			if got := db.Stats().MaxIdleClosed; got != 6 {
				t.Errorf("connections closed in all = %d, want no more than before", got)
			}
		})
	}
}

// As found a second reader of SQLite waits for the first; with bounds that fit
// nobody does.
func TestPoolLetsReadersOfSQLitePass(t *testing.T) {
	db := open(t, shoptest.SQLite)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error, 1)
	go func() { second <- db.PingContext(t.Context()) }()
	testserver.Eventually(t, "the second reader as found waits", func() bool { return db.Stats().WaitCount > 0 })
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if err := db.Pool(); err != nil {
		t.Fatal(err)
	}
	hold(t, db, 8)
	if got := db.Stats().WaitCount; got != 1 {
		t.Errorf("waits for a connection = %d, want no more than the one as found", got)
	}
}
