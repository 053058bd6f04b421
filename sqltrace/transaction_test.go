package sqltrace_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

// place runs do in a request to POST /api/orders.
func place(do func(l *ledger.Ledger)) {
	var l ledger.Ledger
	l.Open(context.Background(), time.Now())
	do(&l)
	l.End(time.Now(), ledger.Summary{Route: "POST /api/orders", Method: "POST"})
}

// pay is a call to another service that took three seconds.
func pay(ctx context.Context) { ledger.From(ctx).AddSpan(ctx, "payments", 3*time.Second) }

// begin begins a transaction.
func begin(t *testing.T, ctx context.Context, db *sql.DB) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM t WHERE name = 'x'"); err != nil {
		t.Error(err)
	}
	return tx
}

func commit(t *testing.T, tx *sql.Tx) {
	t.Helper()
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
}

func TestCallInTransaction(t *testing.T) {
	db, dbTracer := openNames(t)
	plain := newTracerWith(t, sqltrace.Config{})
	var begun, line string
	tests := []struct {
		name   string
		tracer *sqltrace.Tracer
		play   func(l *ledger.Ledger)
		want   int
	}{
		{"by BeginTx", dbTracer, func(l *ledger.Ledger) {
			begun = here(1)
			tx, err := db.BeginTx(l, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(l, "DELETE FROM t WHERE name = 'x'"); err != nil {
				t.Error(err)
			}
			line = here(1)
			l.AddSpan(l, "payments", 3*time.Second)
			commit(t, tx)
			l.AddSpan(l, "payments", 5*time.Second)
		}, 1},
		{"by statements", plain, func(l *ledger.Ledger) {
			begun = here(1)
			end(plain.Begin(l, "BEGIN", nil))
			run(l, plain, "SAVEPOINT a")
			run(l, plain, "ROLLBACK TO SAVEPOINT a")
			run(l, plain, selectLines, 1)
			line = here(1)
			l.AddSpan(l, "payments", 3*time.Second)
			run(l, plain, "ROLLBACK")
		}, 1},
		{"in the outer of two", plain, func(l *ledger.Ledger) {
			begun = here(1)
			end(plain.Begin(l, "BEGIN", nil))
			run(l, plain, "BEGIN")
			run(l, plain, selectLines, 1)
			run(l, plain, "COMMIT")
			line = here(1)
			l.AddSpan(l, "payments", 3*time.Second)
		}, 1},
		{"in the inner of two", plain, func(l *ledger.Ledger) {
			run(l, plain, "BEGIN")
			begun = here(1)
			end(plain.Begin(l, "BEGIN", nil))
			run(l, plain, selectLines, 1)
			line = here(1)
			l.AddSpan(l, "payments", 3*time.Second)
		}, 1},
		{"after it", plain, func(l *ledger.Ledger) {
			run(l, plain, "begin")
			run(l, plain, selectLines, 1)
			run(l, plain, "COMMIT")
			l.AddSpan(l, "payments", 3*time.Second)
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.tracer.Reset()
			place(tt.play)
			found := tt.tracer.Findings()
			if len(found) != tt.want {
				t.Fatalf("Findings() = %+v, want %d", found, tt.want)
			}
			if tt.want == 0 {
				return
			}
			f := found[0]
			if f.Rule != sqltrace.RuleHeld || f.SavedMSPerRequest != 3000 || f.MaxPerRequest != 1 || f.Service != "payments" {
				t.Errorf("finding = %+v, want the one call of 3 s", f)
			}
			if f.Where != line || f.Begun != begun || !strings.HasPrefix(f.Func, "sqltrace_test.TestCallInTransaction") {
				t.Errorf("finding is at %s in %s, begun at %s, want %s in this test, begun at %s", f.Where, f.Func, f.Begun, line, begun)
			}
			if want := "payments, at " + line + ", while its transaction, begun at " + begun + ", is open"; !strings.Contains(f.Fix, want) {
				t.Errorf("Fix = %q, want it to say %q", f.Fix, want)
			}
		})
	}
}

// Of two transactions it is the one that ends that ends, whichever began first.
func TestCallBetweenTransactions(t *testing.T) {
	db, tr := openNames(t)
	var second string
	place(func(l *ledger.Ledger) {
		one := begin(t, l, db)
		second = here(1)
		two, err := db.BeginTx(l, nil)
		if err != nil {
			t.Fatal(err)
		}
		commit(t, one)
		pay(l)
		commit(t, two)
		pay(l)
	})
	if f := only(t, tr, sqltrace.RuleHeld); f.Begun != second || f.MaxPerRequest != 1 {
		t.Errorf("finding = %+v, want one call in the transaction begun at %s", f, second)
	}
}

// A call in a transaction is allowed by its own context or by the transaction's.
func TestAllowCallInTransaction(t *testing.T) {
	allow := func(ctx context.Context) context.Context {
		return sqltrace.Allow(ctx, sqltrace.RuleHeld, "the payment must not be lost")
	}
	other := func(ctx context.Context) context.Context {
		return sqltrace.Allow(ctx, sqltrace.RuleNPlusOne, "five shards")
	}
	as := func(ctx context.Context) context.Context { return ctx }
	tests := []struct {
		name            string
		begins, calls   func(context.Context) context.Context
		found, suppress int
	}{
		{"neither", as, as, 1, 0},
		{"the call", as, allow, 0, 1},
		{"the transaction", allow, as, 0, 1},
		{"another rule", other, other, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db, tr := openNames(t)
			for range 2 {
				place(func(l *ledger.Ledger) {
					tx := begin(t, tt.begins(l), db)
					pay(tt.calls(l))
					commit(t, tx)
				})
			}
			if got := tr.Findings(); len(got) != tt.found {
				t.Errorf("Findings() = %+v, want %d", got, tt.found)
			}
			list := tr.Suppressed()
			if len(list) != tt.suppress {
				t.Fatalf("Suppressed() = %+v, want %d", list, tt.suppress)
			}
			if tt.suppress == 0 {
				return
			}
			s := list[0]
			if !strings.HasPrefix(s.Where, thisFile()) {
				t.Errorf("Where = %q, want the line of pay", s.Where)
			}
			s.Last, s.Where = time.Time{}, ""
			want := sqltrace.Suppressed{
				Rule: sqltrace.RuleHeld, Reason: "the payment must not be lost", Route: "POST /api/orders", Service: "payments", Requests: 2,
			}
			if s != want {
				t.Errorf("Suppressed()[0] = %+v, want %+v", s, want)
			}
		})
	}
}
