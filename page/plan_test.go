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
	databases := []struct {
		dialect page.Dialect
		open    func(testing.TB) *sql.DB
		fill    string
		explain string
		seeks   string // in the plan if the index is entered at the cursor
		sorts   string // in the plan if rows are sorted
	}{
		{
			page.SQLite, openSQLite,
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, i / 3, i FROM n",
			"EXPLAIN QUERY PLAN ", "SEARCH t USING", "TEMP B-TREE",
		},
		{
			page.Postgres, openPostgres,
			"INSERT INTO t SELECT i, i / 3, i FROM generate_series(1, 5000) AS i",
			"EXPLAIN ", "Index Cond", "Sort",
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
		t.Run(string(d.dialect), func(t *testing.T) {
			db := d.open(t)
			exec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL)")
			exec(t, db, d.fill)
			exec(t, db, "ANALYZE")
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
				plan := explained(t, db, d.explain+q.SQL, q.Args...)
				if !strings.Contains(plan, d.seeks) || strings.Contains(plan, d.sorts) {
					t.Errorf("index %s, sort=%s: %s\n%s\nwant %s and no %s", tt.index, tt.sort, q.SQL, plan, d.seeks, d.sorts)
				}
				exec(t, db, "DROP INDEX i")
			}
		})
	}
}

// explained returns the last column of all rows of an EXPLAIN.
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
	into := make([]any, len(columns))
	for i := range into {
		into[i] = new(any)
	}
	var line string
	into[len(into)-1] = &line
	var lines []string
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
