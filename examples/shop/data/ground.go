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
	// create returns what makes the shop's empty tables, where there are none.
	create() []string
	// drop returns what removes the shop and nothing else, if it is there.
	drop() string
	// mark is the comment on what is the shop's.
	mark() string
}

type queryer interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// tableNames are the shop's tables, of which only a temporary one has the
// first.
var tableNames = []string{leaseTable, "customers", "products", "orders", "order_lines", "staff"}

// ownSchema is a schema that holds the shop and nothing else. It takes
// connections whose search_path is set.
type ownSchema struct{ name, comment string }

func (s ownSchema) mark() string { return s.comment }

func (s ownSchema) owned(ctx context.Context, q queryer) (bool, error) {
	var mark string
	err := q.QueryRow(ctx, `SELECT coalesce(obj_description(oid, 'pg_namespace'), '')
		FROM pg_namespace WHERE nspname = $1`, s.name).Scan(&mark)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case mark != s.comment:
		return false, &openError{text: fmt.Sprintf("the schema %s exists and is not the shop's: choose another name", s.name)}
	default:
		return true, nil
	}
}

func (s ownSchema) create() []string {
	return []string{
		`CREATE SCHEMA ` + s.name,
		`COMMENT ON SCHEMA ` + s.name + ` IS '` + s.comment + `'`,
		postgresSchema,
	}
}

func (s ownSchema) drop() string { return `DROP SCHEMA IF EXISTS ` + s.name + ` CASCADE` }

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
type defaultSchema struct{ comment string }

func (s defaultSchema) mark() string { return s.comment }

// owned looks the names up as the shop's statements do, along the whole search
// path: a table of the user's in a schema behind the default one would be meant
// as well until the shop's is there.
func (s defaultSchema) owned(ctx context.Context, q queryer) (bool, error) {
	var tables int
	var foreign string
	var temporary bool
	err := q.QueryRow(ctx, `SELECT count(*), coalesce(min(name) FILTER (WHERE mark <> $2), ''),
			coalesce(bool_and(mark LIKE $3 || '%') FILTER (WHERE mark <> $2), false)
		FROM (SELECT name, coalesce(obj_description(to_regclass(name), 'pg_class'), '') AS mark
			FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL) AS found`,
		tableNames, s.comment, temporaryPrefix).Scan(&tables, &foreign, &temporary)
	switch {
	case err != nil:
		return false, err
	case temporary:
		return false, errOtherTemporary(foreign)
	case foreign != "":
		return false, &openError{text: fmt.Sprintf("the table %s exists and is not this shop's, which has no schema of its own through a pooler: give another database, or the URL of PostgreSQL itself", foreign)}
	default:
		return tables > 0, nil
	}
}

func (s defaultSchema) create() []string { return []string{postgresSchema} }

// drop does not cascade: what depends on the tables is not the shop's.
func (s defaultSchema) drop() string {
	return `DROP TABLE IF EXISTS ` + strings.Join(tableNames, `, `)
}
