package batch_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/hone-go/hone/batch"
	"github.com/hone-go/hone/internal/testserver"
)

const schema = `CREATE TABLE lines (order_id INTEGER NOT NULL, id INTEGER NOT NULL);
	INSERT INTO lines VALUES (1, 10), (2, 20), (1, 11), (3, 30), (3, 31), (3, 32)`

// open returns a database with the lines, closed when the test ends.
func open(t testing.TB, driver, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if driver == "sqlite" {
		db.SetMaxOpenConns(1) // a database in memory belongs to its connection
	}
	if _, err := db.Exec(schema); err != nil {
		t.Fatal(err)
	}
	return db
}

// linesOf makes a query of a function that writes the condition on order_id.
func linesOf(db *sql.DB, where func(keys []int) (string, []any)) batch.Query[int, line] {
	return func(ctx context.Context, keys []int) ([]line, error) {
		condition, args := where(keys)
		rows, err := db.QueryContext(ctx, "SELECT order_id, id FROM lines WHERE order_id "+condition+" ORDER BY id", args...)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var lines []line
		for rows.Next() {
			var l line
			if err := rows.Scan(&l.order, &l.id); err != nil {
				return nil, err
			}
			lines = append(lines, l)
		}
		return lines, rows.Err()
	}
}

func in(style batch.Style) func([]int) (string, []any) {
	return func(keys []int) (string, []any) { return batch.In(style, 1, keys) }
}

func anyOf(keys []int) (string, []any) { return batch.Any(batch.Dollar, 1, keys) }

// wantLines attaches the lines with chunks of every size.
func wantLines(t *testing.T, query batch.Query[int, line]) {
	t.Helper()
	for _, chunk := range []int{1, 2, 3, 4, -1} {
		orders := []order{{key: 3}, {key: 9}, {key: 1}, {key: 3}, {key: 2}}
		err := batch.AttachMany(t.Context(), orders, keyOf, newRelation(t, query, chunk),
			func(o *order, lines []line) { o.lines = lines })
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, o := range orders {
			got += fmt.Sprint(o.lines)
		}
		if want := "[{3 30} {3 31} {3 32}][][{1 10} {1 11}][{3 30} {3 31} {3 32}][{2 20}]"; got != want {
			t.Errorf("lines in chunks of %d = %s, want %s", chunk, got, want)
		}
	}
}

// wantNone sends the text for no keys, which AttachMany never does.
func wantNone(t *testing.T, query batch.Query[int, line]) {
	t.Helper()
	if rows, err := query(t.Context(), nil); err != nil || len(rows) > 0 {
		t.Errorf("rows of no keys = %v, %v, want none", rows, err)
	}
}

func TestSQLite(t *testing.T) {
	db := open(t, "sqlite", ":memory:")
	for name, style := range map[string]batch.Style{"?": batch.Question, "$n": batch.Dollar} {
		t.Run(name, func(t *testing.T) {
			query := linesOf(db, in(style))
			wantLines(t, query)
			wantNone(t, query)
		})
	}
}

// The longest lists that are padded and that are not must be within SQLite's
// limit. It is checked when a statement is prepared.
func TestSQLiteTakesTheLongestLists(t *testing.T) {
	db := open(t, "sqlite", ":memory:")
	for n, ok := range map[int]bool{8_193: true, 16_384: true, 16_385: true, 32_766: true, 32_767: false} {
		text, _ := batch.In(batch.Question, 1, make([]int, n))
		statement, err := db.PrepareContext(t.Context(), "SELECT 1 FROM lines WHERE order_id "+text)
		if err == nil {
			err = statement.Close()
		}
		if (err == nil) != ok {
			t.Errorf("preparing a list for %d keys = %v, want ok = %t", n, err, ok)
		}
	}
}

func TestPostgreSQL(t *testing.T) {
	address := testserver.Postgres(t)
	db := open(t, "pgx", address)
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	native := func(ctx context.Context, keys []int) ([]line, error) {
		condition, args := batch.Any(batch.Dollar, 1, keys)
		rows, err := pool.Query(ctx, "SELECT order_id, id FROM lines WHERE order_id "+condition+" ORDER BY id", args...)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, func(row pgx.CollectableRow) (line, error) {
			var l line
			err := row.Scan(&l.order, &l.id)
			return l, err
		})
	}
	for name, query := range map[string]batch.Query[int, line]{
		"database/sql ANY": linesOf(db, anyOf),
		"database/sql IN":  linesOf(db, in(batch.Dollar)),
		"pgx ANY":          native,
	} {
		t.Run(name, func(t *testing.T) {
			wantLines(t, query)
			wantNone(t, query)
		})
	}
}

// Ten goroutines need a row each, over a pool of one connection.
func TestLoaderOverDatabase(t *testing.T) {
	db := open(t, "sqlite", ":memory:")
	queries := 0
	query := linesOf(db, in(batch.Question))
	relation := newRelation(t, func(ctx context.Context, keys []int) ([]line, error) {
		queries++
		return query(ctx, keys)
	}, 0)
	g := batch.NewGroup(t.Context(), forever)
	l, err := batch.NewLoader(g, relation.Many, batch.LoaderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		g.Go(func(ctx context.Context) error {
			lines, err := l.Load(ctx, i%5)
			if want := []int{0, 2, 1, 3, 0}[i%5]; err != nil || len(lines) != want {
				t.Errorf("lines of %d = %v, %v, want %d", i%5, lines, err, want)
			}
			return nil
		})
	}
	wait(t, g)
	if queries != 1 {
		t.Errorf("queries = %d, want 1", queries)
	}
}
