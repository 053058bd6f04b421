package page_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/hone-go/hone/page"
)

// TestAnIndexServesThePage asks the databases how they read a page in the
// middle of a table: by the index, from the cursor on, without sorting.
func TestAnIndexServesThePage(t *testing.T) {
	plans := map[page.Dialect]struct {
		fill    string
		analyze string
		explain string
		seeks   string // in the plan if the index is entered at the cursor
		sorts   string // in the plan if rows are sorted
	}{
		page.SQLite: {
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, i / 3, i FROM n",
			"ANALYZE", "EXPLAIN QUERY PLAN ", "SEARCH t USING", "TEMP B-TREE",
		},
		page.Postgres: {
			"INSERT INTO t SELECT i, i / 3, i FROM generate_series(1, 5000) AS i",
			"ANALYZE", "EXPLAIN ", "Index Cond", "Sort",
		},
		page.MySQL: {
			"INSERT INTO t SELECT seq, seq DIV 3, seq FROM seq_1_to_5000",
			"ANALYZE TABLE t", "EXPLAIN ", " range ", "filesort",
		},
	}
	tests := []struct{ index, sort string }{
		{"(id)", "id"},
		{"(a, id)", "a"},
		{"(a, id)", "-a"}, // the key follows, so that the same index serves
		{"(a DESC, id)", "-a,id"},
		{"(a DESC, id)", "a,-id"},
		{"(a, b DESC, id DESC)", "a,-b"},
	}
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			db, plans := d.open(t), plans[d.dialect]
			exec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL)")
			exec(t, db, plans.fill)
			exec(t, db, plans.analyze)
			k, err := page.NewKeyset(d.dialect, page.Sort{
				Columns: []page.Column{
					{Name: "id", Nulls: page.NotNull}, {Name: "a", Nulls: page.NotNull}, {Name: "b", Nulls: page.NotNull},
				},
				Unique: []string{"id"},
			}, page.KeysetConfig{Name: "t", Keys: testKeys})
			if err != nil {
				t.Fatal(err)
			}
			for _, tt := range tests {
				exec(t, db, "CREATE INDEX i ON t "+tt.index)
				values := parseQuery(t, "sort="+tt.sort)
				cursor := cursorAfter(t, k, "sort="+tt.sort, map[string]any{"id": 2500, "a": 833, "b": 2500})
				values.Set("cursor", cursor)
				r, err := k.Parse(values)
				if err != nil {
					t.Fatal(err)
				}
				q := r.Query("SELECT * FROM t WHERE b <> 7")
				plan := explained(t, db, plans.explain+q.SQL, q.Args...)
				if !strings.Contains(plan, plans.seeks) || strings.Contains(plan, plans.sorts) {
					t.Errorf("index %s, sort=%s: %s\n%s\nwant %s and no %s", tt.index, tt.sort, q.SQL, plan, plans.seeks, plans.sorts)
				}
				dropIndex(t, db, d.dialect)
			}
		})
	}
}

// dropIndex drops the index i.
func dropIndex(t *testing.T, db *sql.DB, dialect page.Dialect) {
	t.Helper()
	drop := "DROP INDEX i"
	if dialect == page.MySQL {
		drop += " ON t"
	}
	exec(t, db, drop)
}

// explained returns all columns of all rows of an EXPLAIN.
func explained(t *testing.T, db *sql.DB, query string, args ...any) string {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	texts, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range texts {
		into[i] = &texts[i]
	}
	var plan strings.Builder
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			plan.WriteString(text.String + " ")
		}
		plan.WriteString("\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
