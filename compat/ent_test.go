package compat_test

import (
	"context"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// The calls here are those that ent's generated clients make of its driver.

func TestEntWorks(t *testing.T) {
	s := newService(t)
	drv := entsql.OpenDB(dialect.SQLite, s.db)
	n := s.statements(t, func(ctx context.Context) error {
		tx, err := drv.Tx(ctx)
		if err != nil {
			return err
		}
		query, args := entsql.Dialect(dialect.SQLite).Update("authors").Set("name", "someone").Where(entsql.EQ("id", 3)).Query()
		var res entsql.Result
		if err := tx.Exec(ctx, query, args, &res); err != nil {
			return err
		}
		if changed, err := res.RowsAffected(); changed != 1 || err != nil {
			t.Errorf("RowsAffected = %d, %v, want 1", changed, err)
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		names, err := entNames(ctx, drv, 3)
		if len(names) != 1 || names[0] != "someone" {
			t.Errorf("names = %q, want someone", names)
		}
		return err
	})
	if n != 2 {
		t.Errorf("statements = %d, want 2", n)
	}
}

func entNames(ctx context.Context, drv dialect.ExecQuerier, id int64) ([]string, error) {
	query, args := entsql.Dialect(dialect.SQLite).Select("name").From(entsql.Table("authors")).Where(entsql.EQ("id", id)).Query()
	var rows entsql.Rows
	if err := drv.Query(ctx, query, args, &rows); err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	err := entsql.ScanSlice(rows, &names)
	return names, err
}

func TestEntLoopIsFound(t *testing.T) {
	s := newService(t)
	drv := entsql.OpenDB(dialect.SQLite, s.db)
	var where string
	s.serve(t, func(ctx context.Context) error {
		for id := range authors {
			query, args := entsql.Dialect(dialect.SQLite).Select("title").From(entsql.Table("books")).Where(entsql.EQ("author_id", id)).Query()
			var rows entsql.Rows
			where = nextLine()
			if err := drv.Query(ctx, query, args, &rows); err != nil {
				return err
			}
			var titles []string
			if err := entsql.ScanSlice(rows, &titles); err != nil {
				return err
			}
			if err := rows.Close(); err != nil {
				return err
			}
		}
		return nil
	})
	s.wantLoop(t, where)
}
