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

// Detect finds out what is between the service and PostgreSQL from what any
// client can see: a server process other than the one that was announced means
// a pooler, and one process serving two open connections, or two processes
// serving one, mean that it pools by transaction or statement. Whether it
// carries prepared statements is tried with one. Its version and limits are
// read from PgBouncer's console if the user may.
//
// A pooler in session mode and one in transaction mode that was busy or lucky
// enough to give each of the two connections a server of its own all along
// cannot be told apart but by the console: the answer is then [Session].
//
// Cost: a direct connection is known after one round trip; otherwise three
// connections and some fifteen round trips. Nothing is changed. The error is
// that of the connection.
func Detect(ctx context.Context, cfg *pgx.ConnConfig) (Pooler, error) {
	ctx, cancel := context.WithTimeout(ctx, detectTimeout)
	defer cancel()
	first, err := connect(ctx, &cfg.Config)
	if err != nil {
		return Pooler{}, err
	}
	defer closeConn(first)
	pid, err := backend(ctx, first)
	if err != nil {
		return Pooler{}, err
	}
	if pid == first.PID() {
		return Pooler{Mode: Direct, Prepared: true}, nil
	}

	p := Pooler{Mode: Session, Prepared: true}
	if figures, err := console(ctx, &cfg.Config); err == nil {
		p = figures
	}
	second, err := connect(ctx, &cfg.Config)
	if err != nil {
		return Pooler{}, err
	}
	defer closeConn(second)
	shared, err := share(ctx, first, second, pid)
	if err != nil {
		return Pooler{}, err
	}
	if shared && !p.Mode.shared() {
		p.Mode = Transaction
	}
	if p.Mode.shared() {
		p.Mode, p.Prepared, err = prepared(ctx, first)
	}
	return p, err
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

// simple runs one or more statements in one round trip of the simple protocol
// and returns the rows of the last.
func simple(ctx context.Context, conn *pgconn.PgConn, sql string) ([][][]byte, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("dbpool: %w", err)
	}
	if len(results) == 0 {
		return nil, nil
	}
	return results[len(results)-1].Rows, nil
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

// console reads PgBouncer's figures from its own database. The error means
// there are none for this user, or this is no PgBouncer.
func console(ctx context.Context, cfg *pgconn.Config) (Pooler, error) {
	cfg = cfg.Copy()
	cfg.Database = "pgbouncer"
	cfg.RuntimeParams = nil
	conn, err := connect(ctx, cfg)
	if err != nil {
		return Pooler{}, err
	}
	defer closeConn(conn)
	version, err := simple(ctx, conn, "SHOW VERSION")
	if err != nil {
		return Pooler{}, err
	}
	settings, err := simple(ctx, conn, "SHOW CONFIG")
	if err != nil {
		return Pooler{}, err
	}
	return parseConsole(version, settings), nil
}

// parseConsole reads the answers to SHOW VERSION ("PgBouncer 1.18.0") and SHOW
// CONFIG (name, value, …). What it cannot read stays unknown.
func parseConsole(version, settings [][][]byte) Pooler {
	p := Pooler{Mode: Session, Prepared: true}
	if len(version) == 1 && len(version[0]) > 0 {
		if words := strings.Fields(string(version[0][0])); len(words) >= 2 && words[0] == "PgBouncer" {
			p.Version = words[1]
		}
	}
	for _, row := range settings {
		if len(row) < 2 {
			continue
		}
		value := string(row[1])
		number, _ := strconv.Atoi(value) // 0 is not known
		switch string(row[0]) {
		case "pool_mode":
			if mode := Mode(value); mode.valid() {
				p.Mode = mode
			}
		case "max_prepared_statements":
			p.MaxPrepared = number
		case "default_pool_size":
			p.PoolSize = number
		case "max_client_conn":
			p.MaxClients = number
		}
	}
	return p
}
