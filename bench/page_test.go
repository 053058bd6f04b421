package bench_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/hone-go/hone/page"
)

// A pagedOrder is what a list shows of an order.
type pagedOrder struct{ id, placedAt, total int64 }

const pagedOrders = "SELECT id, placed_at, total FROM orders"

// pageTable returns a table of so many orders, three of them placed at a
// time, with the index that the list's order asks for.
func pageTable(b *testing.B, rows int) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1) // each connection has a memory of its own
	b.Cleanup(func() { _ = db.Close() })
	for _, statement := range []string{
		"CREATE TABLE orders (id INTEGER PRIMARY KEY, placed_at INTEGER NOT NULL, total INTEGER NOT NULL)",
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO orders SELECT i, i / 3, i %% 1000 FROM n`, rows),
		"CREATE INDEX orders_by_time ON orders (placed_at, id)",
	} {
		if _, err := db.Exec(statement); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

func readPage(b *testing.B, db *sql.DB, q page.Query) []pagedOrder {
	b.Helper()
	rows, err := db.Query(q.SQL, q.Args...)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var found []pagedOrder
	for rows.Next() {
		var o pagedOrder
		if err := rows.Scan(&o.id, &o.placedAt, &o.total); err != nil {
			b.Fatal(err)
		}
		found = append(found, o)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return found
}

// BenchmarkPage measures one page of 20 orders, newest first: parameters read,
// statement run, page and links made. "hone" is a keyset page.
func BenchmarkPage(b *testing.B) {
	b.Run("rows=1e6", func(b *testing.B) {
		sort := page.Sort{
			Columns: []page.Column{{Name: "placed_at", Nulls: page.NotNull}, {Name: "id", Nulls: page.NotNull}},
			Unique:  []string{"id"},
			Default: "-placed_at",
		}
		keyset, err := page.NewKeyset(page.SQLite, sort, page.KeysetConfig{
			Name: "orders", Keys: []page.Key{{ID: "1", Secret: make([]byte, 32)}},
		})
		if err != nil {
			b.Fatal(err)
		}
		offset, err := page.NewOffset(page.SQLite, page.OffsetConfig{Sort: sort, MaxOffset: -1})
		if err != nil {
			b.Fatal(err)
		}
		db := pageTable(b, 1e6)
		list := &url.URL{Path: "/orders"}

		keysetPage := func(b *testing.B, values url.Values) *page.KeysetPage[pagedOrder] {
			r, err := keyset.Parse(values)
			if err != nil {
				b.Fatal(err)
			}
			p, err := page.NewKeysetPage(r, readPage(b, db, r.Query(pagedOrders)), func(o pagedOrder) map[string]any {
				return map[string]any{"placed_at": o.placedAt, "id": o.id}
			})
			if err != nil || len(p.Items) != 20 || p.Link(list) == "" {
				b.Fatal("not a page of 20 orders:", err)
			}
			return p
		}
		offsetPage := func(b *testing.B, values url.Values) *page.OffsetPage[pagedOrder] {
			r, err := offset.Parse(values)
			if err != nil {
				b.Fatal(err)
			}
			p, err := page.NewOffsetPage(r, readPage(b, db, r.Query(pagedOrders)), page.Total{})
			if err != nil || len(p.Items) != 20 || p.Link(list) == "" {
				b.Fatal("not a page of 20 orders:", err)
			}
			return p
		}

		first := keysetPage(b, url.Values{})
		number := url.Values{"page": {"2000"}}
		// The cursor of page 2000 is the one that follows page 1999.
		deep := url.Values{"cursor": {first.NextCursor()}}
		for range 1998 {
			deep.Set("cursor", keysetPage(b, deep).NextCursor())
		}
		if got, want := keysetPage(b, deep).Items, offsetPage(b, number).Items; !slices.Equal(got, want) {
			b.Fatalf("page 2000 = %v, want %v", got, want)
		}

		b.Run("hone-first", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				keysetPage(b, url.Values{})
			}
		})
		b.Run("hone-page2000", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				keysetPage(b, deep)
			}
		})
		b.Run("offset-page2000", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				offsetPage(b, number)
			}
		})
	})
}
