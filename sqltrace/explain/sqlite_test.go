package explain_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/hone-go/hone/sqltrace/explain"
)

var itemsLite = []string{
	`CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT NOT NULL)`,
	`CREATE TABLE item (id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES owner (id), kind TEXT NOT NULL, made TEXT NOT NULL, note TEXT)`,
	`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO owner SELECT i, 'owner ' || i FROM n`,
	`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
		INSERT INTO item SELECT i, 1 + i % 500, 'kind ' || (i % 5), 'time ' || i, 'note ' || i FROM n`,
}

func TestSQLiteAdvice(t *testing.T) {
	for _, analyzed := range []bool{false, true} {
		name := map[bool]string{false: "without statistics", true: "with statistics"}[analyzed]
		t.Run(name, func(t *testing.T) { testSQLiteAdvice(t, analyzed) })
	}
}

func testSQLiteAdvice(t *testing.T, analyzed bool) {
	db := openSQLite(t)
	db.exec(t, itemsLite...)
	db.exec(t,
		`CREATE VIEW cheap AS SELECT id, note FROM item WHERE kind <> 'kind 1'`,
		`CREATE VIRTUAL TABLE words USING fts5(text)`,
		`CREATE TABLE "Odd Name" ("Select" TEXT, "a""b" INTEGER)`,
		`INSERT INTO "Odd Name" SELECT note, id FROM item`,
		`CREATE INDEX item_made ON item (made)`,
		`ALTER TABLE item ADD COLUMN state TEXT`,
		`ALTER TABLE item ADD COLUMN parent INTEGER`,
		`UPDATE item SET parent = id / 3, state = CASE WHEN id % 100 = 0 THEN 'open' ELSE 'done' END`,
	)
	if analyzed {
		db.exec(t, `ANALYZE`)
	}
	tests := []struct {
		name  string
		query query
		want  string // "" is silence
	}{
		{"equality", query{`SELECT * FROM item WHERE note = ?`, []any{"note 5"}}, "index: CREATE INDEX IF NOT EXISTS item_note_idx ON item (note) [true]"},
		{"named argument", query{`SELECT * FROM item WHERE note = :n`, []any{sql.Named("n", "note 5")}}, "ON item (note) [true]"},
		{"two", query{`SELECT * FROM item WHERE kind = ? AND owner_id = ?`, []any{"kind 1", 5}}, "ON item (owner_id) [true]"},
		{"range", query{`SELECT * FROM item WHERE owner_id = ? AND note > ?`, []any{5, "note 5"}}, "ON item (owner_id"},
		{"order and limit", query{`SELECT * FROM item ORDER BY note DESC LIMIT 10`, nil}, "order: CREATE INDEX IF NOT EXISTS item_note_idx ON item (note DESC) [true]"},
		{"equality, order and limit", query{`SELECT * FROM item WHERE kind = $1 ORDER BY note LIMIT $2`, []any{"kind 1", 10}}, "ON item (kind, note) [true]"},
		{"join", query{`SELECT i.id FROM owner AS o JOIN item i ON i.owner_id = o.id WHERE o.id = ?`, []any{9}}, "ON item (owner_id) [true]"},
		{"comma join", query{`SELECT i.id FROM owner, item i WHERE i.owner_id = owner.id AND owner.id = ?`, []any{9}}, "ON item (owner_id) [true]"},
		{"quotes", query{`SELECT * FROM "Odd Name" AS [o] WHERE o."a""b" = 3`, nil}, `ON "odd name" ("a""b") [true]`},
		{"served", query{`SELECT * FROM item WHERE made = ? ORDER BY id`, []any{"time 1"}}, ""},
		{"served backwards", query{`SELECT * FROM item ORDER BY made DESC LIMIT 3`, nil}, ""},
		{"by rowid", query{`SELECT * FROM item WHERE id = ?`, []any{1}}, ""},
		{"all", query{`SELECT count(*) FROM item`, nil}, ""},
		{"view", query{`SELECT * FROM cheap WHERE note = ?`, []any{"x"}}, "skipped: it reads from cheap, which is no table"},
		{"virtual table", query{`SELECT * FROM words WHERE text MATCH ?`, []any{"x"}}, "skipped: it reads from words, which is no table"},
		{"expression", query{`SELECT * FROM item i WHERE lower(i.note) = ?`, []any{"x"}}, "CREATE INDEX IF NOT EXISTS item_lower_note_idx ON item ((lower(note))) [true]"},
		{"expression that changes", query{`SELECT * FROM item WHERE note || random() = ?`, []any{"x"}}, ""},
		{"expression of an argument", query{`SELECT * FROM item WHERE note || ? = ?`, []any{"x", "y"}}, "skipped: item is scanned for a condition that no index on its columns serves"},
		{"alternatives", query{`SELECT * FROM item WHERE note = ? OR kind = ?`, []any{"x", "y"}}, "skipped: item is scanned for a condition that no index on its columns serves"},
		{"rare value", query{`SELECT * FROM item WHERE state = 'open' ORDER BY note LIMIT 10`, nil}, "ON item (note) WHERE state = 'open' [true]"},
		{"rare value alone", query{`SELECT id FROM item WHERE state = 'open'`, nil}, "item_state_where_state_open_idx ON item (state) WHERE state = 'open' [true]"},
		{"rare value as argument", query{`SELECT * FROM item WHERE state = ? ORDER BY note LIMIT 10`, []any{"open"}}, "ON item (state, note) [true]"},
		{"common value", query{`SELECT * FROM item WHERE state = 'done' ORDER BY note LIMIT 10`, nil}, "ON item (state, note) [true]"},
		{"value of a key", query{`SELECT * FROM item WHERE owner_id = 7`, nil}, "ON item (owner_id) [true]"},
		{"subquery", query{`SELECT * FROM (SELECT * FROM item) WHERE note = ?`, []any{"x"}}, "ON item (note) [true]"},
		{"subquery that counts", query{`SELECT * FROM (SELECT kind, count(*) AS n FROM item WHERE note = ? GROUP BY kind) WHERE n > 1`, []any{"x"}}, "ON item (note) [true]"},
		{"subquery with a limit", query{`SELECT * FROM (SELECT * FROM item LIMIT 100) WHERE note = ?`, []any{"x"}}, ""},
		{"union", query{`SELECT id FROM item WHERE note = ? UNION SELECT id FROM owner WHERE name = ?`, []any{"x", "y"}}, "ON item (note) [true]"},
		{"union of one table", query{`SELECT id FROM item WHERE made = ? UNION ALL SELECT id FROM item WHERE note = ?`, []any{"x", "y"}}, "ON item (note) [true]"},
		{"union of all", query{`SELECT id FROM item UNION SELECT id FROM owner`, nil}, ""},
		{"except, ordered", query{`SELECT id FROM item WHERE note = ? EXCEPT SELECT id FROM owner ORDER BY id LIMIT 3`, []any{"x"}}, "ON item (note) [true]"},
		{"with", query{`WITH x AS (SELECT id, note AS n FROM item) SELECT * FROM x WHERE n = ?`, []any{"x"}}, "ON item (note) [true]"},
		{"with, materialized", query{`WITH x AS MATERIALIZED (SELECT * FROM item WHERE note = ?) SELECT x.id, o.name FROM x JOIN owner o ON o.id = x.owner_id`, []any{"x"}}, "ON item (note) [true]"},
		{"with, of all", query{`WITH x AS (SELECT * FROM item) SELECT count(*) FROM x`, nil}, ""},
		{"recursion", query{`WITH RECURSIVE t(id) AS (SELECT id FROM item WHERE id = ? UNION ALL SELECT i.id FROM item i JOIN t ON i.parent = t.id) SELECT count(*) FROM t`, []any{1}}, "ON item (parent) [true]"},
		{"list", query{`SELECT * FROM owner WHERE id IN (SELECT owner_id FROM item WHERE note = ?)`, []any{"x"}}, "ON item (note) [true]"},
		{"scalar", query{`SELECT o.*, (SELECT count(*) FROM item i WHERE i.owner_id = o.id) FROM owner o`, nil}, "ON item (owner_id) [true]"},
		{"exists", query{`SELECT * FROM owner WHERE id < ? AND EXISTS (SELECT 1 FROM item WHERE owner_id = owner.id)`, []any{50}}, "ON item (owner_id) [true]"},
		{"one name in two queries", query{`SELECT * FROM item WHERE note = ? AND owner_id IN (SELECT owner_id FROM item WHERE kind = ?)`, []any{"x", "y"}}, "skipped: its plan has a step that is not looked into"},
		{"table gone", query{`SELECT * FROM gone WHERE a = ?`, []any{1}}, "skipped: SQLite does not explain it"},
		{"does not parse", query{`SELECT FROM FROM`, nil}, "skipped: SQLite does not explain it"},
		{"two statements", query{`SELECT 1; DELETE FROM item`, nil}, "skipped: the text is not one whole statement"},
		{"unclosed", query{`SELECT 'x`, nil}, "skipped: the text is not one whole statement"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := summary(db.advise(t, explain.Config{}, tt.query))
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("report:\n%s\nwant %q", got, tt.want)
			}
		})
	}
}

func TestSQLiteForeignKeyAndDuplicates(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, itemsLite...)
	db.exec(t, `CREATE INDEX item_kind ON item (kind)`, `CREATE INDEX item_kind_made ON item (kind, made)`, `CREATE INDEX item_kind_note ON item (kind) WHERE note IS NULL`,
		`CREATE INDEX item_lower ON item (kind, lower(note))`, `CREATE UNIQUE INDEX item_made ON item (made)`, `CREATE INDEX item_made_kind ON item (made, kind)`)
	join := query{`SELECT o.name FROM item i JOIN owner o ON o.id = i.owner_id WHERE i.id = ?`, []any{3}}
	want := "foreign-key: CREATE INDEX IF NOT EXISTS item_owner_id_idx ON item (owner_id) [false]\n" +
		"duplicate: DROP INDEX IF EXISTS item_kind [false]\n"
	r := db.advise(t, explain.Config{}, join)
	if got := summary(r); got != want {
		t.Errorf("report:\n%s\nwant:\n%s", got, want)
	}
	// Each migration can be taken back.
	for _, ad := range r.Advice {
		up, down, ok := strings.Cut(ad.Migration, "-- down\n")
		if !ok {
			t.Fatalf("Migration = %q, want a way back", ad.Migration)
		}
		db.exec(t, up, down)
	}
	if got := summary(db.advise(t, explain.Config{}, join)); got != want {
		t.Errorf("report after the migrations up and down:\n%s\nwant:\n%s", got, want)
	}
	for _, ad := range r.Advice {
		db.exec(t, ad.SQL)
	}
	if got := summary(db.advise(t, explain.Config{}, join)); got != "" {
		t.Errorf("report after all that was advised:\n%s\nwant silence", got)
	}
}

// TestSQLiteUnknownFunction: a function that only the service's connections have
// makes a statement that cannot be explained, and nothing worse.
func TestSQLiteUnknownFunction(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, itemsLite...)
	got := summary(db.advise(t, explain.Config{}, query{`SELECT * FROM item WHERE note = distance(?)`, []any{"x"}}))
	if want := "skipped: SQLite does not explain it"; !strings.Contains(got, want) {
		t.Errorf("report = %q, want %q", got, want)
	}
}
