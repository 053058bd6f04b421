package sqltrace_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

func newTracerWith(t testing.TB, cfg sqltrace.Config) *sqltrace.Tracer {
	t.Helper()
	tr, err := sqltrace.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// request runs do in a request to GET /api/orders and returns its sums.
func request(do func(ctx context.Context)) ledger.SQL {
	var l ledger.Ledger
	l.Open(context.Background(), time.Now())
	do(&l)
	return l.End(time.Now(), ledger.Summary{Route: "GET /api/orders", Method: "GET", Status: 200})
}

// run sends one statement that succeeds with one row.
func run(ctx context.Context, t *sqltrace.Tracer, sql string, args ...any) {
	s := t.Begin(ctx, sql, args)
	s.End(1, nil)
}

const (
	selectOrders = "SELECT id, total FROM orders LIMIT 50"
	selectLines  = "SELECT product, quantity FROM order_lines WHERE order_id = $1"
)

func TestConfigErrorsNameEveryProblem(t *testing.T) {
	_, err := sqltrace.New(sqltrace.Config{Dialect: "oracle", MinRepeats: 1, MaxFingerprints: -1, Application: []string{""}, LogArgs: true})
	if err == nil {
		t.Fatal("New accepted a Config that is wrong in five ways")
	}
	if got := len(err.(interface{ Unwrap() []error }).Unwrap()); got != 5 {
		t.Errorf("New reported %d problems, want 5: %v", got, err)
	}
}

func TestStatementsCountInTheirRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		got := request(func(ctx context.Context) {
			run(ctx, tr, "BEGIN")
			outer := tr.Begin(ctx, selectOrders, nil)
			time.Sleep(2 * time.Millisecond)
			inner := tr.BeginNamed(ctx, selectLines, []driver.NamedValue{{Ordinal: 1, Value: int64(7)}})
			time.Sleep(3 * time.Millisecond)
			inner.End(4, nil)
			time.Sleep(time.Millisecond)
			outer.End(50, nil)
			failed := tr.Begin(ctx, "UPDATE orders SET total = $1", []any{1})
			failed.End(-1, errors.New("no"))
			run(ctx, tr, "COMMIT")
			tr.Wait(ctx, 9*time.Millisecond)
		})
		want := ledger.SQL{Statements: 3, Errors: 1, Rows: 54, Time: 6 * time.Millisecond, Wait: 9 * time.Millisecond}
		if got != want {
			t.Errorf("SQL of the request = %+v, want %+v", got, want)
		}
		all := tr.Statements()
		if len(all) != 3 {
			t.Fatalf("Statements() has %d entries, want 3: %+v", len(all), all)
		}
		if s := all[0]; s.Time != 6*time.Millisecond || s.Rows != 50 || s.Count != 1 {
			t.Errorf("Statements()[0] = %+v, want the outer one with 6ms and 50 rows", s)
		}
		if n, d := tr.Waits(); n != 1 || d != 9*time.Millisecond {
			t.Errorf("Waits() = %d, %v, want 1, 9ms", n, d)
		}
	})
}

func TestTransactionControlAndPingAreNotStatements(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	got := request(func(ctx context.Context) {
		for _, sql := range []string{"begin", "BEGIN ISOLATION LEVEL SERIALIZABLE", "start transaction", "commit;", "ROLLBACK TO SAVEPOINT a", "savepoint a", "release a", "-- ping", ";", ""} {
			run(ctx, tr, sql)
		}
		run(ctx, tr, "SET search_path = x")
	})
	if got.Statements != 1 {
		t.Errorf("statements = %d, want 1: SET counts, transaction control does not", got.Statements)
	}
}

func TestStatementAfterRequestIsUnattributed(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	var l ledger.Ledger
	l.Open(context.Background(), time.Now())
	during := tr.Begin(&l, selectLines, []any{1})
	l.End(time.Now(), ledger.Summary{})
	during.End(1, nil) // began in time: belongs to the request
	run(&l, tr, selectLines, 2)
	run(context.Background(), tr, selectLines, 3)

	lost := tr.Unattributed()
	if len(lost) != 1 || lost[0].Count != 2 {
		t.Fatalf("Unattributed() = %+v, want one entry with count 2", lost)
	}
	if got := tr.Statements()[0].Count; got != 3 {
		t.Errorf("Statements()[0].Count = %d, want 3", got)
	}
	if len(lost[0].Places) == 0 || lost[0].Places[0].Where == "" {
		t.Errorf("Unattributed()[0].Places = %v, want the call site", lost[0].Places)
	}
}

func TestTracerIsSafeForConcurrentUse(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	got := request(func(ctx context.Context) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 100 {
					run(ctx, tr, selectLines, i*100+j)
					run(context.Background(), tr, selectOrders)
					tr.Findings()
				}
			})
		}
		wg.Wait()
	})
	if got.Statements != 800 {
		t.Errorf("statements in the request = %d, want 800", got.Statements)
	}
	if f := tr.Findings(); len(f) != 1 || f[0].CountPerRequest != 800 {
		t.Errorf("Findings() = %+v, want one N+1 of 800", f)
	}
}

func TestGeneratedTextsAreBounded(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{MaxFingerprints: 10})
	request(func(ctx context.Context) {
		for i := range 1000 {
			run(ctx, tr, "SELECT a FROM t"+string(rune('a'+i%26))+string(rune('a'+i/26)))
		}
	})
	all := tr.Statements()
	if len(all) != 11 {
		t.Fatalf("Statements() has %d entries, want 10 and other", len(all))
	}
	var total, other int64
	for _, s := range all {
		total += s.Count
		if s.SQL == "other" {
			other = s.Count
		}
	}
	if total != 1000 || other != 990 {
		t.Errorf("counts: total %d, other %d, want 1000 and 990", total, other)
	}
}
