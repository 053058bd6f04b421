package sqltrace_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

func only(t *testing.T, tr *sqltrace.Tracer, rule sqltrace.Rule) sqltrace.Finding {
	t.Helper()
	found := tr.Findings()
	if len(found) != 1 || found[0].Rule != rule {
		t.Fatalf("Findings() = %+v, want one of rule %q", found, rule)
	}
	return found[0]
}

func TestSlowStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		visit := func(d time.Duration) {
			request(func(ctx context.Context) {
				s := tr.Begin(ctx, selectOrders, nil)
				time.Sleep(d)
				s.End(50, nil)
			})
		}
		for range 18 {
			visit(10 * time.Millisecond)
		}
		visit(150 * time.Millisecond)
		if got := tr.Findings(); len(got) != 0 {
			t.Errorf("Findings() after 19 executions = %+v, want none: too few", got)
		}
		visit(150 * time.Millisecond)
		f := only(t, tr, sqltrace.RuleSlow)
		if f.P95MS < 150 || f.P95MS > 150*1.25 || f.Requests != 1 || f.SavedMSPerRequest != 140 || !strings.HasPrefix(f.Where, "sqltrace/hazard_test.go:") {
			t.Errorf("finding = %+v, want p95 of 150 ms, and 140 saved in the request whose place is known", f)
		}
		tr.Reset()
		if got := tr.Findings(); len(got) != 0 {
			t.Errorf("Findings() after Reset = %+v, want none", got)
		}
	})
}

func TestSlowStatementCanBeTurnedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{SlowStatement: -1, MaxRows: -1})
		for range 30 {
			request(func(ctx context.Context) {
				s := tr.Begin(ctx, selectOrders, nil)
				time.Sleep(time.Second)
				s.End(1e6, nil)
			})
		}
		if got := tr.Findings(); len(got) != 0 {
			t.Errorf("Findings() = %+v, want none", got)
		}
	})
}

func TestWholeTable(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{MaxRows: 100})
	for _, rows := range []int64{100, 101, 500} {
		request(func(ctx context.Context) {
			s := tr.Begin(ctx, "SELECT id FROM products", nil)
			s.End(rows, nil)
		})
	}
	if f := only(t, tr, sqltrace.RuleWholeTable); f.Rows != 500 || f.Requests != 1 || !strings.Contains(f.Fix, "500 rows") || f.Where == "" {
		t.Errorf("finding = %+v, want 500 rows at the line known by then", f)
	}
}

func TestRowsLeftOpen(t *testing.T) {
	db, tr := openNames(t)
	for range 2 {
		var rows *sql.Rows
		request(func(ctx context.Context) {
			var err error
			if rows, err = db.QueryContext(ctx, "SELECT name FROM t"); err != nil {
				t.Fatal(err)
			}
		})
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if f := only(t, tr, sqltrace.RuleRowsOpen); f.MaxPerRequest != 1 || !strings.HasPrefix(f.Where, "sqltrace/hazard_test.go:") || f.Call != "sql.(*DB).QueryContext" {
		t.Errorf("finding = %+v, want one at the query in this file", f)
	}
}

// openNames returns a traced database with a table t of three names.
func openNames(t *testing.T) (*sql.DB, *sqltrace.Tracer) {
	t.Helper()
	tr := newTracerWith(t, sqltrace.Config{})
	db, err := tr.Open("sqlite", "file:"+t.TempDir()+"/t.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec("CREATE TABLE t (name TEXT); INSERT INTO t VALUES ('a'), ('b'), ('c')"); err != nil {
		t.Fatal(err)
	}
	return db, tr
}

// queryer is a *sql.DB or a *sql.Tx.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// nest asks for each name while it reads the names.
func nest(t *testing.T, ctx context.Context, q queryer) {
	t.Helper()
	rows, err := q.QueryContext(ctx, "SELECT name FROM t")
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
		if err := q.QueryRowContext(ctx, "SELECT count(*) FROM t WHERE name = ?", name).Scan(&n); err != nil {
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

func TestNestedInTransactionHoldsOneConnection(t *testing.T) {
	db, tr := openNames(t)
	request(func(ctx context.Context) {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		nest(t, ctx, tx)
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	})
	if got := tr.Findings(); len(got) != 0 {
		t.Errorf("Findings() = %+v, want none", got)
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

func TestCallInTransaction(t *testing.T) {
	db, dbTracer := openNames(t)
	plain := newTracerWith(t, sqltrace.Config{})
	tests := []struct {
		name   string
		tracer *sqltrace.Tracer
		play   func(l *ledger.Ledger)
		want   int
	}{
		{"by BeginTx", dbTracer, func(l *ledger.Ledger) {
			tx, err := db.BeginTx(l, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(l, "DELETE FROM t WHERE name = 'x'"); err != nil {
				t.Error(err)
			}
			l.AddSpan("payments", 3*time.Second)
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
			l.AddSpan("payments", 5*time.Second)
		}, 1},
		{"by statements", plain, func(l *ledger.Ledger) {
			run(l, plain, "BEGIN")
			run(l, plain, "SAVEPOINT a")
			run(l, plain, "ROLLBACK TO SAVEPOINT a")
			run(l, plain, selectLines, 1)
			l.AddSpan("payments", 3*time.Second)
			run(l, plain, "ROLLBACK")
		}, 1},
		{"after it", plain, func(l *ledger.Ledger) {
			run(l, plain, "begin")
			run(l, plain, selectLines, 1)
			run(l, plain, "COMMIT")
			l.AddSpan("payments", 3*time.Second)
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.tracer.Reset()
			var l ledger.Ledger
			l.Open(context.Background(), time.Now())
			tt.play(&l)
			l.End(time.Now(), ledger.Summary{Route: "POST /api/orders", Method: "POST"})
			found := tt.tracer.Findings()
			if len(found) != tt.want {
				t.Fatalf("Findings() = %+v, want %d", found, tt.want)
			}
			if tt.want > 0 {
				if f := found[0]; f.Rule != sqltrace.RuleHeld || f.SavedMSPerRequest != 3000 || f.MaxPerRequest != 1 || !strings.Contains(f.Fix, "payments") {
					t.Errorf("finding = %+v, want the one call of 3 s", f)
				}
			}
		})
	}
}

func TestLostContext(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	run(context.Background(), tr, selectOrders) // a job: no mistake
	if got := tr.Findings(); len(got) != 0 {
		t.Errorf("Findings() = %+v, want none for a job", got)
	}
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		end(tr.Begin(context.Background(), selectLines, []any{1}))
	})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if f := only(t, tr, sqltrace.RuleLostContext); f.SQL != selectLines || !strings.HasPrefix(f.Where, "sqltrace/hazard_test.go:") || f.Confidence != sqltrace.Certain {
		t.Errorf("finding = %+v, want the handler's", f)
	}
	tr.Reset()
	if got := tr.Findings(); len(got) != 0 {
		t.Errorf("Findings() after Reset = %+v, want none", got)
	}

	var l ledger.Ledger
	l.Open(context.Background(), time.Now())
	l.End(time.Now(), ledger.Summary{})
	run(&l, tr, "SELECT 1 FROM late")
	only(t, tr, sqltrace.RuleLostContext)
}
