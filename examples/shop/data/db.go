package data

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"regexp"
	"strings"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/sqltrace"
)

// Kind names a database system.
type Kind string

// The systems that [Open] knows.
const (
	SQLite   Kind = "sqlite"
	Postgres Kind = "postgres"
)

// DB is an open shop database. Statements go through the embedded pool. It is
// safe for concurrent use, and whoever opened it closes it.
type DB struct {
	*sql.DB
	engine   engine
	maxConns int
}

// engine is what differs between the systems. Its methods work on connections
// of their own, outside the pool and outside the trace.
type engine interface {
	kind() Kind
	// connector makes the connections that the shop's traffic takes.
	connector(*sqltrace.Tracer) driver.Connector
	// filled reports whether the shop's tables hold anything.
	filled(context.Context) (bool, error)
	// load creates the tables and fills them, all or nothing. It reports the
	// number of rows added since the last report.
	load(context.Context, *generator, func(rows int)) error
	// run executes statements one after the other.
	run(ctx context.Context, statements []string) error
	// boundAsFound gives the pool the bounds that a team in a hurry gives it.
	boundAsFound(pool *sql.DB, maxConns int)
	// pooler is what is between the service and the server.
	pooler() dbpool.Pooler
	// drop removes all that load created.
	drop(context.Context) error
	// close frees what is left once the pool is closed.
	close() error
}

// Open opens the database at url, which is empty for a temporary SQLite file
// that [DB.Close] removes, a path or sqlite:path for a lasting one, or
// postgres://user:password@host:port/database.
//
// It connects, and checks that the database is sound, writable and the shop's
// to use. An error says in one line what is wrong and what to do next; it
// never contains the password. Checking an SQLite file reads all of it, a
// fraction of a second for the default content.
//
// PostgreSQL may be behind a pooler, which Open finds out first, at the cost of
// one connection if there is none: statements then go as the pooler can carry
// them, and the database must have no tables of other people's under the
// shop's names.
func Open(ctx context.Context, url string, cfg Config) (*DB, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	engine, err := openEngine(ctx, url, cfg)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(engine.connector(cfg.Trace))
	engine.boundAsFound(pool, cfg.MaxConns)
	return &DB{DB: pool, engine: engine, maxConns: cfg.MaxConns}, nil
}

// Pool gives the pool bounds that fit, in place of those as found. On SQLite
// those are one connection, for which a quick request waits while a slow one
// reads; on PostgreSQL ten that are opened anew twice a second, so that
// requests pay for connecting all day.
func (db *DB) Pool() error {
	return dbpool.Limit(db.DB, dbpool.Config{Size: db.maxConns})
}

// Pooler returns what is between the shop and PostgreSQL. On SQLite its Mode
// is empty.
func (db *DB) Pooler() dbpool.Pooler { return db.engine.pooler() }

func openEngine(ctx context.Context, url string, cfg Config) (engine, error) {
	scheme, rest := splitScheme(url)
	switch scheme {
	case "", "sqlite":
		return openSQLite(ctx, rest)
	case "postgres", "postgresql":
		return openPostgres(ctx, url, cfg)
	default:
		return nil, &openError{text: fmt.Sprintf("the shop does not run on %s: give the path of an SQLite file or a postgres:// URL", scheme)}
	}
}

// splitScheme splits off what comes before a colon, if that can be a scheme. A
// drive letter cannot. PostgreSQL's other form, "host=… dbname=…", counts as
// its scheme, so that it is not taken for the name of a file.
func splitScheme(url string) (scheme, rest string) {
	if regexp.MustCompile(`(^|\s)(host|user|password|dbname)=`).MatchString(url) {
		return "postgres", url
	}
	parts := regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9+.-]+):(//)?(.*)$`).FindStringSubmatch(url)
	if parts == nil {
		return "", url
	}
	return strings.ToLower(parts[1]), parts[3]
}

// Kind says which system the database runs on.
func (db *DB) Kind() Kind { return db.engine.kind() }

// Seeded reports whether the shop's tables are there and hold rows.
func (db *DB) Seeded(ctx context.Context) (bool, error) { return db.engine.filled(ctx) }

// Drop removes the shop's tables and rows: on PostgreSQL the whole schema, or
// through a pooler the tables, and only if [Seed] made them. Dropping what is
// not there is no error.
func (db *DB) Drop(ctx context.Context) error { return db.engine.drop(ctx) }

// Close closes the pool, waiting for statements under way, and removes a
// temporary database. Closing twice is no error.
func (db *DB) Close() error {
	err := db.DB.Close()
	if closeErr := db.engine.close(); err == nil {
		err = closeErr
	}
	return err
}
