package data

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// openError says in one line why a database cannot be used and what to do. The
// cause is kept for errors.Is but not shown: its text has several lines and
// may quote the connection string.
type openError struct {
	text  string
	cause error
}

func (e *openError) Error() string { return "data: " + e.text }

func (e *openError) Unwrap() error { return e.cause }

// Unavailable reports whether err means that the database could not take the
// statement now (it is gone, full, locked or too slow) rather than that the
// statement was wrong. The same request may succeed later.
func Unavailable(err error) bool {
	var netErr net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, driver.ErrBadConn) || errors.As(err, &netErr) {
		return true
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch primary(lite) {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL:
			return true
		}
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// https://www.postgresql.org/docs/current/errcodes-appendix.html
		switch pg.Code[:min(2, len(pg.Code))] {
		case "08", // connection exception
			"40", // transaction rollback: deadlock, serialization failure
			"53", // insufficient resources
			"57": // operator intervention: shutting down, starting up
			return true
		}
	}
	return false
}

// primary returns the primary result code, which is the low byte of an
// extended one: https://www.sqlite.org/rescode.html#extrc
func primary(err *sqlite.Error) int { return err.Code() & 0xff }
