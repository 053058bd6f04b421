package page_test

import (
	"fmt"
	"testing"

	"github.com/hone-go/hone/page"
)

// TestClauses holds the texts of all dialects. MySQL has no server among the
// tests; its texts are the same predicates in the form without row values,
// which the walk over random tables checks on the others.
func TestClauses(t *testing.T) {
	columns := []page.Column{
		{Name: "a", Nulls: page.NotNull},
		{Name: "b", Nulls: page.NotNull},
		{Name: "first", Expr: "t.f", Nulls: page.NullsFirst},
		{Name: "last", Expr: "lower(f)", Nulls: page.NullsLast},
		{Name: "price", Nulls: page.NotNull, Cast: "DECIMAL(20,4)"},
		{Name: "id", Nulls: page.NotNull},
	}
	tests := []struct {
		name    string
		dialect page.Dialect
		sort    string
		null    bool // the boundary row has NULL in its first column
		back    bool
		where   string
		orderBy string
		limit   string
		args    string
	}{
		{
			name: "one column", dialect: page.Postgres, sort: "id",
			where: "id > $3", orderBy: "id", limit: "LIMIT $4", args: "[6 21]",
		},
		{
			name: "row value", dialect: page.Postgres, sort: "-a,-b",
			where: "(a, b, id) < ($3, $4, $5)", orderBy: "a DESC, b DESC, id DESC", limit: "LIMIT $6", args: "[1 2 6 21]",
		},
		{
			name: "row value backward", dialect: page.SQLite, sort: "-a", back: true,
			where: "(a, id) > (?, ?)", orderBy: "a, id", limit: "LIMIT ?", args: "[1 6 21]",
		},
		{
			name: "MySQL has no row values", dialect: page.MySQL, sort: "-a",
			where: "(a <= ? AND (a < ? OR (a = ? AND id < ?)))", orderBy: "a DESC, id DESC", limit: "LIMIT ?", args: "[1 1 1 6 21]",
		},
		{
			name: "mixed directions", dialect: page.Postgres, sort: "-a,id",
			where: "(a <= $3 AND (a < $3 OR (a = $3 AND id > $4)))", orderBy: "a DESC, id", limit: "LIMIT $5", args: "[1 6 21]",
		},
		{
			name: "row value within mixed directions", dialect: page.SQLite, sort: "a,-b,-id",
			where:   "(a >= ? AND (a > ? OR (a = ? AND (b, id) < (?, ?))))",
			orderBy: "a, b DESC, id DESC", limit: "LIMIT ?", args: "[1 1 1 2 6 21]",
		},
		{
			name: "NULLs last", dialect: page.Postgres, sort: "last",
			where:   "((lower(f)) > $3 OR (lower(f)) IS NULL OR ((lower(f)) = $3 AND id > $4))",
			orderBy: "(lower(f)), id", limit: "LIMIT $5", args: "[4 6 21]",
		},
		{
			name: "after NULL, last", dialect: page.Postgres, sort: "-last", null: true,
			where:   "((lower(f)) IS NULL AND id < $3)",
			orderBy: "(lower(f)) DESC NULLS LAST, id DESC", limit: "LIMIT $4", args: "[6 21]",
		},
		{
			name: "before NULL, last: first when reversed", dialect: page.SQLite, sort: "last", null: true, back: true,
			where:   "((lower(f)) IS NOT NULL OR ((lower(f)) IS NULL AND id < ?))",
			orderBy: "(lower(f)) DESC NULLS FIRST, id DESC", limit: "LIMIT ?", args: "[6 21]",
		},
		{
			name: "NULLs first", dialect: page.Postgres, sort: "first",
			where:   "(t.f >= $3 AND (t.f > $3 OR (t.f = $3 AND id > $4)))",
			orderBy: "t.f NULLS FIRST, id", limit: "LIMIT $5", args: "[3 6 21]",
		},
		{
			name: "MySQL, NULLs first where they are", dialect: page.MySQL, sort: "first", null: true,
			where: "(t.f IS NOT NULL OR (t.f IS NULL AND id > ?))", orderBy: "t.f, id", limit: "LIMIT ?", args: "[6 21]",
		},
		{
			name: "MySQL, NULLs first where they are not", dialect: page.MySQL, sort: "-first",
			where:   "(t.f <= ? AND (t.f < ? OR (t.f = ? AND id < ?)))",
			orderBy: "t.f IS NOT NULL, t.f DESC, id DESC", limit: "LIMIT ?", args: "[3 3 3 6 21]",
		},
		{
			name: "MySQL, NULLs last", dialect: page.MySQL, sort: "last",
			where:   "((lower(f)) > ? OR (lower(f)) IS NULL OR ((lower(f)) = ? AND id > ?))",
			orderBy: "(lower(f)) IS NULL, (lower(f)), id", limit: "LIMIT ?", args: "[4 4 6 21]",
		},
		{
			name: "cast", dialect: page.MySQL, sort: "price",
			where: "(price >= CAST(? AS DECIMAL(20,4)) AND (price > CAST(? AS DECIMAL(20,4))" +
				" OR (price = CAST(? AS DECIMAL(20,4)) AND id > ?)))",
			orderBy: "price, id", limit: "LIMIT ?", args: "[9.50 9.50 9.50 6 21]",
		},
		{
			name: "nothing after the key", dialect: page.Postgres, sort: "id,a,-last",
			where: "id > $3", orderBy: "id", limit: "LIMIT $4", args: "[6 21]",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keyset, err := page.NewKeyset(tt.dialect, page.Sort{Columns: columns, Unique: []string{"id"}},
				page.KeysetConfig{Name: "t", Keys: testKeys})
			if err != nil {
				t.Fatal(err)
			}
			// Two rows of page one's statement, then the page beside it.
			values := parseQuery(t, "sort="+tt.sort)
			key := func(int) map[string]any {
				k := map[string]any{"a": 1, "b": 2, "first": 3, "last": 4, "price": "9.50", "id": 6}
				if tt.null {
					k["first"], k["last"] = nil, nil
				}
				return k
			}
			r, err := keyset.Parse(values)
			if err != nil {
				t.Fatal(err)
			}
			if c := r.Clauses(2); c.Where != "1 = 1" || len(c.Args) != 1 {
				t.Errorf("first page: Where = %q with %v, want none", c.Where, c.Args)
			}
			p, err := page.NewKeysetPage(r, make([]int, 21), key)
			if err != nil {
				t.Fatal(err)
			}
			values.Set("cursor", p.NextCursor())
			if r, err = keyset.Parse(values); err != nil {
				t.Fatal(err)
			}
			if tt.back {
				if p, err = page.NewKeysetPage(r, make([]int, 1), key); err != nil {
					t.Fatal(err)
				}
				values.Set("cursor", p.PrevCursor())
				if r, err = keyset.Parse(values); err != nil {
					t.Fatal(err)
				}
			}
			c := r.Clauses(2)
			if c.Where != tt.where {
				t.Errorf("Where = %s\nwant    %s", c.Where, tt.where)
			}
			if c.OrderBy != tt.orderBy {
				t.Errorf("OrderBy = %s, want %s", c.OrderBy, tt.orderBy)
			}
			if c.Limit != tt.limit || fmt.Sprint(c.Args) != tt.args {
				t.Errorf("Limit, Args = %s, %v, want %s, %s", c.Limit, c.Args, tt.limit, tt.args)
			}
		})
	}
}
