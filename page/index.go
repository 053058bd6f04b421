package page

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNotIndexed is matched by the errors of [KeysetRequest.CheckIndex] and
// [OffsetRequest.CheckIndex] that say that the database would sort all rows of
// a list for each page of it. Any other error means that it could not be told.
var ErrNotIndexed = errors.New("page: no index serves the order")

// A Beginner begins transactions, as [*sql.DB] and [*sql.Conn] do. Pgx has
// one in stdlib.OpenDBFromPool.
type Beginner interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// CheckIndex asks the database how it reads the page of base, which is as for
// [KeysetRequest.Query], and returns an error that matches [ErrNotIndexed] and
// names the columns of the missing index if it sorts. It is for the start of a
// service, or a test, and for each order that clients use: an empty table
// gives the same answer as a full one. The statement itself is not run.
//
// Where base sorts too, as with GROUP BY, that is reported alike: nor can such
// a list be read from its middle.
//
// Cost: three round trips, in a read-only transaction that is rolled back.
func (r KeysetRequest) CheckIndex(ctx context.Context, db Beginner, base string, args ...any) error {
	r.perPage = 0 // one row: for many, planners rather sort a small table than use an index
	return checkIndex(ctx, db, r.keyset.dialect, r.Query(base, args...), r.terms)
}

// CheckIndex is [KeysetRequest.CheckIndex] for a page with a number. Without a
// [Sort] it checks base's own ORDER BY.
func (r OffsetRequest) CheckIndex(ctx context.Context, db Beginner, base string, args ...any) error {
	r.page, r.perPage = 1, 0
	return checkIndex(ctx, db, r.offset.dialect, r.Query(base, args...), r.terms)
}

func checkIndex(ctx context.Context, db Beginner, dialect Dialect, q Query, terms []term) error {
	plan, err := explain(ctx, db, dialect, q)
	if err != nil {
		return fmt.Errorf("page: explaining a page: %w", err)
	}
	for _, sorts := range dialect.plans().sorts {
		if !strings.Contains(plan, sorts) {
			continue
		}
		return fmt.Errorf("%w %s", ErrNotIndexed, remedy(dialect, terms))
	}
	return nil
}

func remedy(dialect Dialect, terms []term) string {
	if len(terms) == 0 {
		return "of the statement"
	}
	order := orderBy(dialect, terms)
	if dialect == MySQL && slices.ContainsFunc(terms, func(t term) bool { return t.movesNulls(dialect) }) {
		return order + ": none can, for MySQL's indexes have NULLs before all values: say NullsFirst, or NullsLast and descending"
	}
	return order + ": create one on (" + indexColumns(dialect, terms) + "), after the columns that the statement compares by ="
}

// plans says how a database is asked for a plan and what in it means that it
// sorts.
type plans struct {
	set     string // for the transaction
	explain string
	sorts   []string
}

func (d Dialect) plans() plans {
	switch d {
	case Postgres:
		// Unless told, it sorts what fits in a block rather than use an index.
		return plans{"SET LOCAL enable_sort = off", "EXPLAIN ", []string{"->  Sort  (", "->  Incremental Sort  ("}}
	case SQLite:
		return plans{"", "EXPLAIN QUERY PLAN ", []string{"USE TEMP B-TREE"}}
	default:
		return plans{"", "EXPLAIN FORMAT=TRADITIONAL ", []string{"Using filesort"}}
	}
}

// explain returns the plan of a statement, all columns of all rows.
func explain(ctx context.Context, db Beginner, dialect Dialect, q Query) (string, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	p := dialect.plans()
	if p.set != "" {
		if _, err := tx.ExecContext(ctx, p.set); err != nil {
			return "", err
		}
	}
	rows, err := tx.QueryContext(ctx, p.explain+q.SQL, q.Args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	texts, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range texts {
		into[i] = &texts[i]
	}
	var plan strings.Builder
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		for _, text := range texts {
			plan.WriteString(text.String + "\t")
		}
		plan.WriteString("\n")
	}
	return plan.String(), rows.Err()
}

// indexColumns returns the columns of an index that serves the order of terms,
// read forward or backward. Only PostgreSQL's indexes have a place for NULLs:
// SQLite reads the two ends of one in turn, and MySQL cannot.
func indexColumns(dialect Dialect, terms []term) string {
	if terms[0].desc {
		terms = reversed(terms)
	}
	if dialect == Postgres {
		return orderBy(dialect, terms)
	}
	columns := make([]string, len(terms))
	for i, t := range terms {
		columns[i] = t.expr
		if t.desc {
			columns[i] += " DESC"
		}
	}
	return strings.Join(columns, ", ")
}
