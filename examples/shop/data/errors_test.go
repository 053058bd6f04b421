package data_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestUnavailable(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("broken"), false},
		{sql.ErrNoRows, false},
		{context.Canceled, false},
		{context.DeadlineExceeded, true},
		{driver.ErrBadConn, true},
		{&pgconn.PgError{Code: "23505"}, false}, // unique violation
		{&pgconn.PgError{Code: "42P01"}, false}, // undefined table
		{&pgconn.PgError{Code: ""}, false},
		{&pgconn.PgError{Code: "08006"}, true}, // connection failure
		{&pgconn.PgError{Code: "40P01"}, true}, // deadlock
		{&pgconn.PgError{Code: "53300"}, true}, // too many connections
		{&pgconn.PgError{Code: "57P01"}, true}, // shutting down
	} {
		if got := data.Unavailable(test.err); got != test.want {
			t.Errorf("Unavailable(%v) = %t, want %t", test.err, got, test.want)
		}
		if got := data.Unavailable(fmt.Errorf("shop: %w", test.err)); got != test.want {
			t.Errorf("Unavailable(shop: %v) = %t, want %t", test.err, got, test.want)
		}
	}
}

func TestUnavailableSQLite(t *testing.T) {
	db := open(t, shoptest.SQLite)
	seed(t, db, small)
	if err := db.Pool(); err != nil { // as found there is one connection, which the second would wait for
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO staff VALUES ('owen', 'Owen', '')`); err == nil || data.Unavailable(err) {
		t.Errorf("Unavailable(%v) = true, want false: the row is there", err)
	}
	writer, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Rollback()
	impatient, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer impatient.Close()
	if _, err := impatient.ExecContext(t.Context(), `PRAGMA busy_timeout = 1`); err != nil {
		t.Fatal(err)
	}
	if _, err := impatient.ExecContext(t.Context(), `UPDATE products SET stock = 1`); !data.Unavailable(err) {
		t.Errorf("Unavailable(%v) = false, want true: the database is locked", err)
	}
}

func TestUnavailableServer(t *testing.T) {
	_, err := data.Open(t.Context(), "postgres://shop@127.0.0.1:1/shop", data.Config{})
	if !data.Unavailable(err) {
		t.Errorf("Unavailable(%v) = false, want true: there is no server", err)
	}
}
