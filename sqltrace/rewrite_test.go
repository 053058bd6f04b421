package sqltrace_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/sqltrace"
)

func TestRewriteLoop(t *testing.T) {
	const pg, lite, my, ms, auto = sqltrace.Postgres, sqltrace.SQLite, sqltrace.MySQL, sqltrace.SQLServer, sqltrace.Unknown
	tests := []struct {
		name    string
		sql     string
		dialect sqltrace.Dialect
		varies  uint64
		want    string
	}{
		{"array", "SELECT a FROM t WHERE k = $1", pg, 1, "SELECT a, k FROM t WHERE k = ANY($1)"},
		{"array by placeholder", "SELECT a FROM t WHERE k = $1", auto, 1, "SELECT a, k FROM t WHERE k = ANY($1)"},
		{"list by placeholder", "SELECT a FROM t WHERE k = ?", auto, 1, "SELECT a, k FROM t WHERE k IN (?, ?, …)"},
		{"list of SQLite", "SELECT a FROM t WHERE k = $1", lite, 1, "SELECT a, k FROM t WHERE k IN ($1, $2, …)"},
		{"list of SQL Server", "SELECT a FROM [t] WHERE [k] = @p1", ms, 1, "SELECT a, [k] FROM [t] WHERE [k] IN (@p1, @p2, …)"},
		{"other placeholders move down", "SELECT a FROM t WHERE k = ?1 AND b = ?2", lite, 1, "SELECT a, k FROM t WHERE k IN (?2, ?3, …) AND b = ?1"},
		{"second argument", "SELECT a FROM t WHERE b = $1 AND k = $2", pg, 2, "SELECT a, k FROM t WHERE b = $1 AND k = ANY($2)"},
		{"named, as an array", "SELECT a FROM t WHERE k = @id", pg, 1, "SELECT a, k FROM t WHERE k = ANY(@id)"},
		{"named, as a list", "SELECT a FROM t WHERE k = :id", lite, 1, "SELECT a, k FROM t WHERE k IN (:id_1, :id_2, …)"},
		{"cast", "SELECT a FROM t WHERE k = $1::uuid AND b", pg, 1, "SELECT a, k FROM t WHERE k = ANY($1::uuid[]) AND b"},
		{"reversed", "SELECT a FROM t WHERE $1 = t.k", pg, 1, "SELECT a, t.k FROM t WHERE t.k = ANY($1)"},
		{"one-element list", "SELECT a FROM t WHERE k IN (?)", lite, 1, "SELECT a, k FROM t WHERE k IN (?, ?, …)"},
		{"value in the text", "SELECT a FROM t WHERE k = '?'", pg, 0, "SELECT a, k FROM t WHERE k = ANY($1)"},
		{"key selected", "SELECT k, a FROM t WHERE k = $1", pg, 1, "SELECT k, a FROM t WHERE k = ANY($1)"},
		{"key selected with its table", "SELECT t.k, a FROM t WHERE k = $1", pg, 1, "SELECT t.k, a FROM t WHERE k = ANY($1)"},
		{"another table's column of that name", "SELECT u.k FROM t JOIN u ON u.i = t.i WHERE t.k = $1", pg, 1, "SELECT u.k, t.k FROM t JOIN u ON u.i = t.i WHERE t.k = ANY($1)"},
		{"star", "SELECT * FROM t WHERE k = $1", pg, 1, "SELECT * FROM t WHERE k = ANY($1)"},
		{"star of its table", `SELECT "t".* FROM "t" JOIN u USING (i) WHERE "t"."k" = $1`, pg, 1, `SELECT "t".* FROM "t" JOIN u USING (i) WHERE "t"."k" = ANY($1)`},
		{"star of another table", "SELECT u.* FROM t JOIN u USING (i) WHERE t.k = $1", pg, 1, "SELECT u.*, t.k FROM t JOIN u USING (i) WHERE t.k = ANY($1)"},
		{"quoting and layout stay", "SELECT `a`,\n\t`b`\nFROM `t`\nWHERE `t`.`k` = ? -- why\n  AND NOT gone\nORDER BY `b`;", my, 1, "SELECT `a`,\n\t`b`, `t`.`k`\nFROM `t`\nWHERE `t`.`k` IN (?, ?, …) -- why\n  AND NOT gone\nORDER BY `b`"},
		{"parentheses", "SELECT a FROM t WHERE ((k = ?) AND b = 1)", my, 1, "SELECT a, k FROM t WHERE ((k IN (?, ?, …)) AND b = 1)"},
		{"OR elsewhere", "SELECT a FROM t WHERE k = $1 AND (b OR c)", pg, 1, "SELECT a, k FROM t WHERE k = ANY($1) AND (b OR c)"},
		{"words in strings and comments", "SELECT ' OR FROM ' /* WHERE */ FROM t WHERE k = $1", pg, 1, "SELECT ' OR FROM ', k /* WHERE */ FROM t WHERE k = ANY($1)"},
		{"count", "SELECT count(*) FROM t WHERE k = $1", pg, 1, "SELECT count(*), k FROM t WHERE k = ANY($1) GROUP BY k"},
		{"count and limit", "SELECT count(*) FROM t WHERE k = $1 LIMIT 1", pg, 1, "SELECT count(*), k FROM t WHERE k = ANY($1) GROUP BY k"},
		{"nested aggregate", "SELECT coalesce(sum(a), 0) AS total FROM t WHERE k = $1", pg, 1, "SELECT coalesce(sum(a), 0) AS total, k FROM t WHERE k = ANY($1) GROUP BY k"},
		{"scalar max", "SELECT max(a, b) FROM t WHERE k = ?", lite, 1, "SELECT max(a, b), k FROM t WHERE k IN (?, ?, …)"},
		{"aggregate of a subquery", "SELECT (SELECT count(*) FROM u WHERE u.i = t.i) FROM t WHERE k = $1", pg, 1, "SELECT (SELECT count(*) FROM u WHERE u.i = t.i), k FROM t WHERE k = ANY($1)"},
		{"group by", "SELECT b, sum(a) FROM t WHERE k = $1 GROUP BY b HAVING sum(a) > 1 ORDER BY 1", pg, 1, "SELECT b, sum(a), k FROM t WHERE k = ANY($1) GROUP BY k, b HAVING sum(a) > 1 ORDER BY 1"},
		{"limit", "SELECT a FROM t WHERE k = $1 ORDER BY b DESC LIMIT 3", pg, 1, "SELECT * FROM (SELECT a, k, row_number() OVER (PARTITION BY k ORDER BY b DESC) AS rank_in_key FROM t WHERE k = ANY($1)) AS ranked WHERE rank_in_key <= 3 ORDER BY rank_in_key"},
		{"limit by placeholder", "SELECT a FROM t WHERE k = ?1 LIMIT ?2", lite, 1, "SELECT * FROM (SELECT a, k, row_number() OVER (PARTITION BY k) AS rank_in_key FROM t WHERE k IN (?2, ?3, …)) AS ranked WHERE rank_in_key <= ?1 ORDER BY rank_in_key"},
		{"limit 1 on an id", "SELECT * FROM `users` WHERE `users`.`id` = ? ORDER BY `users`.`id` LIMIT 1", my, 1, "SELECT * FROM `users` WHERE `users`.`id` IN (?, ?, …)"},
		{"limit 1 on an id, in no order", "SELECT a FROM users WHERE id = $1 LIMIT 1", pg, 1, "SELECT a, id FROM users WHERE id = ANY($1)"},
		{"distinct", "SELECT DISTINCT a FROM t WHERE k = $1", pg, 1, "SELECT DISTINCT a, k FROM t WHERE k = ANY($1)"},
		{"is distinct from", "SELECT a IS DISTINCT FROM b FROM t WHERE k = $1", pg, 1, "SELECT a IS DISTINCT FROM b, k FROM t WHERE k = ANY($1)"},
		{"with", "WITH x AS (SELECT 1) SELECT a FROM x WHERE k = $1", pg, 1, "WITH x AS (SELECT 1) SELECT a, k FROM x WHERE k = ANY($1)"},
		{"locks", "SELECT a FROM t WHERE k = $1 FOR UPDATE", pg, 1, "SELECT a, k FROM t WHERE k = ANY($1) FOR UPDATE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := sqltrace.RewriteLoop(tt.sql, tt.dialect, tt.varies, 0)
			if got.SQL != tt.want {
				t.Errorf("rewriteLoop(%q) =\n%s\nwant\n%s\nwhy: %s", tt.sql, got.SQL, tt.want, got.Why)
			}
		})
	}
}

func TestRewriteLoopRefuses(t *testing.T) {
	tests := []struct {
		sql    string
		varies uint64
		why    string // part of the reason
	}{
		{"SELECT a FROM t WHERE k = $1 OR b = 1", 1, "OR"},
		{"SELECT a FROM t WHERE (k = $1 OR b = 1) AND c = 2", 1, "OR"},
		{"SELECT a FROM t WHERE NOT k = $1", 1, "larger expression"},
		{"SELECT a FROM t WHERE NOT (k = $1)", 1, "expression"},
		{"SELECT a FROM t WHERE (k = $1) IS NULL", 1, "larger expression"},
		{"SELECT a FROM t WHERE k + 1 = $1", 1, "expression"},
		{"SELECT a FROM t WHERE k = $1 + 1", 1, "larger expression"},
		{"SELECT a FROM t WHERE lower(k) = $1", 1, "expression"},
		{"SELECT a FROM t WHERE k >= $1", 1, "not compared for equality"},
		{"SELECT a FROM t WHERE k <> $1", 1, "not compared for equality"},
		{"SELECT a FROM t WHERE k NOT IN ($1)", 1, "not compared for equality"},
		{"SELECT a FROM t WHERE k LIKE $1", 1, "not compared for equality"},
		{"SELECT a FROM t WHERE k = $1 AND b = $2", 3, "(k, b) IN"},
		{"SELECT a FROM t WHERE k = $1 AND b > $2", 3, "several"},
		{"SELECT a FROM t WHERE k = $1 AND b > $1", 1, "more than once"},
		{"SELECT $1 FROM t WHERE k = 1", 1, "not in its WHERE"},
		{"SELECT a FROM t JOIN u ON u.k = $1 WHERE b = 1", 1, "not in its WHERE"},
		{"SELECT a FROM t WHERE b IN (SELECT c FROM u WHERE k = $1)", 1, "subquery"},
		{"SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE k = $1)", 1, "subquery"},
		{"WITH x AS (SELECT a FROM t WHERE k = $1) SELECT a FROM x WHERE b = 1", 1, "not in its WHERE"},
		{"SELECT a FROM t WHERE k = $1 UNION SELECT b FROM u", 1, "UNION"},
		{"SELECT a FROM t WHERE k = $1 ORDER BY b OFFSET 5", 1, "OFFSET"},
		{"SELECT a FROM t WHERE k = $1 LIMIT 1, 2", 1, "OFFSET"},
		{"SELECT a FROM t WHERE k = $1 FETCH FIRST 2 ROWS ONLY", 1, "FETCH"},
		{"SELECT TOP 2 a FROM t WHERE k = $1", 1, "TOP"},
		{"SELECT DISTINCT a FROM t WHERE k = $1 LIMIT 2", 1, "LIMIT"},
		{"SELECT DISTINCT ON (a) a, b FROM t WHERE k = $1", 1, "DISTINCT ON"},
		{"SELECT a, count(*) FROM t WHERE k = $1 GROUP BY a LIMIT 2", 1, "LIMIT"},
		{"SELECT a, row_number() OVER (ORDER BY b) FROM t WHERE k = $1", 1, "window"},
		{"SELECT a + b AS c FROM t WHERE k = $1 ORDER BY c LIMIT 2", 1, "orders by c"},
		{"SELECT a FROM t WHERE k = $1 ORDER BY 1 LIMIT 2", 1, "number of a column"},
		{"SELECT a FROM t WHERE k = $1 LIMIT 1 FOR UPDATE", 1, "locks"},
		{"SELECT b AS k FROM t WHERE k = $1", 1, "another value k"},
		{"SELECT f($1)", 1, "reads no table"},
		{"SELECT a FROM t", 0, "no WHERE"},
		{"UPDATE t SET a = 1 WHERE k = $1", 1, "plain SELECT"},
		{"SELECT a FROM t WHERE k = $1; SELECT 2", 1, "one whole statement"},
		{"SELECT a FROM t WHERE k = $1 AND b = 'x", 1, "one whole statement"},
	}
	for _, tt := range tests {
		got := sqltrace.RewriteLoop(tt.sql, sqltrace.Unknown, tt.varies, 0)
		if got.SQL != "" || !strings.Contains(got.Why, tt.why) {
			t.Errorf("rewriteLoop(%q) = %q because %q, want a refusal that says %q", tt.sql, got.SQL, got.Why, tt.why)
		}
	}
}

func FuzzRewriteLoop(f *testing.F) {
	for _, sql := range []string{
		"SELECT a FROM t WHERE k = $1 ORDER BY b LIMIT 3", "WITH x AS (SELECT 1) SELECT count(*) FROM t WHERE (k = ?2) GROUP BY `b`;",
		"SELECT DISTINCT 'it''s' || E'\\'' , \"a\".* FROM [t] WHERE $tag$x$tag$ = :k -- c", "SELECT * FROM t WHERE k IN (@p1) LIMIT ?, ?",
		"select", "SELECT FROM WHERE k=$1", "SELECT a FROM t WHERE)k=$1(", "SELECT a,FROM t WHERE k=$1 GROUP", "SELECT a FROM t WHERE k = $1 ORDER BY LIMIT",
	} {
		f.Add(sql, uint64(1), uint8(0))
		f.Add(sql, uint64(3), uint8(1))
	}
	dialects := []sqltrace.Dialect{sqltrace.Unknown, sqltrace.Postgres, sqltrace.SQLite, sqltrace.MySQL, sqltrace.SQLServer}
	f.Fuzz(func(t *testing.T, sql string, varies uint64, dialect uint8) {
		d := dialects[int(dialect)%len(dialects)]
		r := sqltrace.RewriteLoop(sql, d, varies, 2)
		if r.SQL == "" {
			if r.Lookup && r.Why == "" {
				t.Errorf("rewriteLoop(%q) gives neither SQL nor a reason", sql)
			}
			return
		}
		if _, whole := sqltrace.TokensOf(r.SQL, d); !whole {
			t.Errorf("rewriteLoop(%q) = %q, which does not lex", sql, r.SQL)
		}
	})
}
