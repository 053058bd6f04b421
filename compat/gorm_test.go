package compat_test

import (
	"context"
	"testing"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

type gormAuthor struct {
	ID    int64
	Name  string
	Books []gormBook `gorm:"foreignKey:AuthorID"`
}

func (gormAuthor) TableName() string { return "authors" }

type gormBook struct {
	ID       int64
	AuthorID int64
	Title    string
}

func (gormBook) TableName() string { return "books" }

func openGORM(t *testing.T, s *service, cfg *gorm.Config) *gorm.DB {
	t.Helper()
	cfg.Logger = logger.Discard
	db, err := gorm.Open(&sqlite.Dialector{Conn: s.db}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestGORMWorks(t *testing.T) {
	for _, prepare := range []bool{false, true} {
		s := newService(t)
		db := openGORM(t, s, &gorm.Config{PrepareStmt: prepare})
		n := s.statements(t, func(ctx context.Context) error {
			err := db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
				a := gormAuthor{Name: "someone", Books: []gormBook{{Title: "one"}, {Title: "two"}}}
				return tx.Create(&a).Error
			})
			if err != nil {
				return err
			}
			var got []gormAuthor
			err = db.WithContext(ctx).Preload("Books").Where("id > ?", authors-1).Order("id").Find(&got).Error
			if len(got) != 2 || got[1].Name != "someone" || len(got[1].Books) != 2 {
				t.Errorf("Find = %+v, want someone with two books", got)
			}
			return err
		})
		if n != 4 {
			t.Errorf("statements with PrepareStmt %t = %d, want 4", prepare, n)
		}
	}
}

func TestGORMMigrates(t *testing.T) {
	s := newService(t)
	db := openGORM(t, s, &gorm.Config{})
	type Review struct {
		ID   int64
		Text string `gorm:"size:40"`
	}
	if err := db.AutoMigrate(&Review{}); err != nil {
		t.Fatal(err)
	}
	types, err := db.Migrator().ColumnTypes(&Review{})
	if err != nil || len(types) != 2 {
		t.Errorf("ColumnTypes = %v, %v, want two", types, err)
	}
}

func TestGORMLoopIsFound(t *testing.T) {
	for _, prepare := range []bool{false, true} {
		s := newService(t)
		db := openGORM(t, s, &gorm.Config{PrepareStmt: prepare})
		var where string
		s.serve(t, func(ctx context.Context) error {
			var all []gormAuthor
			if err := db.WithContext(ctx).Find(&all).Error; err != nil {
				return err
			}
			for _, a := range all {
				var books []gormBook
				where = nextLine()
				if err := db.WithContext(ctx).Where("author_id = ?", a.ID).Find(&books).Error; err != nil {
					return err
				}
			}
			return nil
		})
		s.wantLoop(t, where)
	}
}
