package dbpool_test

import (
	"database/sql"
	"testing"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/testserver"
)

func TestBusy(t *testing.T) {
	database := testserver.Postgres(t)
	pool := open(t, database, direct(dbpool.Config{Size: 3, Overflow: 1}))
	db, err := sql.Open("pgx", database) // pgx/stdlib's name
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := dbpool.Limit(db, dbpool.Config{Size: 4}); err != nil {
		t.Fatal(err)
	}
	busy, busyDB := dbpool.Busy(pool), dbpool.BusyDB(db)
	for used := range 5 { // 3 of 4 are 75 %
		if got, want := busy(), used >= 3; got != want {
			t.Errorf("Busy with %d of 4 in use = %v, want %v", used, got, want)
		}
		if got, want := busyDB(), used >= 3; got != want {
			t.Errorf("BusyDB with %d of 4 in use = %v, want %v", used, got, want)
		}
		if used == 4 {
			break
		}
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
		sqlConn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer sqlConn.Close()
	}
	db.SetMaxOpenConns(0)
	if busyDB() {
		t.Error("BusyDB without a limit = true, want false")
	}
}
