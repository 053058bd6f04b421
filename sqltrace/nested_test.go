package sqltrace_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/hone-go/hone/sqltrace"
)

// nest asks for each name while it reads the names.
func nest(t *testing.T, ctx context.Context, db *sql.DB) {
	t.Helper()
	rows, err := db.QueryContext(ctx, "SELECT name FROM t")
	if err != nil {
		t.Error(err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name); err != nil {
			t.Error(err)
		}
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM t WHERE name = ?", name).Scan(&n); err != nil {
			t.Error(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}

func TestNestedQuery(t *testing.T) {
	db, tr := openNames(t)
	request(func(ctx context.Context) { nest(t, ctx, db) })
	f := only(t, tr, sqltrace.RuleNested)
	if f.Connections != 2 || !strings.Contains(f.Fix, "T·(2−1)+1") || !strings.Contains(f.Fix, "ten requests need 11") || !strings.HasPrefix(f.SQL, "SELECT count(*)") {
		t.Errorf("finding = %+v, want two connections and the size that the pool needs", f)
	}
}

// While a transaction's rows are read, what else it sends goes by the same
// connection, directly or prepared.
func TestNestedInTransactionHoldsOneConnection(t *testing.T) {
	const insert = "INSERT INTO copies (name) VALUES (?)"
	tests := []struct {
		name string
		each func(ctx context.Context, tx *sql.Tx, name string) error
	}{
		{"query", func(ctx context.Context, tx *sql.Tx, name string) error {
			var n int
			return tx.QueryRowContext(ctx, "SELECT count(*) FROM t WHERE name = ?", name).Scan(&n)
		}},
		{"exec", func(ctx context.Context, tx *sql.Tx, name string) error {
			_, err := tx.ExecContext(ctx, insert, name)
			return err
		}},
		{"prepared exec", func(ctx context.Context, tx *sql.Tx, name string) error {
			st, err := tx.PrepareContext(ctx, insert)
			if err != nil {
				return err
			}
			defer st.Close()
			_, err = st.ExecContext(ctx, name)
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db, tr := openNames(t)
			if _, err := db.Exec("CREATE TABLE copies (name TEXT)"); err != nil {
				t.Fatal(err)
			}
			request(func(ctx context.Context) {
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = tx.Rollback() }()
				rows, err := tx.QueryContext(ctx, "SELECT name FROM t")
				if err != nil {
					t.Fatal(err)
				}
				defer rows.Close()
				for rows.Next() {
					var name string
					if err := errors.Join(rows.Scan(&name), tt.each(ctx, tx, name)); err != nil {
						t.Error(err)
					}
				}
				if err := rows.Err(); err != nil {
					t.Error(err)
				}
			})
			if got := tr.Findings(); len(got) != 0 {
				t.Errorf("Findings() = %+v, want none", got)
			}
		})
	}
}

func TestStatementsOneAfterTheOtherAreNotNested(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	request(func(ctx context.Context) {
		for i := range 4 {
			run(ctx, tr, selectOrders)
			run(ctx, tr, selectLines, i)
		}
	})
	if got := tr.Findings(); len(got) != 0 {
		t.Errorf("Findings() = %+v, want none", got)
	}
}

func TestNothingIsNestedInWhatHasEnded(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	request(func(ctx context.Context) {
		orders := tr.Begin(ctx, selectOrders, nil)
		var open []sqltrace.Statement
		for i := range 4 {
			open = append(open, tr.Begin(ctx, selectLines, []any{i}))
			if i == 1 {
				end(orders)
			}
		}
		for _, s := range open {
			end(s)
		}
	})
	if got := tr.Findings(); len(got) != 0 {
		t.Errorf("Findings() = %+v, want none", got)
	}
}
