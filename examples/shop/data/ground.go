package data

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ground is where on a PostgreSQL server the shop's tables are, and how the
// shop knows them for its own.
type ground interface {
	// owned reports whether the shop is there. If somebody else is in its
	// place, that is an error.
	owned(ctx context.Context, q queryer) (bool, error)
	// create returns what replaces the shop, if it is there, by empty tables.
	create() []string
	// drop returns what removes the shop and nothing else, if it is there.
	drop() string
}

type queryer interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// schemaMark is the comment by which the shop knows a schema for its own.
const schemaMark = "hone example shop: may be dropped"

// ownSchema is a schema that holds the shop and nothing else. It takes
// connections whose search_path is set.
type ownSchema string

func (s ownSchema) owned(ctx context.Context, q queryer) (bool, error) {
	var mark string
	err := q.QueryRow(ctx, `SELECT coalesce(obj_description(oid, 'pg_namespace'), '')
		FROM pg_namespace WHERE nspname = $1`, string(s)).Scan(&mark)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case mark != schemaMark:
		return false, &openError{text: fmt.Sprintf("the schema %s exists and is not the shop's: choose another name", s)}
	default:
		return true, nil
	}
}

func (s ownSchema) create() []string {
	return []string{
		s.drop(),
		`CREATE SCHEMA ` + string(s),
		`COMMENT ON SCHEMA ` + string(s) + ` IS '` + schemaMark + `'`,
		postgresSchema,
	}
}

func (s ownSchema) drop() string { return `DROP SCHEMA IF EXISTS ` + string(s) + ` CASCADE` }

// defaultSchema is the schema in which the database makes new tables, usually
// public. It is for a pooler, through which no connection has a search_path of
// its own: PgBouncer refuses the startup parameter, a SET would stay behind
// for whoever gets the server connection next, SET LOCAL would make three
// round trips and a transaction of each statement, and the defaults of the
// role and the database are the user's. Naming the schema in each statement
// would end the one text for both systems.
//
// There the mark is on each table, and the name is the shop's in the mark: two
// shops never take each other's tables.
type defaultSchema string

// tableNames are the shop's tables.
var tableNames = []string{"customers", "products", "orders", "order_lines", "staff"}

func (s defaultSchema) mark() string { return "hone example shop " + string(s) + ": may be dropped" }

// owned looks the names up as the shop's statements do, along the whole search
// path: a table of the user's in a schema behind the default one would be meant
// as well until the shop's is there.
func (s defaultSchema) owned(ctx context.Context, q queryer) (bool, error) {
	var tables int
	var foreign string
	err := q.QueryRow(ctx, `SELECT count(*), coalesce(min(name) FILTER (WHERE mark <> $2), '')
		FROM (SELECT name, coalesce(obj_description(to_regclass(name), 'pg_class'), '') AS mark
			FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL) AS found`,
		tableNames, s.mark()).Scan(&tables, &foreign)
	switch {
	case err != nil:
		return false, err
	case foreign != "":
		return false, &openError{text: fmt.Sprintf("the table %s exists and is not this shop's, which has no schema of its own through a pooler: give another database, or the URL of PostgreSQL itself", foreign)}
	default:
		return tables > 0, nil
	}
}

func (s defaultSchema) create() []string {
	statements := []string{s.drop(), postgresSchema}
	for _, name := range tableNames {
		statements = append(statements, `COMMENT ON TABLE `+name+` IS '`+s.mark()+`'`)
	}
	return statements
}

// drop does not cascade: what depends on the tables is not the shop's.
func (s defaultSchema) drop() string {
	return `DROP TABLE IF EXISTS ` + strings.Join(tableNames, `, `)
}
