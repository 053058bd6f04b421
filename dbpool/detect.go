package dbpool

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// detectTimeout bounds [Detect]. Not shorter: three connections with TLS over
// a continent take a second. Not longer: a service is starting.
const detectTimeout = 15 * time.Second

// detectRounds is how often two connections are compared. Not fewer: a pooler
// that deals its servers out in turn shows itself when a client meets another
// one, which two idle servers out of many do in the second round. Not more:
// each is two round trips.
const detectRounds = 4

// idle is the status of a connection outside a transaction.
const idle = 'I'

// Detect finds out what is between the service and PostgreSQL from what any
// client can see: a server process other than the one that was announced means
// a pooler, and one process serving two open connections, or two processes
// serving one, mean that it pools by transaction or statement. Whether it
// carries prepared statements is tried with one. Its version and limits, and
// the mode that it has for this user or database, are read from PgBouncer's
// console if the user may.
//
// A pooler in session mode and one in transaction mode that was busy or lucky
// enough to give each of the two connections a server of its own all along
// cannot be told apart but by the console: the answer is then [Session]. An
// RDS Proxy is known by the name that Amazon gives it, and not behind a name of
// one's own: it keeps a server for whoever asks these questions.
//
// Cost: a direct connection is known after one round trip; otherwise three
// connections and some fifteen round trips. Nothing is changed, except that a
// pooler that carries prepared statements may keep the one that was tried, a
// SELECT, among its own. The error is that of the connection.
func Detect(ctx context.Context, cfg *pgx.ConnConfig) (Pooler, error) {
	ctx, cancel := context.WithTimeout(ctx, detectTimeout)
	defer cancel()
	first, err := connect(ctx, &cfg.Config)
	if err != nil {
		return Pooler{}, err
	}
	defer closeConn(first)
	return detect(ctx, first, &cfg.Config)
}

// DetectConn is [Detect] with conn, which stays open, as the first of the
// connections: where it goes to PostgreSQL itself, no other is opened. It must
// not be in a transaction. When ctx ends, conn is closed.
func DetectConn(ctx context.Context, conn *pgx.Conn) (Pooler, error) {
	if conn.PgConn().TxStatus() != idle {
		return Pooler{}, errors.New("dbpool: DetectConn needs a connection outside a transaction")
	}
	ctx, cancel := context.WithTimeout(ctx, detectTimeout)
	defer cancel()
	return detect(ctx, conn.PgConn(), &conn.Config().Config)
}

// detect asks on first, and opens others with cfg if it must.
func detect(ctx context.Context, first *pgconn.PgConn, cfg *pgconn.Config) (Pooler, error) {
	if isRDSProxy(cfg.Host) {
		return Pooler{Mode: Pinning}, nil
	}
	pid, err := backend(ctx, first)
	if err != nil {
		return Pooler{}, err
	}
	if pid == first.PID() {
		return Pooler{Mode: Direct, Prepared: true}, nil
	}
	p, mode := console(ctx, cfg)
	if !mode.shared() { // or another pooler behind the one that says so
		if mode, err = observe(ctx, first, cfg, pid); err != nil {
			return Pooler{}, err
		}
	}
	p.Mode, p.Prepared = mode, true
	if p.Mode.shared() {
		p.Mode, p.Prepared, err = prepared(ctx, first)
	}
	return p, err
}

// isRDSProxy reports whether a host has the name of an RDS Proxy, such as
// shop.proxy-abc123.eu-central-1.rds.amazonaws.com, or of an endpoint of one,
// such as reads.endpoint.proxy-abc123.….
func isRDSProxy(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	host = strings.TrimSuffix(host, ".cn")
	return strings.HasSuffix(host, ".rds.amazonaws.com") && strings.Contains(host, ".proxy-")
}

// observe tells by the processes that serve two connections how long a pooler
// leaves a server with its client.
func observe(ctx context.Context, first *pgconn.PgConn, cfg *pgconn.Config, pid uint32) (Mode, error) {
	second, err := connect(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer closeConn(second)
	shared, err := share(ctx, first, second, pid)
	if err != nil {
		return "", err
	}
	if shared {
		return Transaction, nil
	}
	return Session, nil
}

// connect opens a connection without pgx's caches: what is sent must be
// certain. The tracer of the configuration sees nothing of it.
func connect(ctx context.Context, cfg *pgconn.Config) (*pgconn.PgConn, error) {
	conn, err := pgconn.ConnectConfig(ctx, cfg.Copy())
	if err != nil {
		return nil, fmt.Errorf("dbpool: %w", err)
	}
	return conn, nil
}

// closeConn says good-bye, within a second even to a server that is gone.
func closeConn(conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // there is nothing to be done about it
}

// simple runs a statement in one round trip of the simple protocol and returns
// its rows.
func simple(ctx context.Context, conn *pgconn.PgConn, sql string) ([][][]byte, error) {
	result, err := named(ctx, conn, sql)
	if err != nil {
		return nil, err
	}
	return result.Rows, nil
}

// named is simple with the names of the columns.
func named(ctx context.Context, conn *pgconn.PgConn, sql string) (*pgconn.Result, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("dbpool: %w", err)
	}
	if len(results) == 0 {
		return new(pgconn.Result), nil
	}
	return results[len(results)-1], nil
}

// backend returns the process that serves the connection right now.
func backend(ctx context.Context, conn *pgconn.PgConn) (uint32, error) {
	rows, err := simple(ctx, conn, "SELECT pg_catalog.pg_backend_pid()")
	if err != nil {
		return 0, err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return 0, errors.New("dbpool: pg_backend_pid() gave no answer: is this PostgreSQL?")
	}
	pid, err := strconv.ParseUint(string(rows[0][0]), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("dbpool: pg_backend_pid(): %w", err)
	}
	return uint32(pid), nil
}

// share reports whether two open connections, the first last served by pid,
// share servers or move between them.
func share(ctx context.Context, first, second *pgconn.PgConn, pid uint32) (bool, error) {
	other, err := backend(ctx, second)
	if err != nil || other == pid {
		return err == nil, err
	}
	for range detectRounds {
		a, err := backend(ctx, first)
		if err != nil {
			return false, err
		}
		b, err := backend(ctx, second)
		if err != nil {
			return false, err
		}
		if a != pid || b != other {
			return true, nil
		}
	}
	return false, nil
}

// prepared tries a prepared statement inside a transaction, so that one server
// sees it all. A pooler that carries such statements gives them names of its
// own; under ours it would be found only on that server.
func prepared(ctx context.Context, conn *pgconn.PgConn) (Mode, bool, error) {
	if _, err := simple(ctx, conn, "BEGIN READ ONLY"); err != nil {
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			return Statement, false, nil // a pooler that allows no transactions
		}
		return "", false, err
	}
	const probe = "hone_probe"
	var rows [][][]byte
	_, err := conn.Prepare(ctx, probe, "SELECT 1 AS hone_probe", nil)
	if err == nil {
		rows, err = simple(ctx, conn, "SELECT 1 FROM pg_catalog.pg_prepared_statements WHERE name = '"+probe+"'")
		// Taken away again: the server connection will serve others.
		err = errors.Join(err, conn.Deallocate(ctx, probe))
	}
	if _, rerr := simple(ctx, conn, "ROLLBACK"); rerr != nil {
		return "", false, errors.Join(err, rerr)
	}
	if err != nil {
		return Transaction, false, nil // it refuses the protocol itself
	}
	return Transaction, len(rows) == 0, nil
}
