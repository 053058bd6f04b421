package compat_test

import (
	"context"
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

type bunAuthor struct {
	bun.BaseModel `bun:"table:authors"`

	ID    int64 `bun:",pk,autoincrement"`
	Name  string
	Books []*bunBook `bun:"rel:has-many,join:id=author_id"`
}

type bunBook struct {
	bun.BaseModel `bun:"table:books"`

	ID       int64 `bun:",pk,autoincrement"`
	AuthorID int64
	Title    string
}

func TestBunWorks(t *testing.T) {
	s := newService(t)
	db := bun.NewDB(s.db, sqlitedialect.New())
	n := s.statements(t, func(ctx context.Context) error {
		err := db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewInsert().Model(&bunAuthor{Name: "someone"}).Exec(ctx)
			return err
		})
		if err != nil {
			return err
		}
		var got []bunAuthor
		err = db.NewSelect().Model(&got).Relation("Books").Where("id >= ?", authors).Order("id").Scan(ctx)
		if len(got) != 2 || got[1].Name != "someone" || len(got[0].Books) != 2 {
			t.Errorf("Scan = %+v, want the last author with two books, and someone", got)
		}
		return err
	})
	if n != 3 {
		t.Errorf("statements = %d, want 3", n)
	}
}

// bun writes the values into the text, so that every round of the loop is
// another text.
func TestBunLoopIsFound(t *testing.T) {
	s := newService(t)
	db := bun.NewDB(s.db, sqlitedialect.New())
	var where string
	s.serve(t, func(ctx context.Context) error {
		var all []bunAuthor
		if err := db.NewSelect().Model(&all).Scan(ctx); err != nil {
			return err
		}
		for _, a := range all {
			var books []bunBook
			query := db.NewSelect().Model(&books).Where("author_id = ?", a.ID)
			where = nextLine()
			if err := query.Scan(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	s.wantLoop(t, where)
}
