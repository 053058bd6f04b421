package explain_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/explain"
)

// TestStep: the forms of SQLite 3.36 and later, and those of before.
func TestStep(t *testing.T) {
	tests := []struct{ detail, want string }{
		{"SCAN o", "name:o"},
		{"SCAN TABLE orders", "name:orders"},
		{"SCAN TABLE orders AS o", "name:o"},
		{"SCAN TABLE orders (~1000000 rows)", "name:orders"},
		{"SCAN o USING COVERING INDEX o_a", "name:o index:o_a"},
		{"SEARCH o USING INTEGER PRIMARY KEY (rowid=?)", "name:o search rowid equal:1"},
		{"SEARCH TABLE orders AS o USING INTEGER PRIMARY KEY (rowid=?)", "name:o search rowid equal:1"},
		{"SEARCH l USING PRIMARY KEY (order_id=? AND line>?)", "name:l search primary equal:1 ranged"},
		{"SEARCH l USING INDEX L_A (a=? AND b=?)", "name:l search index:l_a equal:2"},
		{"SEARCH l USING COVERING INDEX l_a (a>? AND a<?) LEFT-JOIN", "name:l search index:l_a ranged"},
		{"SEARCH l USING AUTOMATIC COVERING INDEX (product_id=?)", "name:l search automatic equal:1"},
		{"SEARCH TABLE l USING AUTOMATIC INDEX (product_id=?)", "name:l search automatic equal:1"},
		{"USE TEMP B-TREE FOR ORDER BY", "sort"},
		{"USE TEMP B-TREE FOR RIGHT PART OF ORDER BY", "sort"},
		{"USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY", "sort"},
		{"USE TEMP B-TREE FOR GROUP BY", ""},
		{"USE TEMP B-TREE FOR count(DISTINCT)", ""},
		{"BLOOM FILTER ON o (id=?)", ""},
		{"SCAN SUBQUERY 1", "opaque"},
		{"SCAN (subquery-1)", "name:(subquery-1)"},
		{"SEARCH item EXISTS USING INDEX i (<expr>=? AND b>?)", "name:item search index:i equal:1 ranged"},
		{"SCAN words VIRTUAL TABLE INDEX 0:M1", "opaque"},
		{"SCAN CONSTANT ROW", ""},
		{"SCAN 2-ROW VALUES CLAUSE", ""},
		{"CORRELATED SCALAR SUBQUERY 1", "nest:each"},
		{"LIST SUBQUERY 2", "nest:once"},
		{"MULTI-INDEX OR", "opaque"},
		{"CO-ROUTINE X", "name:x nest:named"},
		{"MATERIALIZE (subquery-1)", "name:(subquery-1) nest:named"},
		{"COMPOUND QUERY", "nest:arm"},
		{"MERGE (UNION ALL)", "nest:arm"},
		{"UNION USING TEMP B-TREE", "nest:arm"},
		{"RECURSIVE STEP", "nest:arm"},
		{"", "opaque"},
	}
	for _, tt := range tests {
		if got := explain.Step(tt.detail); got != tt.want {
			t.Errorf("parseStep(%q) = %q, want %q", tt.detail, got, tt.want)
		}
	}
}

// node makes a plan of one scan of table t under a sort and a limit.
func node(t *testing.T, filter string, keys ...string) []byte {
	t.Helper()
	scan := map[string]any{"Node Type": "Seq Scan", "Schema": "s", "Relation Name": "t", "Alias": "x", "Total Cost": 1000, "Plan Rows": 5}
	if filter != "" {
		scan["Filter"] = filter
	}
	plan := scan
	if len(keys) > 0 {
		plan = map[string]any{"Node Type": "Limit", "Plans": []any{
			map[string]any{"Node Type": "Sort", "Sort Key": keys, "Plans": []any{scan}},
		}}
	}
	text, err := json.Marshal([]any{map[string]any{"Plan": plan}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestPlan(t *testing.T) {
	tests := []struct {
		filter string
		sort   []string
		want   string // candidates or notes, one a line
	}{
		{"(x.a = 'v'::text)", nil, "ON s.t (a)"},
		{"((x.a)::text = 'v'::text)", nil, "ON s.t (a)"},
		{"((x.a)::integer = 5)", nil, "ON s.t (((a)::integer))"},
		{"(x.a = ANY ('{1,2}'::bigint[]))", nil, "ON s.t (a)"},
		{"(x.a IS NULL)", nil, "ON s.t (a)"},
		{"(x.a IS NOT NULL)", nil, "s.t is scanned for a condition that no index on its columns serves"},
		{"((x.a = 1) AND (x.b > 2))", nil, "ON s.t (a)\nON s.t (a, b)"},
		{"((x.a = 1) AND ((x.b >= 2) AND (x.b < 3)))", nil, "ON s.t (a)\nON s.t (a, b)"},
		{"((x.a = 1) OR (x.b = 2))", nil, "s.t is scanned for a condition that no index on its columns serves"},
		{"((x.a = 1) AND (lower(x.b) = 'v'::text))", nil, "ON s.t (a)\nON s.t (a, (lower(b)))"},
		{"(x.a <> 1)", nil, "s.t is scanned for a condition that no index on its columns serves"},
		{"(x.a = x.b)", nil, "s.t is scanned for a condition that no index on its columns serves"},
		{"(x.a = $1)", []string{"x.b DESC", "x.c"}, "ON s.t (a)\nON s.t (a, b DESC, c)"},
		{"", []string{"x.b DESC NULLS LAST"}, "ON s.t (b DESC NULLS LAST)"},
		{"", []string{"x.b NULLS FIRST"}, "ON s.t (b NULLS FIRST)"},
		{"", []string{"(lower(x.b))"}, ""},
		{"", []string{`x.b COLLATE "C"`}, ""},
	}
	for _, tt := range tests {
		got, err := explain.Plan("", node(t, tt.filter, tt.sort...))
		if err != nil || strings.TrimSpace(got) != tt.want {
			t.Errorf("plan with filter %q, sort %q = %q, %v, want %q", tt.filter, tt.sort, got, err, tt.want)
		}
	}
	for _, bad := range []string{"", "null", "{}", "[]", "[{}]", `[{"Plan":null}]`, `[{"Plan":{"Plans":[null]}}]`, `[{"Plan":{"Total Cost":"x"}}]`, strings.Repeat(`[{"Plan":{"Plans":[`, 2000)} {
		if got, err := explain.Plan("", []byte(bad)); err == nil {
			t.Errorf("Plan(%.40q) = %q, want an error", bad, got)
		}
	}
}

func TestSelect(t *testing.T) {
	tests := []struct{ sql, want string }{
		{"SELECT * FROM item WHERE ia = ? AND b BETWEEN ? AND ?", "item equal [ia] range [b] join []"},
		{"SELECT * FROM item i JOIN owner o ON o.id = i.b WHERE ia = 1 ORDER BY i.ia DESC, i.id", "i equal [ia] range [] join [b] order ia DESC, id; o equal [] range [] join [id]"},
		{"SELECT * FROM item, owner WHERE b = 1", "item equal [] range [] join []; owner equal [] range [] join []"},
		{"SELECT * FROM item WHERE 5 = ia", "item equal [ia] range [] join []"},
		{"SELECT * FROM item WHERE ia IN (1, 2) AND b NOT IN (3)", "item equal [ia] range [] join [] odd"},
		{"SELECT * FROM item WHERE (ia = 1 OR b = 2)", "item equal [] range [] join [] odd"},
		{"SELECT * FROM item WHERE ia = b", "item equal [] range [] join [] odd"},
		{"SELECT * FROM item WHERE ia = CASE WHEN b = 1 AND ia = 2 THEN 3 END", "item equal [] range [] join [] odd"},
		{"SELECT * FROM main.item AS `x` LEFT JOIN owner ON owner.oa = x.ia GROUP BY b HAVING count(*) > 1 LIMIT 3", "x equal [] range [] join [ia]; owner equal [] range [] join [oa]"},
		{"SELECT * FROM nowhere", "it reads from nowhere, which is no table"},
		{"SELECT 1", "it reads no table"},
		{"SELECT * FROM item WHERE b = 1 UNION SELECT * FROM owner WHERE oa = 2 ORDER BY 1", "item equal [b] range [] join []; owner equal [oa] range [] join []"},
		{"WITH x AS (SELECT * FROM item) SELECT * FROM x WHERE b = 1 ORDER BY ia", "item equal [b] range [] join [] order ia"},
		{"WITH x (c) AS (SELECT b FROM item) SELECT * FROM x WHERE c = 1", "item equal [] range [] join []"},
		{"SELECT * FROM (SELECT ia AS c, i.b FROM item i) y WHERE y.c = 1 AND b > 2", "i equal [ia] range [b] join []"},
		{"SELECT * FROM (SELECT b FROM item LIMIT 5) WHERE b = 1", "item equal [] range [] join []"},
		{"SELECT * FROM (SELECT b FROM item GROUP BY b) WHERE b = 1", "item equal [] range [] join []"},
		{"SELECT * FROM owner WHERE id IN (SELECT b FROM item WHERE ia = 1)", "owner equal [id] range [] join []; item equal [ia] range [] join []"},
		{"SELECT * FROM owner o WHERE EXISTS (SELECT 1 FROM item WHERE item.b = o.id)", "o equal [] range [] join []; item equal [b] range [] join []"},
		{"WITH RECURSIVE t AS (SELECT id FROM item WHERE id = 1 UNION ALL SELECT i.id FROM item i JOIN t ON i.b = t.id) SELECT * FROM t", "item equal [id] range [] join []; i equal [b] range [] join []"},
		{"WITH x AS (SELECT * FROM item SELECT * FROM x", "its WITH has an unknown form"},
		{"SELECT * FROM (item JOIN owner)", "it has a join in parentheses"},
		{"SELECT * FROM item WHERE lower(item.b) = 'x'", "item equal [lower(b)] range [] join []"},
		{"SELECT * FROM item WHERE b || ? = 'x'", "item equal [] range [] join [] odd"},
		{"", "it does not begin with SELECT"},
	}
	for _, tt := range tests {
		if got := explain.Select(tt.sql); got != tt.want {
			t.Errorf("parseSelect(%q) = %q, want %q", tt.sql, got, tt.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	const pg, lite = sqltrace.Postgres, sqltrace.SQLite
	tests := []struct {
		sql     string
		dialect sqltrace.Dialect
		want    string
		refusal string
	}{
		{"SELECT  a FROM T -- x\nWHERE b = $1 AND c IN (1, 2, 3);", pg, "select a from t where b = ? and c in (?)", ""},
		{`SELECT "A".b FROM "A" /* /* nested */ ; */ WHERE b = E'it\'s; x'`, pg, `select "A".b from "A" where b = ?`, ""},
		{`SELECT $tag$ ; $x$ ; $tag$`, pg, "select ?", ""},
		{`SELECT 'a\'; DROP TABLE t; --'`, pg, "select ? drop table t", "the text is not one whole statement"},
		{`SELECT /* /* */ 1; */ 2`, lite, "select ? * / ?", "the text is not one whole statement"},
		{"SELECT [a;b], `c;d` FROM t", lite, `select "a;b", "c;d" from t`, ""},
		{"SELECT $x$ ; 1", lite, "select ? $ ?", "the text is not one whole statement"},
		{"SELECT 'open", pg, "select ?", "the text is not one whole statement"},
		{"((SELECT 1))", pg, "((select ?))", ""},
		{";", pg, "", "it is empty"},
		{"BEGIN", pg, "begin", "it is not a SELECT"},
		{"SELECT * FROM t FOR UPDATE", pg, "select * from t for update", ""},
		{"SELECT replace(a, 'x', 'y') FROM t", lite, "select replace (a, ?) from t", ""},
		{"SELECT 1 INTO t", pg, "select ? into t", "it has INTO"},
		{"EXPLAIN ANALYZE DELETE FROM t", pg, "explain analyze delete from t", "it is not a SELECT"},
	}
	for _, tt := range tests {
		got, refusal := explain.Fingerprint(tt.sql, tt.dialect)
		if got != tt.want || refusal != tt.refusal {
			t.Errorf("Fingerprint(%q) = %q, %q, want %q, %q", tt.sql, got, refusal, tt.want, tt.refusal)
		}
	}
}

func TestWritten(t *testing.T) {
	tests := []struct{ sql, want string }{
		{"INSERT INTO item VALUES (1)", "item"},
		{"INSERT OR IGNORE INTO Item VALUES (1)", "item"},
		{"REPLACE INTO item VALUES (1)", "item"},
		{`UPDATE ONLY shop."Item" SET a = 1`, "Item"},
		{"DELETE FROM shop.item", "item"},
		{"WITH x AS (SELECT 1) UPDATE item SET a = 1", "item"},
		{"WITH x AS (DELETE FROM item RETURNING 1) SELECT * FROM x", "item"},
		{"WITH x AS (SELECT replace(a, 'b', 'c')) SELECT * FROM x FOR UPDATE", ""},
		{"SELECT * FROM item FOR UPDATE", ""},
		{"DELETE", ""},
	}
	for _, tt := range tests {
		if got := explain.Written(tt.sql, sqltrace.Postgres); got != tt.want {
			t.Errorf("Written(%q) = %q, want %q", tt.sql, got, tt.want)
		}
	}
}

func TestIndexName(t *testing.T) {
	if got, want := explain.IndexName("orders", "customer_id", "id"), "orders_customer_id_id_idx"; got != want {
		t.Errorf("IndexName = %q, want %q", got, want)
	}
	long := explain.IndexName(strings.Repeat("é", 40), "a")
	if len(long) > 63 || !utf8.ValidString(long) || !strings.HasSuffix(long, "_idx") {
		t.Errorf("IndexName of a long table = %q, want at most 63 bytes of whole letters", long)
	}
	for name, want := range map[string]string{"a_1": "a_1", "A": `"A"`, "order": `"order"`, `a"b`: `"a""b"`, "1a": `"1a"`, "": `""`} {
		if got := explain.Quote(name); got != want {
			t.Errorf("Quote(%q) = %q, want %q", name, got, want)
		}
	}
}

// FuzzPlan: whatever a plan holds, no value of an argument is in an index.
func FuzzPlan(f *testing.F) {
	f.Add([]byte(`[{"Plan":{"Node Type":"Seq Scan","Schema":"s","Relation Name":"t","Alias":"x","Total Cost":1000,"Filter":"((x.a = 'v'::text) AND (x.b > 2))"}}]`), "(x.b = 1)")
	f.Add([]byte(`[{"Plan":{"Node Type":"Limit","Plans":[{"Node Type":"Sort","Sort Key":["x.a DESC NULLS LAST"],"Plans":[{"Node Type":"Seq Scan","Schema":"s","Relation Name":"t","Alias":"x"}]}]}}]`), "(NOT x.c)")
	f.Add([]byte(`[{"Plan":{"Node Type":"Append","Plans":[{"Node Type":"Seq Scan","Schema":"s","Relation Name":"t_1","Alias":"t_1"},{"Node Type":"Index Scan","Schema":"s","Relation Name":"t_2","Alias":"t_2","Filter":"(lower(t_2.a) = 'v')"}]}}]`), "(x.a IS NULL)")
	f.Add([]byte(`[]`), "((x.a ->> 'k'::text) = ANY ('{1,2}'::text[]))")
	f.Fuzz(func(t *testing.T, text []byte, filter string) {
		got, err := explain.Plan("", text)
		if err != nil && got != "" {
			t.Errorf("Plan(%q) = %q with error %v", text, got, err)
		}
		const value = "some value"
		for _, f := range []string{
			filter + " AND (x.a = 'some value'::text)",
			"((x.b || 'some value'::text) = 'x'::text) AND " + filter,
			"(x.c = 'some value'::text)",
		} {
			got, err := explain.Plan("SELECT * FROM t x WHERE a = $1 AND b || $1 = $2", node(t, f))
			if err != nil || strings.Contains(got, value) && !strings.Contains(filter, value) {
				t.Errorf("plan with filter %q = %q, %v, want no value of an argument", f, got, err)
			}
		}
	})
}

func FuzzStep(f *testing.F) {
	for _, s := range []string{"SCAN TABLE a AS b", "SEARCH l USING COVERING INDEX l_a (a=? AND b>?)", "USE TEMP B-TREE FOR ORDER BY"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, detail string) {
		if got := explain.Step(detail); strings.Contains(got, "name:") && !strings.HasPrefix(detail, "SCAN ") && !strings.HasPrefix(detail, "SEARCH ") {
			t.Errorf("parseStep(%q) = %q, a table in what is no loop", detail, got)
		}
	})
}

// FuzzStatement: no value is in a fingerprint, whatever follows it.
func FuzzStatement(f *testing.F) {
	f.Add("SELECT a FROM item WHERE b = 'x' AND c IN (1, 2) ORDER BY a DESC LIMIT 3", true)
	f.Add("SELECT $x$secret$x$ FROM [item] WHERE `a` = 1e-5;", false)
	f.Add("WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n FROM x) SELECT * FROM x, owner o WHERE o.id = x.n", false)
	f.Add("SELECT * FROM (SELECT ia AS c, i.* FROM item i) y WHERE y.c = 1 AND EXISTS (SELECT 1 FROM owner WHERE oa = y.c)", false)
	f.Add("SELECT b FROM item UNION SELECT oa FROM owner EXCEPT VALUES (1) ORDER BY 1 LIMIT 2", true)
	f.Add("SELECT lower(b) FROM item WHERE lower(item.b) = 'x' AND b IS NULL AND CASE b WHEN 1 THEN 2 END = 3", false)
	f.Fuzz(func(t *testing.T, sql string, postgres bool) {
		d := sqltrace.SQLite
		if postgres {
			d = sqltrace.Postgres
		}
		const value = "a value of somebody's"
		if text, _ := explain.Fingerprint("SELECT 'a value of somebody''s'; "+sql, d); !strings.Contains(sql, value) && strings.Contains(text, value) {
			t.Errorf("Fingerprint(%q) = %q", sql, text)
		}
		if _, refusal := explain.Fingerprint("SELECT 1; SELECT "+sql, d); refusal == "" {
			t.Errorf("Fingerprint(%q) refuses no second statement", sql)
		}
		explain.Select(sql)
		explain.Select("SELECT * FROM item WHERE " + sql)
	})
}
