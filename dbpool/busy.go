package dbpool

import (
	"database/sql"

	"github.com/jackc/pgx/v5/pgxpool"
)

// busyShare is the part of a pool's connections in use from which on it is
// busy. Not less: a pool that fits runs half full in every rush. Not more: the
// next burst would find no connection free.
const busyShare = 0.7

// Busy returns a function that reports whether 70 % of the pool's connections
// are in use: a time to leave the database to the requests. It is what
// sqltrace/explain's Config.Busy asks for. The function blocks on nothing and
// is safe for concurrent use.
func Busy(pool *pgxpool.Pool) func() bool {
	return func() bool {
		s := pool.Stat()
		return busy(int(s.AcquiredConns()), int(s.MaxConns()))
	}
}

// BusyDB is [Busy] for a pool of database/sql's. One without a limit is never
// busy. For a DB of [OpenDB]'s ask the pool that it is on.
func BusyDB(db *sql.DB) func() bool {
	return func() bool {
		s := db.Stats()
		return busy(s.InUse, s.MaxOpenConnections)
	}
}

func busy(used, most int) bool {
	return most > 0 && float64(used) >= busyShare*float64(most)
}
