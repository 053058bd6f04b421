package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/hone-go/hone/sqltrace"
)

var seedFlag = flag.Uint64("seed", 0, "replay the random operations of this seed")

// TestSQLiteBareAndTraced runs one random list of operations on two databases,
// one bare and one traced: each operation must return the same on both.
func TestSQLiteBareAndTraced(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay with -seed=%d", seed)
	var cancel context.CancelFunc // what the SQL function of that name calls
	base := new(sqlite.Driver)
	err := base.RegisterScalarFunction("cancel", 1, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		cancel()
		return int64(1), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	name := register(base)
	tracer := newTracer(t)
	bare := openSQLite(t, sql.Open, name)
	traced := openSQLite(t, tracer.Open, name)

	const schema = `CREATE TABLE item (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE,
		price DECIMAL(8,2), made DATETIME, data BLOB, flag BOOLEAN)`
	onBoth := func(what string, do func(*sql.DB) string) {
		t.Helper()
		if b, tr := do(bare), do(traced); b != tr {
			t.Fatalf("%s:\nbare   = %s\ntraced = %s", what, b, tr)
		}
	}
	onBoth("schema", func(db *sql.DB) string { return execText(db.Exec(schema)) })
	ops := sqliteOperations(&cancel)
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range 600 {
		op := ops[rng.IntN(len(ops))]
		state := rng.Uint64() // so that both databases are asked the same
		onBoth(fmt.Sprintf("operation %d, %s", i, op.name), func(db *sql.DB) string {
			return op.do(db, rand.New(rand.NewPCG(state, 0)))
		})
	}
	if len(tracer.Statements()) == 0 {
		t.Error("the tracer saw no statement: both databases were bare")
	}
}

// openSQLite opens a new file with one connection: last_insert_rowid is the
// connection's, and which of several is used is not ours to say.
func openSQLite(t *testing.T, open func(driverName, dataSourceName string) (*sql.DB, error), driverName string) *sql.DB {
	t.Helper()
	db, err := open(driverName, "file:"+filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

type sqliteOperation struct {
	name string
	do   func(*sql.DB, *rand.Rand) string
}

func sqliteOperations(canceler *context.CancelFunc) []sqliteOperation {
	ctx := context.Background()
	const insert = "INSERT INTO item (name, price, made, data, flag) VALUES (?, ?, ?, ?, ?)"
	item := func(r *rand.Rand) []any {
		made := time.Unix(r.Int64N(2e9), 0).UTC()
		values := []any{fmt.Sprint("item ", r.IntN(300)), r.Float64(), made, []byte{1, 0, byte(r.IntN(256))}, r.IntN(2) == 0}
		if i := 1 + r.IntN(8); i < len(values) {
			values[i] = nil
		}
		return values
	}
	return []sqliteOperation{
		{"insert", func(db *sql.DB, r *rand.Rand) string { return execText(db.ExecContext(ctx, insert, item(r)...)) }},
		{"insert by name", func(db *sql.DB, r *rand.Rand) string {
			return execText(db.ExecContext(ctx, "INSERT INTO item (name) VALUES (:name)", sql.Named("name", fmt.Sprint("named ", r.IntN(50)))))
		}},
		{"too few arguments", func(db *sql.DB, r *rand.Rand) string { return execText(db.ExecContext(ctx, insert, 1)) }},
		{"argument of no type", func(db *sql.DB, r *rand.Rand) string {
			return execText(db.ExecContext(ctx, insert, struct{}{}, 1, 2, 3, 4))
		}},
		{"syntax error", func(db *sql.DB, r *rand.Rand) string { return rowsText(db.QueryContext(ctx, "SELEC 1")) }},
		{"update", func(db *sql.DB, r *rand.Rand) string {
			return execText(db.ExecContext(ctx, "UPDATE item SET price = ? WHERE id % 7 = ?", r.Float64(), r.IntN(7)))
		}},
		{"delete", func(db *sql.DB, r *rand.Rand) string {
			return execText(db.ExecContext(ctx, "DELETE FROM item WHERE id = ?", r.IntN(200)))
		}},
		{"select", func(db *sql.DB, r *rand.Rand) string {
			return rowsText(db.QueryContext(ctx, "SELECT * FROM item ORDER BY id LIMIT ?", r.IntN(9)))
		}},
		{"two statements at once", func(db *sql.DB, r *rand.Rand) string {
			return rowsText(db.QueryContext(ctx, "SELECT 1; SELECT count(*), max(id) FROM item"))
		}},
		{"prepared", func(db *sql.DB, r *rand.Rand) string {
			st, err := db.PrepareContext(ctx, "SELECT id, name FROM item WHERE id = ?")
			if err != nil {
				return errorText(err)
			}
			defer st.Close()
			out := ""
			for range 3 {
				out += rowsText(st.QueryContext(ctx, r.IntN(100)))
			}
			_, err = st.QueryContext(ctx)
			return out + errorText(err)
		}},
		{"transaction", func(db *sql.DB, r *rand.Rand) string {
			tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: r.IntN(4) == 0})
			if err != nil {
				return errorText(err)
			}
			out := execText(tx.ExecContext(ctx, insert, item(r)...)) + rowsText(tx.QueryContext(ctx, "SELECT count(*) FROM item"))
			if r.IntN(2) == 0 {
				return out + errorText(tx.Rollback())
			}
			return out + errorText(tx.Commit()) + errorText(tx.Commit())
		}},
		{"isolation", func(db *sql.DB, r *rand.Rand) string {
			tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.IsolationLevel(r.IntN(8))})
			if err != nil {
				return errorText(err)
			}
			return errorText(tx.Rollback())
		}},
		{"canceled before", func(db *sql.DB, r *rand.Rand) string {
			conn, err := db.Conn(ctx)
			if err != nil {
				return errorText(err)
			}
			defer conn.Close()
			done, cancel := context.WithCancel(ctx)
			cancel()
			return execText(conn.ExecContext(done, "DELETE FROM item"))
		}},
		{"canceled between rows", func(db *sql.DB, r *rand.Rand) string {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			rows, err := db.QueryContext(ctx, endless)
			if err != nil {
				return errorText(err)
			}
			defer rows.Close()
			read := rows.Next()
			cancel()
			for rows.Next() { // until the cancellation is noticed
			}
			return fmt.Sprint(read, stopped(rows.Err()))
		}},
		{"canceled in the middle of a row", func(db *sql.DB, r *rand.Rand) string {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			*canceler = cancel
			var n int64
			return stopped(db.QueryRowContext(ctx, "SELECT count(*) FROM ("+endless+") WHERE i > 1 OR cancel(i)").Scan(&n))
		}},
		{"raw", func(db *sql.DB, r *rand.Rand) string {
			conn, err := db.Conn(ctx)
			if err != nil {
				return errorText(err)
			}
			defer conn.Close()
			out := ""
			err = conn.Raw(func(driverConn any) error {
				c := sqltrace.Unwrap(driverConn).(interface{ Serialize() ([]byte, error) })
				b, err := c.Serialize()
				out = fmt.Sprint(len(b))
				return err
			})
			return out + errorText(err)
		}},
	}
}

const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

// stopped hides which of the two comes first when a context ends: the driver's
// word that the statement was interrupted, or database/sql's.
func stopped(err error) string {
	const interrupted = 9 // SQLITE_INTERRUPT
	var own *sqlite.Error
	if errors.Is(err, context.Canceled) || errors.As(err, &own) && own.Code() == interrupted {
		return "stopped"
	}
	return errorText(err)
}

func execText(res sql.Result, err error) string {
	if err != nil {
		return errorText(err)
	}
	id, err1 := res.LastInsertId()
	n, err2 := res.RowsAffected()
	return fmt.Sprint(id, n, errorText(errors.Join(err1, err2)))
}

// rowsText returns all that can be seen of rows.
func rowsText(rows *sql.Rows, err error) string {
	if err != nil {
		return errorText(err)
	}
	defer rows.Close()
	out := ""
	for more := true; more; more = rows.NextResultSet() {
		types, err := rows.ColumnTypes()
		if err != nil {
			return errorText(err)
		}
		dest := make([]any, len(types))
		for i, c := range types {
			out += fmt.Sprintf("[%+v]", *c)
			dest[i] = new(any)
		}
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				return errorText(err)
			}
			for _, d := range dest {
				v := *d.(*any)
				out += fmt.Sprintf(" %T %v", v, v)
			}
			out += ";"
		}
	}
	return out + errorText(rows.Err())
}

func errorText(err error) string {
	var own *sqlite.Error
	if errors.As(err, &own) {
		return fmt.Sprintf(" %T %v code %d", err, err, own.Code())
	}
	return fmt.Sprintf(" %T %v", err, err)
}
