package pginvalidate

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A DB is what [Verify] asks: a *pgx.Conn, a *pgxpool.Pool or a pgx.Tx.
type DB interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// A VerifyError says in what a database differs from a Setup.
type VerifyError struct {
	Problems []string // such as `"shop"."products": the trigger hone_invalidate_update is disabled`
	SQL      string   // the text of [Migration], which puts them right
}

func (e *VerifyError) Error() string {
	return "pginvalidate: changes of rows may go unseen: " + strings.Join(e.Problems, "; ") + ": apply what Migration returns"
}

//go:embed verify.sql
var verifySQL string

// Verify returns a [*VerifyError] unless the database has exactly the triggers
// of the Setup, enabled, on every table and partition. Any other error means
// that it could not tell. Call it when the service starts, and after
// migrations of the schema. Cost: a query of the catalogue for each rule and one
// more.
func Verify(ctx context.Context, db DB, s Setup) error {
	p, err := s.compile()
	if err != nil {
		return err
	}
	var problems, known []string
	for _, r := range p.rules {
		known = append(known, r.function)
		// Simple names and values, sent as text: no statement is prepared, so
		// that it works through a pooler.
		found, err := column(ctx, db, verifySQL, r.table, p.schema, r.function, p.body(r), p.schema+"_"+functionPrefix)
		if err != nil {
			return err
		}
		problems = append(problems, found...)
	}
	left, err := column(ctx, db, `SELECT pg_catalog.format('the function %s.%s is of no rule', n.nspname, p.proname)
		FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
		WHERE n.nspname = $1 AND pg_catalog.starts_with(p.proname, $2) AND p.proname <> ALL (pg_catalog.string_to_array($3, ','))`,
		p.schema, functionPrefix, strings.Join(known, ","))
	if err != nil {
		return err
	}
	if problems = append(problems, left...); len(problems) > 0 {
		return &VerifyError{Problems: problems, SQL: p.migration()}
	}
	return nil
}

// column returns the only column of a query.
func column(ctx context.Context, db DB, sql string, args ...any) ([]string, error) {
	rows, err := db.Query(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("pginvalidate: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("pginvalidate: %w", err)
	}
	return list, nil
}
