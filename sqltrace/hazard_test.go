package sqltrace_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
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

// hazardAt returns the place that many lines below its call.
func hazardAt(lines int) string {
	_, _, line, _ := runtime.Caller(1)
	return fmt.Sprintf("sqltrace/hazard_test.go:%d", line+lines)
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
		t.Errorf("finding = %+v, want 500 rows at its line", f)
	}
}

func TestRowsThatNobodyIsShown(t *testing.T) {
	const products = "SELECT id FROM products"
	answer := ledger.Summary{Route: "GET /api/products", Method: "GET", Status: 200, Bytes: 390}
	tests := []struct {
		name   string
		rows   int64
		change func(*ledger.Summary)
		also   func(ctx context.Context, tr *sqltrace.Tracer)
		want   int
	}{
		{name: "more than the response can hold", rows: 200, want: 1},
		{name: "few", rows: 99, change: func(s *ledger.Summary) { s.Bytes = 10 }},
		{name: "a hundred", rows: 100, change: func(s *ledger.Summary) { s.Bytes = 10 }, want: 1},
		{name: "as many as the response can hold", rows: 195},
		{name: "nothing known of the response", rows: 200, change: func(s *ledger.Summary) { s.Bytes = 0 }},
		{name: "an error", rows: 200, change: func(s *ledger.Summary) { s.Status = 500 }},
		{name: "not modified", rows: 200, change: func(s *ledger.Summary) { s.Status = 304 }},
		{name: "canceled", rows: 200, change: func(s *ledger.Summary) { s.Canceled = true }},
		{name: "sent elsewhere", rows: 200, also: func(ctx context.Context, _ *sqltrace.Tracer) {
			ledger.From(ctx).AddSpan("archive", time.Second)
		}},
		{name: "written back", rows: 200, also: func(ctx context.Context, tr *sqltrace.Tracer) {
			run(ctx, tr, "INSERT INTO copies SELECT 1")
		}},
		{name: "in several small look-ups", rows: 60, also: func(ctx context.Context, tr *sqltrace.Tracer) {
			for range 3 {
				s := tr.Begin(ctx, products, nil)
				s.End(60, nil)
			}
		}},
	}
	for _, tt := range tests {
		tr := newTracerWith(t, sqltrace.Config{})
		var l ledger.Ledger
		l.Open(context.Background(), time.Now())
		where := hazardAt(1)
		s := tr.Begin(&l, products, nil)
		s.End(tt.rows, nil)
		if tt.also != nil {
			tt.also(&l, tr)
		}
		sum := answer
		if tt.change != nil {
			tt.change(&sum)
		}
		l.End(time.Now(), sum)
		found := tr.Findings()
		if len(found) != tt.want {
			t.Errorf("%s: Findings() = %+v, want %d", tt.name, found, tt.want)
			continue
		}
		if tt.want == 0 {
			continue
		}
		f := found[0]
		if f.Rule != sqltrace.RuleWholeTable || f.Confidence != sqltrace.Likely || f.Rows != tt.rows || f.Bytes != sum.Bytes || f.Where != where {
			t.Errorf("%s: finding = %+v, want a likely whole table of %d rows for %d bytes at %s", tt.name, f, tt.rows, sum.Bytes, where)
		}
		if !strings.Contains(f.Fix, fmt.Sprintf("a response of %d bytes", sum.Bytes)) {
			t.Errorf("%s: Fix = %q, want it to name the size of the response", tt.name, f.Fix)
		}
	}
}

// The first request that shows a mistake names its line.
func TestHazardsHaveTheirLineAtOnce(t *testing.T) {
	const query = "SELECT name FROM t"
	tests := []struct {
		name string
		cfg  sqltrace.Config
		rule sqltrace.Rule
		play func(ctx context.Context, db *sql.DB) (where string)
	}{
		{"whole table", sqltrace.Config{MaxRows: 2}, sqltrace.RuleWholeTable, func(ctx context.Context, db *sql.DB) (where string) {
			where = hazardAt(1)
			rows, err := db.QueryContext(ctx, query)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
			}
			if err := rows.Err(); err != nil {
				t.Error(err)
			}
			return where
		}},
		{"whole table, its statement sent from elsewhere before", sqltrace.Config{MaxRows: 2}, sqltrace.RuleWholeTable, func(ctx context.Context, db *sql.DB) (where string) {
			request(func(ctx context.Context) { names(t, ctx, db, "LIMIT ?", 1) })
			where = hazardAt(1)
			all := func() { names(t, ctx, db, "LIMIT ?", 3) }
			all()
			return where
		}},
		{"rows left open", sqltrace.Config{}, sqltrace.RuleRowsOpen, func(ctx context.Context, db *sql.DB) (where string) {
			where = hazardAt(1)
			rows, err := db.QueryContext(ctx, query)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { rows.Close() })
			return where
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db, tr := openNamesWith(t, tt.cfg)
			var where string
			request(func(ctx context.Context) { where = tt.play(ctx, db) })
			f := only(t, tr, tt.rule)
			if at := f.Where; at != where && f.Caller != where || f.Requests != 1 {
				t.Errorf("finding is at %s, called at %s, in %d requests, want %s in one", at, f.Caller, f.Requests, where)
			}
		})
	}
}

// names reads the names of t.
func names(t *testing.T, ctx context.Context, db *sql.DB, tail string, args ...any) {
	t.Helper()
	rows, err := db.QueryContext(ctx, "SELECT name FROM t "+tail, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}

func TestSlowStatementHasItsLineAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		request(func(ctx context.Context) { took(ctx, tr, 1, selectOrders) }) // from another place
		for range 19 {
			run(context.Background(), tr, selectOrders)
		}
		tr.Reset()
		for range 19 { // a job: nothing of it is in a request
			s := tr.Begin(context.Background(), selectOrders, nil)
			time.Sleep(time.Second)
			s.End(1, nil)
		}
		var first, last int
		request(func(ctx context.Context) {
			_, _, first, _ = runtime.Caller(0)
			s := tr.Begin(ctx, selectOrders, nil)
			time.Sleep(time.Second)
			s.End(1, nil)
			_, _, last, _ = runtime.Caller(0)
		})
		f := only(t, tr, sqltrace.RuleSlow)
		_, at, _ := strings.Cut(f.Where, ":")
		if line, err := strconv.Atoi(at); err != nil || line <= first || line >= last {
			t.Errorf("finding is at %s, want a line between %d and %d of this file", f.Where, first, last)
		}
	})
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
	return openNamesWith(t, sqltrace.Config{})
}

func openNamesWith(t *testing.T, cfg sqltrace.Config) (*sql.DB, *sqltrace.Tracer) {
	t.Helper()
	tr := newTracerWith(t, cfg)
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

func TestCallInTransaction(t *testing.T) {
	db, dbTracer := openNames(t)
	plain := newTracerWith(t, sqltrace.Config{})
	var line string
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
			line = hazardAt(1)
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
			line = hazardAt(1)
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
				f := found[0]
				if f.Rule != sqltrace.RuleHeld || f.SavedMSPerRequest != 3000 || f.MaxPerRequest != 1 || !strings.Contains(f.Fix, "payments, at "+line) {
					t.Errorf("finding = %+v, want the one call of 3 s", f)
				}
				if f.Where != line || !strings.HasPrefix(f.Func, "sqltrace_test.TestCallInTransaction") {
					t.Errorf("finding is at %s in %s, want %s in this test", f.Where, f.Func, line)
				}
			}
		})
	}
}

func TestLostContextHasFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		serve := func(do http.HandlerFunc) {
			do.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		}
		forget := func(n int) {
			serve(func(http.ResponseWriter, *http.Request) {
				for range n {
					took(context.Background(), tr, 1, selectLines, 1)
				}
			})
		}
		forget(500)
		tr.Reset()
		forget(30)
		request(func(ctx context.Context) {
			for range 10 {
				took(ctx, tr, 1, selectOrders)
			}
		})
		f := tr.Findings()[1] // after the duplicate, which saves time
		if f.Rule != sqltrace.RuleLostContext || f.Count != 30 || f.TotalMS != 30 || f.Share != 0.75 {
			t.Errorf("Rule, Count, TotalMS, Share = %s, %d, %v, %v, want a lost context of 30 in 30 ms, 0.75 of all", f.Rule, f.Count, f.TotalMS, f.Share)
		}
		if !strings.Contains(f.Fix, "some 30 times") || !strings.Contains(f.Fix, "75.0 %") {
			t.Errorf("Fix = %q, want it to name the figures", f.Fix)
		}
		for range 30 { // a job sends the same
			took(context.Background(), tr, 1, selectLines, 1)
		}
		if f := tr.Findings()[1]; f.Count >= 60 || f.Count < 30 || f.Share >= 60.0/70 {
			t.Errorf("Count, Share = %d, %v, want the handler's part of 60", f.Count, f.Share)
		}
	})
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
