package batch_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/hone-go/hone/batch"
	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/sqltrace"
)

// schema calls the lines order_lines: MySQL keeps the shorter name to itself.
var schema = []string{
	"CREATE TABLE order_lines (order_id INTEGER NOT NULL, id INTEGER NOT NULL)",
	"INSERT INTO order_lines VALUES (1, 10), (2, 20), (1, 11), (3, 30), (3, 31), (3, 32)",
}

// open returns a database with the lines, closed when the test ends.
func open(t testing.TB, driver, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db, driver)
	return db
}

func fill(t testing.TB, db *sql.DB, driver string) {
	t.Helper()
	t.Cleanup(func() { _ = db.Close() })
	if driver == "sqlite" {
		db.SetMaxOpenConns(1) // a database in memory belongs to its connection
	}
	for _, statement := range schema {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

// linesOf makes a query of a function that writes the condition on order_id.
func linesOf(db *sql.DB, where func(keys []int) (string, []any)) batch.Query[int, line] {
	return func(ctx context.Context, keys []int) ([]line, error) {
		condition, args := where(keys)
		rows, err := db.QueryContext(ctx, "SELECT order_id, id FROM order_lines WHERE order_id "+condition+" ORDER BY id", args...)
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

func TestMySQL(t *testing.T) {
	address := testserver.MySQL(t)
	for name, address := range map[string]string{"prepared": address, "interpolated": address + "&interpolateParams=true"} {
		t.Run(name, func(t *testing.T) {
			db, err := sql.Open("mysql", address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec("DROP TABLE IF EXISTS order_lines"); err != nil {
				t.Fatal(err)
			}
			fill(t, db, "mysql")
			query := linesOf(db, in(batch.Question))
			wantLines(t, query)
			wantNone(t, query)
		})
	}
}

// The longest lists that are padded and that are not must be within the
// databases' limits, and those limits are what the package says.
func TestDatabasesTakeTheLongestLists(t *testing.T) {
	tests := []struct {
		driver  string
		address func(testing.TB) string
		style   batch.Style
		most    int
	}{
		{"sqlite", func(testing.TB) string { return ":memory:" }, batch.Question, 32_766},
		{"pgx", testserver.Postgres, batch.Dollar, 65_535},
		{"mysql", testserver.MySQL, batch.Question, 65_535},
	}
	for _, tt := range tests {
		t.Run(tt.driver, func(t *testing.T) {
			db := open(t, tt.driver, tt.address(t))
			for _, n := range []int{8_193, 16_384, 16_385, tt.most, tt.most + 1} {
				keys := append(make([]int, n-1), 3)
				var err error
				if tt.driver == "sqlite" { // it counts when it prepares, and binding takes the driver seconds
					text, _ := batch.In(tt.style, 1, keys)
					var statement *sql.Stmt
					if statement, err = db.PrepareContext(t.Context(), "SELECT 1 FROM order_lines WHERE order_id "+text); err == nil {
						err = statement.Close()
					}
				} else {
					_, err = linesOf(db, in(tt.style))(t.Context(), keys)
				}
				if ok := n <= tt.most; (err == nil) != ok {
					t.Errorf("a list of %d keys = %v, want ok = %t", n, err, ok)
				}
			}
		})
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
		rows, err := pool.Query(ctx, "SELECT order_id, id FROM order_lines WHERE order_id "+condition+" ORDER BY id", args...)
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

// Statements of a loader count for the request whose group it is in, whichever
// goroutine they run on.
func TestLoadersStatementsAreTheRequests(t *testing.T) {
	tracer, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := tracer.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db, "sqlite")
	var request ledger.Ledger
	request.Open(t.Context(), time.Now())
	g := batch.NewGroup(&request, forever)
	l, err := batch.NewLoader(g, newRelation(t, linesOf(db, in(batch.Question)), 0).Many, batch.LoaderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for key := range 4 {
		g.Go(func(ctx context.Context) error {
			_, err := l.Load(ctx, key)
			return err
		})
	}
	wait(t, g)
	if _, err := l.Load(t.Context(), 9); err != nil { // of a caller that has no ledger
		t.Error(err)
	}
	wait(t, g)
	if got := request.SQL(time.Now()); got.Statements != 2 || got.Rows != 6 {
		t.Errorf("the request has %d statements of %d rows, want 2 of 6", got.Statements, got.Rows)
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
