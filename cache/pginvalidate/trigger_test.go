package pginvalidate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/internal/testserver"
)

var products = pginvalidate.Rule{
	Table: "shop.products",
	Tags:  []string{"product:{id}", "category:{category_id}"},
	All:   "products",
}

const productsTable = `CREATE SCHEMA shop;
	CREATE TABLE shop.products (id int PRIMARY KEY, category_id int, name text, stock int DEFAULT 0)`

func TestChangesInvalidateTheirTags(t *testing.T) {
	b := newBench(t, testserver.Postgres(t), pginvalidate.Setup{Rules: []pginvalidate.Rule{products}}, productsTable)
	for _, tt := range []struct{ name, sql, want string }{
		{"insert", "INSERT INTO shop.products VALUES (1, 10), (2, 10), (3, 11)", "category:10 category:11 product:1 product:2 product:3"},
		{"NULL is nothing", "INSERT INTO shop.products VALUES (4, NULL)", "category: product:4"},
		{"update", "UPDATE shop.products SET name = 'x' WHERE id = 1", "category:10 product:1"},
		{"update without change", "UPDATE shop.products SET name = name WHERE id = 1", "category:10 product:1"},
		{"update of a tag's column", "UPDATE shop.products SET category_id = 12 WHERE id = 2", "category:10 category:12 product:2"},
		{"update of the key", "UPDATE shop.products SET id = 20 WHERE id = 2", "category:12 product:2 product:20"},
		{"nothing to do", "UPDATE shop.products SET name = 'x' WHERE id = -1", ""},
		{"delete", "DELETE FROM shop.products WHERE id = 20", "category:12 product:20"},
		{"rollback", "BEGIN; UPDATE shop.products SET name = 'y'; ROLLBACK", ""},
		{
			"savepoint", "BEGIN; UPDATE shop.products SET name = 'y' WHERE id = 1; SAVEPOINT s; " +
				"UPDATE shop.products SET name = 'y' WHERE id = 3; ROLLBACK TO s; COMMIT",
			"category:10 product:1",
		},
		{"conflict, updated", "INSERT INTO shop.products VALUES (3, 99), (5, 13) ON CONFLICT (id) DO UPDATE SET name = 'z'", "category:11 category:13 product:3 product:5"},
		{"conflict, nothing", "INSERT INTO shop.products VALUES (3, 99) ON CONFLICT DO NOTHING", ""},
		{
			"merge", "MERGE INTO shop.products p USING (VALUES (3, 14), (5, 13), (6, 15)) v (id, c) ON p.id = v.id " +
				"WHEN MATCHED AND v.id = 5 THEN DELETE WHEN MATCHED THEN UPDATE SET category_id = v.c WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.c)",
			"category:11 category:13 category:14 category:15 product:3 product:5 product:6",
		},
		{"writable CTE", "WITH gone AS (DELETE FROM shop.products WHERE id = 6 RETURNING id) SELECT * FROM gone", "category:15 product:6"},
		{"truncate", "TRUNCATE shop.products", "products"},
		{"as many as may be", "INSERT INTO shop.products SELECT n, NULL FROM generate_series(1, 999) n", ""},
		{"one more", "INSERT INTO shop.products SELECT n, NULL FROM generate_series(1001, 2000) n", "products"},
		{"100,000 rows", "INSERT INTO shop.products SELECT n, n FROM generate_series(2001, 102000) n", "products"},
		{"100,000 rows of few tags", "UPDATE shop.products SET id = id", "products"},
	} {
		got := b.invalidated(t, tt.sql)
		if tt.name == "as many as may be" {
			if n := len(strings.Fields(got)); n != 1000 || strings.Contains(got, "products") {
				t.Errorf("%s: %d tags were invalidated, want each of the 1000", tt.name, n)
			}
			continue
		}
		if got != tt.want {
			t.Errorf("%s: invalidated %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestCopyAndCascade covers changes that are no plain statements.
func TestCopyAndCascade(t *testing.T) {
	b := newBench(t, testserver.Postgres(t), pginvalidate.Setup{Rules: []pginvalidate.Rule{
		{Table: "authors", Tags: []string{"author:{id}"}},
		{Table: "books", Tags: []string{"book:{id}", "books of:{author}"}},
	}}, "CREATE TABLE authors (id int PRIMARY KEY)",
		"CREATE TABLE books (id int PRIMARY KEY, author int REFERENCES authors ON DELETE CASCADE ON UPDATE CASCADE)")
	b.told.take()
	run(t, b.conn, "INSERT INTO authors VALUES (1), (2)")
	if _, err := b.conn.PgConn().CopyFrom(t.Context(), strings.NewReader("7\t1\n8\t1\n9\t2\n"), "COPY books FROM STDIN"); err != nil {
		t.Fatal(err)
	}
	if got, want := b.since(t), "author:1 author:2 book:7 book:8 book:9 books of:1 books of:2"; got != want {
		t.Errorf("COPY invalidated %q, want %q", got, want)
	}
	if got, want := b.invalidated(t, "DELETE FROM authors WHERE id = 1"), "author:1 book:7 book:8 books of:1"; got != want {
		t.Errorf("a cascading DELETE invalidated %q, want %q", got, want)
	}
	if got, want := b.invalidated(t, "UPDATE authors SET id = 3 WHERE id = 2"), "author:2 author:3 book:9 books of:2 books of:3"; got != want {
		t.Errorf("a cascading UPDATE invalidated %q, want %q", got, want)
	}
	if got, want := b.invalidated(t, "TRUNCATE authors CASCADE"), all; got != want {
		t.Errorf("TRUNCATE of tables without an All tag invalidated %q, want everything", got)
	}
}

func TestPartitionsAndHeirs(t *testing.T) {
	b := newBench(t, testserver.Postgres(t), pginvalidate.Setup{Rules: []pginvalidate.Rule{
		{Table: "part", Tags: []string{"p:{id}"}},
		{Table: "heir", Tags: []string{"h:{id}"}},
	}}, `CREATE TABLE part (id int, day int) PARTITION BY RANGE (day);
		CREATE TABLE part1 (extra_first int, day int, id int);
		ALTER TABLE part1 DROP COLUMN extra_first;
		ALTER TABLE part ATTACH PARTITION part1 FOR VALUES FROM (0) TO (10);
		CREATE TABLE part2 PARTITION OF part FOR VALUES FROM (10) TO (30) PARTITION BY RANGE (day);
		CREATE TABLE part2a PARTITION OF part2 FOR VALUES FROM (10) TO (20);
		CREATE TABLE heir (id int); CREATE TABLE child (more text) INHERITS (heir)`)
	for _, tt := range []struct{ name, sql, want string }{
		{"insert by the parent", "INSERT INTO part VALUES (1, 1), (2, 11)", "p:1 p:2"},
		{"a row that moves", "UPDATE part SET day = 12, id = 3 WHERE id = 1", "p:1 p:3"},
		{"insert by the partition", "INSERT INTO part1 (id, day) VALUES (4, 2)", "p:4"},
		{"delete by the middle", "DELETE FROM part2 WHERE id = 2", "p:2"},
		{"truncate of a leaf", "TRUNCATE part2a", all},
		{"a new partition, by the parent", "CREATE TABLE part2b PARTITION OF part2 FOR VALUES FROM (20) TO (30); INSERT INTO part VALUES (5, 25)", "p:5"},
		{"heir by itself", "INSERT INTO child VALUES (6, 'x')", "h:6"},
		{"heir by the parent", "UPDATE heir SET id = 7", "h:6 h:7"},
	} {
		if got := b.invalidated(t, tt.sql); got != tt.want {
			t.Errorf("%s: invalidated %q, want %q", tt.name, got, tt.want)
		}
	}
	if err := pginvalidate.Verify(t.Context(), b.conn, b.setup); err == nil || !strings.Contains(err.Error(), "part2b: the trigger hone_invalidate_insert is missing") {
		t.Errorf("Verify = %v, want it to name the partition that has come", err)
	}
	migrate(t, b.conn, b.setup)
	if got, want := b.invalidated(t, "INSERT INTO part2b VALUES (8, 26)"), "p:8"; got != want {
		t.Errorf("after another migration, a new partition's INSERT invalidated %q, want %q", got, want)
	}
}

// TestColumnsThatMatter updates rows in columns that do and do not.
func TestColumnsThatMatter(t *testing.T) {
	b := newBench(t, testserver.Postgres(t), pginvalidate.Setup{Rules: []pginvalidate.Rule{{
		Table: "shop.products", Tags: []string{"category:{category_id}"}, Columns: []string{"name"}, Key: []string{"id"},
	}}}, productsTable, "INSERT INTO shop.products VALUES (1, 10, 'a'), (2, 11, 'b'), (3, 12, NULL)")
	for _, tt := range []struct{ name, sql, want string }{
		{"another column", "UPDATE shop.products SET stock = stock + 1", ""},
		{"to the same", "UPDATE shop.products SET name = name", ""},
		{"one row of three", "UPDATE shop.products SET stock = 7, name = CASE id WHEN 1 THEN 'c' ELSE name END", "category:10"},
		{"from NULL", "UPDATE shop.products SET name = '' WHERE id = 3", "category:12"},
		{"a tag's column", "UPDATE shop.products SET category_id = 13 WHERE id = 3", "category:12 category:13"},
		{"an exchange", "UPDATE shop.products SET name = CASE id WHEN 1 THEN 'b' ELSE 'c' END, category_id = CASE id WHEN 1 THEN 11 ELSE 10 END WHERE id < 3", "category:10 category:11"},
		{"insert", "INSERT INTO shop.products VALUES (4, 14)", "category:14"},
		{"delete", "DELETE FROM shop.products WHERE id = 4", "category:14"},
	} {
		if got := b.invalidated(t, tt.sql); got != tt.want {
			t.Errorf("%s: invalidated %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestManyTagsAreFewNotifications counts them.
func TestManyTagsAreFewNotifications(t *testing.T) {
	b := newBench(t, testserver.Postgres(t), pginvalidate.Setup{
		MaxTags: 100_000,
		Rules:   []pginvalidate.Rule{{Table: "bulk", Tags: []string{"row number:{id}"}}},
	}, "CREATE TABLE bulk (id int)")
	before := b.l.Stats().Notifications
	got := b.invalidated(t, "INSERT INTO bulk SELECT generate_series(1, 100000)")
	// When more wait than are kept, everything goes instead of the rest.
	words := strings.Fields(got)
	if n := len(words); !slices.Contains(words, all) && n != 200_000 {
		t.Errorf("100,000 rows invalidated %d words, want all tags, or everything", n)
	}
	if n := b.l.Stats().Notifications - before - 1; n < 250 || n > 450 {
		t.Errorf("100,000 rows made %d notifications, want 250 to 450: 2 MB in chunks of 6000 bytes", n)
	}
}

// TestAwkwardValues sends what could break a payload, a name or a statement.
func TestAwkwardValues(t *testing.T) {
	url := testserver.Postgres(t)
	b := newBench(t, url, pginvalidate.Setup{Rules: []pginvalidate.Rule{{
		Table: `"Odd ""schema"."a.'table' $hone$ %s ` + `"`,
		Tags:  []string{`it's \ {"tags"} {{x}} $hone$:{"c ""%I"}`},
		All:   `all \ 'of' "it"`,
	}}}, `CREATE SCHEMA "Odd ""schema"`,
		`CREATE TABLE "Odd ""schema"."a.'table' $hone$ %s " ("c ""%I" text, tags text, list int, r int, x int)`)
	const insert = `INSERT INTO "Odd ""schema"."a.'table' $hone$ %s " ("c ""%I", tags) VALUES ($1, $2)`
	for _, value := range []string{"plain", "a,b;c", `'"'`, "line\nbreak\ttab\x01", "ünï 😀", `back\slash`, strings.Repeat("y", 1400)} {
		for _, conforming := range []string{"off", "on"} { // the first one is what the function is parsed with
			run(t, b.conn, "SET standard_conforming_strings = "+conforming)
			b.told.take()
			if _, err := b.conn.Exec(t.Context(), insert, value, "t"); err != nil {
				t.Fatal(err)
			}
			if got, want := b.since(t), `it's \ t {x} $hone$:`+value; got != want {
				t.Errorf("the value %.20q invalidated %q, want %q", value, got, want)
			}
		}
	}
	for _, n := range []int{8000, 100_000} {
		b.told.take()
		if _, err := b.conn.Exec(t.Context(), insert, strings.Repeat("é", n), ""); err != nil {
			t.Fatal(err)
		}
		if got, want := b.since(t), `all \ 'of' "it"`; got != want {
			t.Errorf("a value of %d bytes invalidated %.50q, want %q", 2*n, got, want)
		}
	}
	// Long tags, but few enough bytes each: they go out in chunks.
	var want []string
	values := ""
	for i := range 60 {
		v := fmt.Sprint(i+10, strings.Repeat("\x02", 200)) // 6 bytes each in JSON
		want = append(want, `it's \  {x} $hone$:`+v)
		values += fmt.Sprintf(",('%s','')", v)
	}
	got := b.invalidated(t, `INSERT INTO "Odd ""schema"."a.'table' $hone$ %s " ("c ""%I", tags) VALUES `+values[1:])
	if got != strings.Join(want, " ") {
		t.Errorf("60 long tags invalidated %d bytes, want %d", len(got), len(strings.Join(want, " ")))
	}
}

// TestSessionSettingsDoNotChangeTags writes with settings that change how
// PostgreSQL prints values, and a search_path with traps in it.
func TestSessionSettingsDoNotChangeTags(t *testing.T) {
	b := newBench(t, testserver.Postgres(t), pginvalidate.Setup{Rules: []pginvalidate.Rule{{
		Table: "ts", Tags: []string{"at:{at},{f},{b},{i},{yes}"},
	}}}, "CREATE TABLE ts (at timestamptz, f float8, b bytea, i interval, yes bool)",
		`CREATE SCHEMA trap; CREATE FUNCTION trap.pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE ''trapped''; END';
		CREATE FUNCTION trap.coalesce(text, text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE ''trapped''; END'`)
	got := b.invalidated(t,
		"SET search_path = trap, public, pg_catalog; SET DateStyle = 'German'; SET TimeZone = 'Asia/Tokyo'; SET extra_float_digits = -3; SET bytea_output = 'escape'; SET IntervalStyle = 'iso_8601'",
		"CREATE TEMP TABLE new_rows (id int)",
		`INSERT INTO public.ts VALUES ('2020-01-02 03:04:05.5+00', 0.1::float8 + 0.2, '\x00ff', '1 day 2 hours', true)`,
		"SET search_path = public")
	if want := `at:2020-01-02 03:04:05.5+00,0.30000000000000004,\x00ff,1 day 02:00:00,true`; got != want {
		t.Errorf("invalidated %q, want %q", got, want)
	}
}
