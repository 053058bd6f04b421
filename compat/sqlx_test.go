package compat_test

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"
)

type sqlxAuthor struct {
	ID   int64  `db:"id"`
	Name string `db:"name"`
}

func TestSqlxWorks(t *testing.T) {
	s := newService(t)
	db := sqlx.NewDb(s.db, "sqlite")
	n := s.statements(t, func(ctx context.Context) error {
		tx, err := db.BeginTxx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.NamedExecContext(ctx, "UPDATE authors SET name = :name WHERE id = :id", sqlxAuthor{3, "someone"}); err != nil {
			return err
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		query, args, err := sqlx.In("SELECT id, name FROM authors WHERE id IN (?) ORDER BY id", []int64{2, 3})
		if err != nil {
			return err
		}
		var got []sqlxAuthor
		if err := db.SelectContext(ctx, &got, db.Rebind(query), args...); err != nil {
			return err
		}
		if len(got) != 2 || got[1].Name != "someone" {
			t.Errorf("Select = %+v, want author 2 and someone", got)
		}
		st, err := db.PreparexContext(ctx, "SELECT id, name FROM authors WHERE id = ?")
		if err != nil {
			return err
		}
		defer st.Close()
		var one sqlxAuthor
		return st.GetContext(ctx, &one, 3)
	})
	if n != 3 {
		t.Errorf("statements = %d, want 3", n)
	}
}

func TestSqlxLoopIsFound(t *testing.T) {
	s := newService(t)
	db := sqlx.NewDb(s.db, "sqlite")
	var where string
	s.serve(t, func(ctx context.Context) error {
		var ids []int64
		if err := db.SelectContext(ctx, &ids, "SELECT id FROM authors"); err != nil {
			return err
		}
		for _, id := range ids {
			var titles []string
			where = nextLine()
			if err := db.SelectContext(ctx, &titles, "SELECT title FROM books WHERE author_id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
	s.wantLoop(t, where)
}
