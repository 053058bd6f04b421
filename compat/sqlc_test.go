package compat_test

import (
	"context"
	"testing"

	queries "github.com/hone-go/hone/compat/internal/authors"
)

func TestSQLCWorks(t *testing.T) {
	s := newService(t)
	n := s.statements(t, func(ctx context.Context) error {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		q := queries.New(s.db).WithTx(tx)
		changed, err := q.RenameAuthor(ctx, "someone", 3)
		if err != nil {
			return err
		}
		if changed != 1 {
			t.Errorf("RenameAuthor = %d, want 1", changed)
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		count, err := queries.New(s.db).CountBooks(ctx, 3)
		if count != 2 {
			t.Errorf("CountBooks = %d, want 2", count)
		}
		return err
	})
	if n != 2 {
		t.Errorf("statements = %d, want 2", n)
	}
}

func TestSQLCLoopIsFound(t *testing.T) {
	s := newService(t)
	q := queries.New(s.db)
	var where string
	s.serve(t, func(ctx context.Context) error {
		ids, err := q.ListAuthors(ctx)
		if err != nil {
			return err
		}
		for _, id := range ids {
			where = nextLine()
			if _, err := q.CountBooks(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
	s.wantLoop(t, where)
}
