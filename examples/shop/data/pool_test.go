package data_test

import (
	"sync"
	"testing"
)

// TestPoolKeepsItsConnections holds eight connections at once, twice: as found
// most of them are closed in between.
func TestPoolKeepsItsConnections(t *testing.T) {
	eachSystem(t, func(t *testing.T, on system) {
		db := open(t, on)
		closed := func() int64 {
			t.Helper()
			const held = 8
			var all, done sync.WaitGroup
			all.Add(held)
			for range held {
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
			return db.Stats().MaxIdleClosed
		}
		if got := closed(); got != 6 {
			t.Errorf("connections closed as found = %d, want 6 of 8", got)
		}
		if err := db.Pool(); err != nil {
			t.Fatal(err)
		}
		if got := closed(); got != 6 {
			t.Errorf("connections closed in all = %d, want no more than before", got)
		}
	})
}
