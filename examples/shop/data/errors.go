package data

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/hone-go/hone/dbpool"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
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

// explain puts an error in terms of the server.
func (e *postgresEngine) explain(err error) error {
	address := net.JoinHostPort(e.config.Host, strconv.Itoa(int(e.config.Port)))
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, context.Canceled):
		return &openError{fmt.Sprintf("cancelled while waiting for PostgreSQL at %s", address), err}
	case errors.As(err, &pg):
		return &openError{fmt.Sprintf("PostgreSQL at %s refuses: %s: %s", address, pg.Message, advice(pg)), err}
	case isForeign(err):
		return &openError{fmt.Sprintf("what answers at %s is no PostgreSQL: check the host and the port", address), err}
	case errors.As(err, &connect):
		return &openError{fmt.Sprintf("cannot reach PostgreSQL at %s: check that the server runs there and that host and port are right (%s)", address, innermost(connect)), err}
	default:
		return err
	}
}

// isForeign reports whether a server answered in another protocol: with what
// is no message of PostgreSQL's, or no TLS.
func isForeign(err error) bool {
	var message *pgproto3.ExceededMaxBodyLenErr
	var record tls.RecordHeaderError
	return errors.As(err, &message) || errors.As(err, &record)
}

// advice says what to do about a refusal:
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func advice(refusal *pgconn.PgError) string {
	switch refusal.Code {
	case "28000", "28P01":
		return "check the user and the password in the URL"
	case "3D000":
		return "create the database or correct its name in the URL"
	case "53300":
		return "close other connections or raise max_connections"
	case "57P03":
		return "the server is starting or stopping; try again"
	case "42P07", "42P06", "23505":
		return "another shop was made there at the same moment: try again"
	case "55P03":
		return "another session uses the tables of a demo that was killed: end it, or wait"
	case "2BP01":
		return "drop those first: they are not the shop's"
	case "42501":
		return "let the user create schemas in this database, or tables if a pooler is in between"
	}
	if fault, ok := dbpool.Explain(refusal); ok { // a pooler's refusals too
		return fault.Remedy
	}
	return "see the server's log (SQLSTATE " + refusal.Code + ")"
}

// innermost returns the text of the last error in the chain, which names the
// system call's reason and nothing of the connection string.
func innermost(err error) string {
	for {
		switch wrapped := err.(type) {
		case interface{ Unwrap() error }:
			if wrapped.Unwrap() == nil {
				return err.Error()
			}
			err = wrapped.Unwrap()
		case interface{ Unwrap() []error }:
			all := wrapped.Unwrap()
			if len(all) == 0 {
				return err.Error()
			}
			err = all[len(all)-1]
		default:
			return err.Error()
		}
	}
}
