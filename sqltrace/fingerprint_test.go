package sqltrace_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/sqltrace"
)

func TestStatementsThatDifferOnlyInValuesShareAFingerprint(t *testing.T) {
	tests := []struct {
		name  string
		texts []string
		want  string
	}{
		{"literals", []string{
			"SELECT a FROM t WHERE b = 'x' AND c = 5", "select a from t\n where b = 'it''s' and c = -7.5e3",
		}, "SELECT a FROM t WHERE b = ? AND c = ?"},
		{"lists", []string{
			"SELECT a FROM t WHERE b IN ($1)", "SELECT a FROM t WHERE b IN ($1, $2, $3)", "SELECT a FROM t WHERE b IN (?,?)", "SELECT a FROM t WHERE b IN (@p1, @p2)",
		}, "SELECT a FROM t WHERE b IN (?)"},
		{"rows", []string{
			"INSERT INTO t (a, b) VALUES ($1, $2)", "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4), ($5, $6)", "INSERT INTO t (a, b) VALUES ('x', 1), ('y', 2)",
		}, "INSERT INTO t (a, b) VALUES (?)"},
		{"rows with expressions", []string{
			"INSERT INTO t (a, b) VALUES (?, now()) ON CONFLICT DO NOTHING", "INSERT INTO t (a, b) VALUES (?, now()), (?, now()) ON CONFLICT DO NOTHING",
		}, "INSERT INTO t (a, b) VALUES (?, now()) ON CONFLICT DO NOTHING"},
		{"comments", []string{
			"SELECT a /* traceparent='00-1' */ FROM t -- x", "/* route */ SELECT a FROM t;",
		}, "SELECT a FROM t"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, sql := range tt.texts {
				if got, _, _, _, _ := sqltrace.Fingerprint(sql, sqltrace.Unknown); got != tt.want {
					t.Errorf("fingerprint(%q) = %q, want %q", sql, got, tt.want)
				}
			}
			tr := newTracerWith(t, sqltrace.Config{})
			for _, sql := range tt.texts {
				run(context.Background(), tr, sql)
			}
			if got := tr.Statements(); len(got) != 1 || got[0].Count != int64(len(tt.texts)) {
				t.Errorf("Statements() = %+v, want one that counts %d", got, len(tt.texts))
			}
		})
	}
}

func TestHugeInsertsShareAFingerprint(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	for _, rows := range []int{3, 5_000, 5_001, 20_000} {
		run(context.Background(), tr, "INSERT INTO t (a, b) VALUES (?, ?)"+strings.Repeat(", (?, ?)", rows))
	}
	if got := tr.Statements(); len(got) != 1 || got[0].Count != 4 {
		t.Errorf("Statements() = %+v, want one that counts 4", got)
	}
}

func TestFingerprintDetails(t *testing.T) {
	tests := []struct {
		sql    string
		sample string
		name   string
		kind   sqltrace.Kind
		tables []string
	}{
		{"-- name: GetAuthor :one\nSELECT * FROM authors WHERE id = $1 LIMIT 1;", "SELECT * FROM authors WHERE id = $1 LIMIT 1", "GetAuthor", sqltrace.KindSelect, []string{"authors"}},
		{"/* name: ListAuthors :many */ SELECT a FROM authors", "SELECT a FROM authors", "ListAuthors", sqltrace.KindSelect, []string{"authors"}},
		{"SELECT a/* b */FROM t -- c\nWHERE d = 'e' AND f = 42 AND g = 1", "SELECT a FROM t\nWHERE d = '?' AND f = '?' AND g = 1", "", sqltrace.KindSelect, []string{"t"}},
		{"WITH x AS (SELECT 1 FROM u) SELECT a FROM t JOIN x ON true", "WITH x AS (SELECT 1 FROM u) SELECT a FROM t JOIN x ON true", "", sqltrace.KindSelect, []string{"u", "t"}},
		{"WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x", "WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x", "", sqltrace.KindDelete, []string{"t"}},
		{"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "", sqltrace.KindInsert, []string{"t"}},
		{"(SELECT a FROM t)", "(SELECT a FROM t)", "", sqltrace.KindSelect, []string{"t"}},
		{"update t set a = 1", "update t set a = 1", "", sqltrace.KindUpdate, []string{"t"}},
		{"CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a)", "", sqltrace.KindDDL, nil},
		{"PRAGMA foreign_keys = 1", "PRAGMA foreign_keys = 1", "", sqltrace.KindSet, nil},
		{"SAVEPOINT a", "SAVEPOINT a", "", sqltrace.KindTransaction, nil},
		{"CALL p()", "CALL p()", "", sqltrace.KindOther, nil},
	}
	for _, tt := range tests {
		_, sample, name, kind, tables := sqltrace.Fingerprint(tt.sql, sqltrace.Unknown)
		if sample != tt.sample || name != tt.name || kind != tt.kind || !slices.Equal(tables, tt.tables) {
			t.Errorf("fingerprint(%q) = %q, %q, %s, %q, want %q, %q, %s, %q", tt.sql, sample, name, kind, tables, tt.sample, tt.name, tt.kind, tt.tables)
		}
	}
}

func TestDialectsReadStringsTheirWay(t *testing.T) {
	tests := []struct {
		dialect sqltrace.Dialect
		sql     string
		want    string // the sample
	}{
		{sqltrace.MySQL, `SELECT a FROM t WHERE b = "secret" # comment`, `SELECT a FROM t WHERE b = '?'`},
		{sqltrace.MySQL, `SELECT a FROM t WHERE b = 'se\'cret' AND c`, `SELECT a FROM t WHERE b = '?' AND c`},
		{sqltrace.Postgres, `SELECT a FROM t WHERE b = '\' AND "c"`, `SELECT a FROM t WHERE b = '?' AND "c"`},
		{sqltrace.Postgres, `SELECT a FROM t WHERE b = E'\'' AND "c"`, `SELECT a FROM t WHERE b = E'?' AND "c"`},
		{sqltrace.Postgres, `SELECT a FROM t WHERE b = $x$sec'ret$x$ AND c ? 'k'`, `SELECT a FROM t WHERE b = '?' AND c ? '?'`},
		{sqltrace.Postgres, `SELECT a /* x /* y */ z */ FROM t`, `SELECT a FROM t`},
		{sqltrace.SQLite, `SELECT [a'b] FROM t WHERE b = $name`, `SELECT [a'b] FROM t WHERE b = $name`},
		{sqltrace.Unknown, `SELECT a FROM t WHERE b = 'never ends`, `SELECT a FROM t WHERE b = '?'`},
	}
	for _, tt := range tests {
		text, sample, _, _, _ := sqltrace.Fingerprint(tt.sql, tt.dialect)
		if sample != tt.want || strings.Contains(text, "ecret") {
			t.Errorf("fingerprint(%s, %q) = %q, sample %q, want sample %q", tt.dialect, tt.sql, text, sample, tt.want)
		}
	}
}

// GORM and ent put back quotes around identifiers on SQLite as on MySQL.
func TestBackQuotesAreIdentifiers(t *testing.T) {
	const sql = "SELECT * FROM `books` WHERE `a``\"b` = 'x`y'"
	for _, d := range []sqltrace.Dialect{sqltrace.Unknown, sqltrace.SQLite, sqltrace.MySQL} {
		text, _, _, kind, tables := sqltrace.Fingerprint(sql, d)
		if strings.Contains(text, "x`y") || kind != sqltrace.KindSelect || len(tables) != 1 || strings.Trim(tables[0], "`\"") != "books" {
			t.Errorf("fingerprint(%s, %q) = %q, %s, tables %q, want a select from books without its value", d, sql, text, kind, tables)
		}
	}
}

func TestCacheOfTextsIsBounded(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	for i := range 20_000 {
		run(context.Background(), tr, fmt.Sprintf("SELECT a FROM t WHERE b = %d", i))
	}
	if got := tr.CachedTexts(); got > 4096 || got < 4000 {
		t.Errorf("texts in the cache = %d, want about 4096", got)
	}
	if got := tr.Statements(); len(got) != 1 || got[0].Count != 20_000 {
		t.Errorf("Statements() = %+v, want one that counts 20000", got)
	}
}

func TestDistinctRatio(t *testing.T) {
	for _, tt := range []struct{ values, repeats int }{{1, 50}, {16, 1}, {17, 1}, {100, 1}, {500, 2}, {1000, 1}, {50, 20}, {50_000, 1}} {
		var hashes []uint64
		for range tt.repeats {
			for v := range tt.values {
				hashes = append(hashes, uint64(v)*0x9e3779b97f4a7c15)
			}
		}
		got, want := sqltrace.DistinctRatio(hashes), 1/float64(tt.repeats)
		if got < 0.95*want || got > 1.05*want {
			t.Errorf("ratio of %d values %d times = %.3f, want %.3f within 5 %%", tt.values, tt.repeats, got, want)
		}
	}
}

func FuzzFingerprint(f *testing.F) {
	for _, sql := range []string{
		"SELECT a FROM t WHERE b IN ($1, $2)", "INSERT INTO t VALUES (?, ?), (?, ?)", "-- name: X :one\nSELECT 'a", "WITH x AS (SELECT $$a$$) SELECT 1",
		"VALUES (", "SELECT \"a\".\"b\" FROM [c]", "/*", "'", "\x00", "SELECT 1e+", "E'\\", "$", "VALUES (?), (?", "SELECT * FROM `a` WHERE x=:y AND z=@w",
	} {
		f.Add(sql, uint8(0))
	}
	dialects := []sqltrace.Dialect{sqltrace.Unknown, sqltrace.Postgres, sqltrace.SQLite, sqltrace.MySQL, sqltrace.SQLServer}
	f.Fuzz(func(t *testing.T, sql string, dialect uint8) {
		d := dialects[int(dialect)%len(dialects)]
		sqltrace.Fingerprint(sql, d)
		texts, _ := sqltrace.TokensOf(sql, d)
		squeeze := strings.NewReplacer(" ", "", "\t", "", "\n", "", "\v", "", "\f", "", "\r", "")
		if got, want := squeeze.Replace(strings.Join(texts, "")), squeeze.Replace(sql); got != want {
			t.Errorf("tokens of %q joined = %q: something is lost", sql, got)
		}
	})
}
