package data

import (
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/sqltrace"
	"github.com/jackc/pgx/v5"
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

// maxMessageBytes bounds what is believed of the length of a message. The first
// words of another protocol, read as a length, are some 800 MB, for which the
// shop would wait. None of the server's is near it: a row of the shop has 200
// bytes, and an error a few thousand.
const maxMessageBytes = 16 << 20

type postgresEngine struct {
	config    *pgx.ConnConfig // without a tracer
	between   dbpool.Pooler
	ground    ground
	temporary string // the shop's name, if it is to be gone with its process
	mu        struct {
		sync.Mutex
		heart *heart // renews the lease of a temporary shop that is filled
	}
}

func openPostgres(ctx context.Context, dsn string, cfg Config) (*postgresEngine, error) {
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
	config.MaxProtocolMessageBodyLen = maxMessageBytes
	e := &postgresEngine{config: config}
	if cfg.Temporary {
		e.temporary = cfg.Schema
	}
	if err := e.settle(ctx, cfg.Schema); err != nil {
		return nil, err
	}
	return e, nil
}

// settle chooses the ground by what is between the shop and the server, sets
// the connections up for both, clears away the temporary shops of processes
// that were killed if it is for one itself, and checks that nobody else is
// there.
func (e *postgresEngine) settle(ctx context.Context, schema string) error {
	delete(e.config.RuntimeParams, "search_path") // of the URL: a pooler would refuse it
	var err error
	if e.between, err = dbpool.Detect(ctx, e.config); err != nil {
		return e.explain(err)
	}
	e.between.Apply(e.config)
	mark := "hone example shop " + schema + ": may be dropped"
	if e.temporary != "" {
		mark = temporaryMark(schema)
	}
	if e.between.Mode == dbpool.Direct {
		e.ground = ownSchema{schema, mark}
		e.config.RuntimeParams["search_path"] = schema // and nothing else: no table of the user's can be meant
	} else {
		e.ground = defaultSchema{mark}
	}
	return e.with(ctx, func(conn *pgx.Conn) error {
		if e.temporary != "" {
			if err := sweep(ctx, conn); err != nil {
				return err
			}
		}
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
	err := e.with(ctx, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if err := e.prepare(ctx, tx); err != nil {
				return err
			}
			for _, t := range g.tables() {
				if err := postgresCopy(ctx, tx, t, added); err != nil {
					return fmt.Errorf("data: filling %s: %w", t.name, err)
				}
			}
			if _, err := tx.Exec(ctx, postgresKeys); err != nil || e.temporary == "" {
				return err
			}
			_, err := tx.Exec(ctx, renewLease, e.temporary) // now: what is seen of the shop is alive
			return err
		})
	})
	if err == nil {
		e.keepAlive()
	}
	return err
}

// prepare makes the empty tables and marks them. It drops only what it has seen
// to be the shop's: if another shop comes in between, the names are taken.
func (e *postgresEngine) prepare(ctx context.Context, tx pgx.Tx) error {
	filled, err := e.filledIn(ctx, tx)
	if err != nil {
		return err
	}
	if filled {
		return ErrNotEmpty
	}
	found, err := e.ground.owned(ctx, tx)
	if err != nil {
		return err
	}
	var statements []string
	if found {
		statements = append(statements, e.ground.drop())
	}
	for _, statement := range append(statements, e.create()...) {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// create returns what makes the empty tables and marks them.
func (e *postgresEngine) create() []string {
	statements, tables := e.ground.create(), tableNames[1:]
	if e.temporary != "" {
		statements, tables = append(statements, createLease), tableNames
	}
	for _, name := range tables {
		statements = append(statements, `COMMENT ON TABLE `+name+` IS '`+e.ground.mark()+`'`)
	}
	return statements
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
	e.letGo()
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

func (e *postgresEngine) close() error {
	e.letGo()
	return nil
}

func (e *postgresEngine) pooler() dbpool.Pooler { return e.between }

// boundAsFound replaces each connection twice a second, so that no failover of
// the server leaves the service with dead ones, and keeps two idle ones, which
// is database/sql's default, whatever may be open: requests pay for connecting
// all day.
func (e *postgresEngine) boundAsFound(pool *sql.DB, maxConns int) {
	pool.SetMaxOpenConns(maxConns)
	pool.SetConnMaxLifetime(500 * time.Millisecond)
}
