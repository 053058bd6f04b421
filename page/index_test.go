package page_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/hone-go/hone/page"
)

// TestMissingIndexIsNamed checks lists that have no index, makes the one that
// the error names, and checks again, in tables of no, few and many rows.
func TestMissingIndexIsNamed(t *testing.T) {
	tests := []struct {
		sort string
		want map[page.Dialect]string // the columns of the index
	}{
		{"a", same("a, id")},
		{"-a", same("a, id")},
		{"-a,id", same("a, id DESC")},
		{"a,-b", same("a, b DESC, id DESC")},
		{"n", map[page.Dialect]string{page.Postgres: "n, id", page.SQLite: "n, id", page.MySQL: ""}},
		{"-n", map[page.Dialect]string{page.Postgres: "n NULLS FIRST, id", page.SQLite: "n, id", page.MySQL: "n, id"}},
	}
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			db := d.open(t)
			exec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, n INTEGER)")
			s := page.Sort{
				Columns: []page.Column{
					{Name: "id", Nulls: page.NotNull}, {Name: "a", Nulls: page.NotNull}, {Name: "b", Nulls: page.NotNull}, {Name: "n"},
				},
				Unique: []string{"id"},
			}
			k, err := page.NewKeyset(d.dialect, s, page.KeysetConfig{Name: "t", Keys: testKeys})
			if err != nil {
				t.Fatal(err)
			}
			o := newOffset(t, d.dialect, page.OffsetConfig{Sort: s})
			base := "SELECT * FROM t WHERE b <> " + placeholder(d.dialect, 1)
			check := func(values url.Values) (errs [2]error) {
				kr, err1 := k.Parse(values)
				or, err2 := o.Parse(values)
				if err := errors.Join(err1, err2); err != nil {
					t.Fatal(err)
				}
				return [2]error{kr.CheckIndex(t.Context(), db, base, 7), or.CheckIndex(t.Context(), db, base, 7)}
			}
			for _, rows := range []int{0, 3, 300} {
				for i := range rows {
					exec(t, db, fmt.Sprintf("INSERT INTO t VALUES (%d, %d, %d, %d)", rows+i, i%3, i, i))
				}
				if errs := check(parseQuery(t, "sort=-id")); errs != [2]error{} {
					t.Errorf("CheckIndex of the key with %d rows = %v, want none", rows, errs)
				}
				for _, tt := range tests {
					values := parseQuery(t, "sort="+tt.sort)
					want := ": create one on (" + tt.want[d.dialect] + "), after "
					if tt.want[d.dialect] == "" {
						want = ": none can, "
					}
					for _, err := range check(values) {
						if !errors.Is(err, page.ErrNotIndexed) || !strings.Contains(err.Error(), want) {
							t.Errorf("CheckIndex(sort=%s) with %d rows = %v, want ErrNotIndexed with %q", tt.sort, rows, err, want)
						}
					}
					if tt.want[d.dialect] == "" {
						continue
					}
					exec(t, db, "CREATE INDEX i ON t ("+tt.want[d.dialect]+")")
					if errs := check(values); errs != [2]error{} {
						t.Errorf("CheckIndex(sort=%s) with %d rows and an index = %v, want none", tt.sort, rows, errs)
					}
					dropIndex(t, db, d.dialect)
				}
			}
		})
	}
}

// same is the index of an order that is the same everywhere.
func same(columns string) map[page.Dialect]string {
	return map[page.Dialect]string{page.Postgres: columns, page.SQLite: columns, page.MySQL: columns}
}

func TestCheckIndexThatCannotTell(t *testing.T) {
	db := openSQLite(t)
	exec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")
	r, err := newOffset(t, page.SQLite, page.OffsetConfig{}).Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		ctx     context.Context
		base    string
		sorts   bool
		failure bool
	}{
		{t.Context(), "SELECT * FROM t ORDER BY id", false, false},
		{t.Context(), "SELECT * FROM t ORDER BY a", true, true},
		{t.Context(), "SELECT * FROM missing", false, true},
		{canceled, "SELECT * FROM t ORDER BY a", false, true},
	}
	for _, tt := range tests {
		err := r.CheckIndex(tt.ctx, db, tt.base)
		if errors.Is(err, page.ErrNotIndexed) != tt.sorts || (err != nil) != tt.failure {
			t.Errorf("CheckIndex(%s) = %v, want ErrNotIndexed %v, an error %v", tt.base, err, tt.sorts, tt.failure)
		}
	}
}
