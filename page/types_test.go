package page_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/page"
)

// typesSchema has a column of each kind whose values differ only in what a
// careless cursor loses: a microsecond, the last digit of an int64 or of a
// decimal, the case of a letter.
const typesSchema = `
CREATE TABLE t (
	id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	at      timestamptz NOT NULL,
	local   timestamp,
	day     date NOT NULL,
	big     bigint NOT NULL,
	price   numeric(30, 10),
	ratio   double precision NOT NULL,
	name    text COLLATE "C",
	raw     bytea NOT NULL,
	open    boolean
);
INSERT INTO t (at, local, day, big, price, ratio, name, raw, open)
SELECT '2026-03-29 01:59:59.999990+01'::timestamptz + (n / 2) * interval '1 microsecond',
	CASE WHEN n % 5 > 0 THEN '1999-12-31 23:59:59.999990'::timestamp + (n / 3) * interval '1 microsecond' END,
	'2024-02-27'::date + n / 4,
	9007199254740992 + n / 2,
	CASE WHEN n % 7 > 0 THEN 12345678901234567890.0000000001 + (n / 2) * 0.0000000001 END,
	0.1 + (n / 2) * 1e-16,
	CASE WHEN n % 3 > 0 THEN chr(65 + n % 5) || chr(97 + n % 2) || '''' END,
	decode(lpad(to_hex(n / 2), 4, '0'), 'hex') || '\x00ff',
	CASE WHEN n % 3 > 0 THEN n % 2 = 0 END
FROM generate_series(1, 40) AS n`

// TestTypesOfPostgres walks the table by each column in both directions with
// pgx itself, scanning into any, and compares with PostgreSQL's own order.
func TestTypesOfPostgres(t *testing.T) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, testserver.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, typesSchema); err != nil {
		t.Fatal(err)
	}
	columns := []page.Column{
		{Name: "at", Nulls: page.NotNull},
		{Name: "local", Nulls: page.NullsFirst},
		{Name: "day", Nulls: page.NotNull},
		{Name: "big", Nulls: page.NotNull},
		{Name: "price", Nulls: page.NullsLast},
		{Name: "ratio", Nulls: page.NotNull},
		{Name: "name", Nulls: page.NullsLast},
		{Name: "raw", Nulls: page.NotNull},
		{Name: "open", Nulls: page.NullsFirst},
		{Name: "id", Nulls: page.NotNull},
	}
	k := newKeyset(t, page.Sort{Columns: columns, Unique: []string{"id"}}, page.KeysetConfig{Name: "t", PerPage: 3})
	walkColumns(t, k, columns, func(sql string, args []any) []map[string]any {
		rows, err := conn.Query(ctx, sql, args...)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowToMap)
		if err != nil {
			t.Fatalf("%s with %v: %v", sql, args, err)
		}
		return found
	})
}

// walkColumns walks a table by each column in both directions and compares
// with the database's own order.
func walkColumns(t *testing.T, k *page.Keyset, columns []page.Column, read func(sql string, args []any) []map[string]any) {
	t.Helper()
	const base = "SELECT * FROM t"
	ids := func(rows []map[string]any) (ids []string) {
		for _, row := range rows {
			ids = append(ids, fmt.Sprint(row["id"]))
		}
		return ids
	}
	for _, c := range columns {
		for _, sign := range []string{"", "-"} {
			values := parseQuery(t, "sort="+sign+c.Name)
			r, err := k.Parse(values)
			if err != nil {
				t.Fatal(err)
			}
			want := ids(read(base+" ORDER BY "+r.Clauses(0).OrderBy, nil))
			var got []string
			for {
				q := r.Query(base)
				p, err := page.NewKeysetPage(r, read(q.SQL, q.Args), func(row map[string]any) map[string]any { return row })
				if err != nil {
					t.Fatalf("sort=%s%s: %v", sign, c.Name, err)
				}
				got = append(got, ids(p.Items)...)
				if !p.HasNext() || len(got) > len(want) {
					break
				}
				values.Set("cursor", p.NextCursor())
				if r, err = k.Parse(values); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("sort=%s%s walks\n%v\nwant\n%v", sign, c.Name, got, want)
			}
		}
	}
}

// TestRowsVanishUnderAWalk deletes what lies ahead of a cursor or behind it:
// the page there is empty and leads back.
func TestRowsVanishUnderAWalk(t *testing.T) {
	db := openSQLite(t)
	exec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
	for i := range 6 {
		exec(t, db, "INSERT INTO t VALUES (?)", i+1)
	}
	k, err := page.NewKeyset(page.SQLite, page.Sort{
		Columns: []page.Column{{Name: "id", Nulls: page.NotNull}}, Unique: []string{"id"},
	}, page.KeysetConfig{Name: "t", Keys: testKeys, PerPage: 2})
	if err != nil {
		t.Fatal(err)
	}
	get := func(cursor string) *page.KeysetPage[int] {
		t.Helper()
		values := parseQuery(t, "")
		if cursor != "" {
			values.Set("cursor", cursor)
		}
		r, err := k.Parse(values)
		if err != nil {
			t.Fatal(err)
		}
		q := r.Query("SELECT id FROM t")
		p, err := page.NewKeysetPage(r, queryInts(t, db, q.SQL, q.Args...), func(id int) map[string]any {
			return map[string]any{"id": id}
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	check := func(what string, p *page.KeysetPage[int], hasPrev, hasNext bool, items ...int) {
		t.Helper()
		if !slices.Equal(p.Items, items) || p.HasPrev() != hasPrev || p.HasNext() != hasNext {
			t.Errorf("%s = %v, prev %v, next %v, want %v, prev %v, next %v",
				what, p.Items, p.HasPrev(), p.HasNext(), items, hasPrev, hasNext)
		}
	}
	second := get(get("").NextCursor())
	check("page two", second, true, true, 3, 4)

	exec(t, db, "DELETE FROM t WHERE id > 4")
	ahead := get(second.NextCursor())
	check("page after the end", ahead, true, false)
	check("page before that", get(ahead.PrevCursor()), true, false, 3, 4)

	exec(t, db, "DELETE FROM t WHERE id < 3")
	behind := get(second.PrevCursor())
	check("page before the start", behind, false, true)
	check("page after that", get(behind.NextCursor()), false, false, 3, 4)

	exec(t, db, "INSERT INTO t VALUES (0)")
	check("a row that came", get(second.PrevCursor()), false, true, 0)
}
