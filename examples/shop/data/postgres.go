package data

import (
	"context"
	"database/sql/driver"
	_ "embed"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/sqltrace"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	//go:embed schema_postgres.sql
	postgresSchema string
	//go:embed keys_postgres.sql
	postgresKeys string
)

// connectTimeout bounds a connection attempt when the URL sets no
// connect_timeout. A server that needs longer is as good as away to someone
// who waits for an answer; one second would give up on a busy one.
const connectTimeout = 5 * time.Second

type postgresEngine struct {
	config *pgx.ConnConfig // without a tracer
	ground ground
}

func openPostgres(ctx context.Context, dsn, schema string) (*postgresEngine, error) {
	config, err := parsePostgres(dsn)
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "hone shop"
	}
	e := &postgresEngine{config: config}
	if err := e.settle(ctx, schema); err != nil {
		return nil, err
	}
	return e, nil
}

// settle chooses the ground by what is between the shop and the server, sets
// the connections up for both, and checks that nobody else is there.
func (e *postgresEngine) settle(ctx context.Context, schema string) error {
	delete(e.config.RuntimeParams, "search_path") // of the URL: a pooler would refuse it
	pooler, err := dbpool.Detect(ctx, e.config)
	if err != nil {
		return e.explain(err)
	}
	pooler.Apply(e.config)
	if pooler.Mode == dbpool.Direct {
		e.ground = ownSchema(schema)
		e.config.RuntimeParams["search_path"] = schema // and nothing else: no table of the user's can be meant
	} else {
		e.ground = defaultSchema(schema)
	}
	return e.with(ctx, func(conn *pgx.Conn) error {
		_, err := e.ground.owned(ctx, conn)
		return err
	})
}

// parsePostgres reports what is wrong with a URL without quoting more of it
// than is sure to be outside the password.
func parsePostgres(dsn string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(dsn, u.Scheme+"://") {
		return nil, &openError{text: "the PostgreSQL URL does not parse: write postgres://user:password@host:5432/database, with special characters in the password as %XX"}
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The text quotes the URL, between backquotes, before the reason.
		text := strings.Join(strings.Fields(err.Error()), " ")
		reason := text[strings.LastIndex(text, "`")+1:]
		return nil, &openError{text: "the PostgreSQL URL cannot be used" + reason}
	}
	return config, nil
}

// with runs f on a connection outside the pool, and explains its error.
func (e *postgresEngine) with(ctx context.Context, f func(*pgx.Conn) error) error {
	conn, err := pgx.ConnectConfig(ctx, e.config)
	if err != nil {
		return e.explain(err)
	}
	// The context may be why f failed; saying goodbye must not depend on it.
	defer conn.Close(context.WithoutCancel(ctx))
	return e.explain(f(conn))
}

func (e *postgresEngine) kind() Kind { return Postgres }

func (e *postgresEngine) connector(trace *sqltrace.Tracer) driver.Connector {
	return tracePostgres(e.config, trace)
}

func (e *postgresEngine) filled(ctx context.Context) (filled bool, err error) {
	err = e.with(ctx, func(conn *pgx.Conn) error {
		filled, err = e.filledIn(ctx, conn)
		return err
	})
	return filled, err
}

func (e *postgresEngine) filledIn(ctx context.Context, q queryer) (bool, error) {
	found, err := e.ground.owned(ctx, q)
	if err != nil || !found {
		return false, err
	}
	err = q.QueryRow(ctx, `SELECT to_regclass('order_lines') IS NOT NULL`).Scan(&found)
	if err != nil || !found {
		return false, err
	}
	err = q.QueryRow(ctx, anyRows).Scan(&found)
	return found, err
}

func (e *postgresEngine) load(ctx context.Context, g *generator, added func(rows int)) error {
	return e.with(ctx, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if err := e.prepare(ctx, tx); err != nil {
				return err
			}
			for _, t := range g.tables() {
				if err := postgresCopy(ctx, tx, t, added); err != nil {
					return fmt.Errorf("data: filling %s: %w", t.name, err)
				}
			}
			_, err := tx.Exec(ctx, postgresKeys)
			return err
		})
	})
}

// prepare makes the empty tables.
func (e *postgresEngine) prepare(ctx context.Context, tx pgx.Tx) error {
	filled, err := e.filledIn(ctx, tx)
	if err != nil {
		return err
	}
	if filled {
		return ErrNotEmpty
	}
	for _, statement := range e.ground.create() {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func postgresCopy(ctx context.Context, tx pgx.Tx, t table, added func(rows int)) error {
	next, stop := iter.Pull(t.rows)
	defer stop()
	_, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(func() ([]any, error) {
		row, ok := next()
		if !ok {
			return nil, nil
		}
		added(1)
		return row, nil
	}))
	return err
}

func (e *postgresEngine) drop(ctx context.Context) error {
	return e.with(ctx, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			found, err := e.ground.owned(ctx, tx)
			if err != nil || !found {
				return err
			}
			_, err = tx.Exec(ctx, e.ground.drop())
			return err
		})
	})
}

func (e *postgresEngine) close() error { return nil }

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
	case errors.As(err, &connect):
		return &openError{fmt.Sprintf("cannot reach PostgreSQL at %s: check that the server runs there and that host and port are right (%s)", address, innermost(connect)), err}
	default:
		return err
	}
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
