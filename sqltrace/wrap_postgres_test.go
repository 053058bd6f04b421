package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/sqltrace"
)

// TestPostgresBareAndTraced does to a bare and to a traced pool of pgx what
// wrappers of database/sql drivers have been known to break.
func TestPostgresBareAndTraced(t *testing.T) {
	url := testserver.Postgres(t)
	ctx := t.Context()
	bare, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	traced, err := newTracer(t).Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer traced.Close()

	killer, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer killer.Close()

	tests := []struct {
		name       string
		do         func(context.Context, *sql.DB) string
		want       string // in the text of what both return
		statements int    // of the traced one
	}{
		{"array argument", func(ctx context.Context, db *sql.DB) string {
			return pgRows(db.QueryContext(ctx, "SELECT i FROM generate_series(1, 5) i WHERE i = ANY($1)", []int64{2, 4}))
		}, "int64 2; int64 4", 1},
		{"array argument of a prepared statement", func(ctx context.Context, db *sql.DB) string {
			st, err := db.PrepareContext(ctx, "SELECT cardinality($1::bigint[])")
			if err != nil {
				return pgError(err)
			}
			defer st.Close()
			return pgRows(st.QueryContext(ctx, []int64{1, 2, 3})) + pgRows(st.QueryContext(ctx, []int64(nil)))
		}, "int64 3", 2},
		{"array result", func(ctx context.Context, db *sql.DB) string {
			var got []int64
			err := db.QueryRowContext(ctx, "SELECT ARRAY[7, 8]::bigint[]").Scan(pgtype.NewMap().SQLScanner(&got))
			return fmt.Sprint(got, pgError(err))
		}, "[7 8]", 1},
		{"column types", func(ctx context.Context, db *sql.DB) string {
			return pgRows(db.QueryContext(ctx, "SELECT 1::numeric(8,2) AS a, 'x'::varchar(40) AS b, now() IS NULL AS c, NULL::bigint AS d"))
		}, "NUMERIC", 1},
		{"execution mode as first argument", func(ctx context.Context, db *sql.DB) string {
			return pgRows(db.QueryContext(ctx, "SELECT $1::text", pgx.QueryExecModeSimpleProtocol, "simple"))
		}, "string simple", 1},
		{"insert and its count", func(ctx context.Context, db *sql.DB) string {
			_, err := db.ExecContext(ctx, "CREATE TEMP TABLE IF NOT EXISTS item (id bigint PRIMARY KEY)")
			if err != nil {
				return pgError(err)
			}
			res, err := db.ExecContext(ctx, "INSERT INTO item SELECT generate_series(1, 3) ON CONFLICT DO NOTHING")
			if err != nil {
				return pgError(err)
			}
			n, err1 := res.RowsAffected()
			_, err2 := res.LastInsertId()
			return fmt.Sprint(n, pgError(err1), pgError(err2))
		}, "3", 2},
		{"the server's error", func(ctx context.Context, db *sql.DB) string {
			return pgRows(db.QueryContext(ctx, "SELECT 1/(1 - $1::int)", 1))
		}, "22012", 1},
		{"error while preparing", func(ctx context.Context, db *sql.DB) string {
			_, err := db.PrepareContext(ctx, "SELECT none")
			return pgError(err)
		}, "42703", 0},
		{"isolation and read-only", func(ctx context.Context, db *sql.DB) string {
			tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})
			if err != nil {
				return pgError(err)
			}
			defer tx.Rollback()
			out := pgRows(tx.QueryContext(ctx, "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"))
			_, err = tx.ExecContext(ctx, "CREATE TABLE never (id int)")
			return out + pgError(err) + pgError(tx.Commit())
		}, "25006", 2},
		{"unknown isolation", func(ctx context.Context, db *sql.DB) string {
			_, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelLinearizable})
			return pgError(err)
		}, "isolation", 0},
		{"deadline in the middle of a statement", func(ctx context.Context, db *sql.DB) string {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			_, err := db.ExecContext(ctx, "SELECT pg_sleep(30)")
			return fmt.Sprint(errors.Is(err, context.DeadlineExceeded))
		}, "true", 1},
		{"copy on the raw connection", func(ctx context.Context, db *sql.DB) string {
			conn, err := db.Conn(ctx)
			if err != nil {
				return pgError(err)
			}
			defer conn.Close()
			if _, err := conn.ExecContext(ctx, "CREATE TEMP TABLE IF NOT EXISTS copied (id bigint)"); err != nil {
				return pgError(err)
			}
			err = conn.Raw(func(driverConn any) error {
				c := sqltrace.Unwrap(driverConn).(*stdlib.Conn).Conn()
				_, err := c.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"id"}, pgx.CopyFromRows([][]any{{int64(1)}, {int64(2)}}))
				return err
			})
			return pgError(err) + pgRows(conn.QueryContext(ctx, "SELECT sum(id)::bigint FROM copied"))
		}, "int64 3", 2},
		{"connection killed while idle", func(ctx context.Context, db *sql.DB) string {
			conn, err := db.Conn(ctx)
			if err != nil {
				return pgError(err)
			}
			var pid int
			err = conn.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&pid)
			conn.Close()
			if err != nil {
				return pgError(err)
			}
			if _, err := killer.Exec("SELECT pg_terminate_backend($1, 5000)", pid); err != nil {
				return pgError(err)
			}
			return pgError(db.PingContext(ctx)) + pgRows(db.QueryContext(ctx, "SELECT 1"))
		}, "int64 1", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.do(ctx, bare)
			var got string
			spent := request(func(ctx context.Context) { got = tt.do(ctx, traced) })
			if got != want {
				t.Errorf("bare   = %s\ntraced = %s", want, got)
			}
			if !strings.Contains(want, tt.want) {
				t.Errorf("bare = %s, want it to contain %q", want, tt.want)
			}
			if spent.Statements != tt.statements {
				t.Errorf("statements = %d, want %d", spent.Statements, tt.statements)
			}
		})
	}
}

func pgRows(rows *sql.Rows, err error) string {
	if err != nil {
		return pgError(err)
	}
	return rowsText(rows, nil)
}

func pgError(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fmt.Sprintf(" %T %s", err, pg.Code)
	}
	return fmt.Sprintf(" %T %v %t", err, err, errors.Is(err, driver.ErrBadConn))
}
