package explain_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/explain"
)

func TestConfig(t *testing.T) {
	tests := []struct {
		config explain.Config
		want   []string // in the error's text; none is no error
	}{
		{explain.Config{}, nil},
		{explain.Config{Dialect: sqltrace.SQLite, Pace: -1}, nil},
		{explain.Config{Dialect: sqltrace.MySQL}, []string{`Config.Dialect is "mysql"`}},
		{
			explain.Config{Every: -1, StatementTimeout: 1, LockTimeout: -time.Second, MinRows: -1, MinStatistics: -1, MaxStatements: -1},
			[]string{"Config.Every is -1ns", "Config.StatementTimeout is 1ns, want ≥ 1ms", "Config.LockTimeout is -1s", "Config.MinRows is -1", "Config.MinStatistics is -1ns", "Config.MaxStatements is -1"},
		},
	}
	for _, tt := range tests {
		a, err := explain.Open("sqlite", ":memory:", tt.config)
		if (err == nil) != (tt.want == nil) {
			t.Errorf("Open(%+v) = %v", tt.config, err)
		}
		if err == nil {
			a.Close()
			continue
		}
		for _, w := range tt.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("Open(%+v) = %v, want it to contain %q", tt.config, err, w)
			}
		}
	}
	if _, err := explain.New(nil, explain.Config{}); err == nil {
		t.Error("New(nil) = nil, want an error")
	}
	if _, err := explain.Open("no such driver", "", explain.Config{}); err == nil {
		t.Error("Open(no such driver) = nil, want an error")
	}
}

// TestPace: one statement a second, each once an hour, and none while busy.
func TestPace(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, itemsLite...)
	synctest.Test(t, func(t *testing.T) {
		var busy atomic.Bool
		a, err := explain.Open(db.driver, db.dsn, explain.Config{MinRows: 500, Busy: busy.Load})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		observe := func() {
			for _, column := range []string{"note", "kind", "owner_id"} {
				a.Observe("SELECT id FROM item WHERE "+column+" = ?", []any{"x"}, time.Second)
			}
		}
		pass := func(wantElapsed time.Duration, wantExplained int) {
			t.Helper()
			start := time.Now()
			if err := a.Pass(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got != wantElapsed {
				t.Errorf("Pass took %v, want %v", got, wantElapsed)
			}
			if got := a.Report().Explained; got != wantExplained {
				t.Errorf("Explained = %d, want %d", got, wantExplained)
			}
		}
		observe()
		busy.Store(true)
		pass(0, 0)
		busy.Store(false)
		pass(2*time.Second, 3) // at 0, 1 and 2 s
		observe()
		pass(0, 3) // known for an hour
		if got := a.Report().Waiting; got != 0 {
			t.Errorf("Waiting = %d within the hour, want 0", got)
		}
		time.Sleep(time.Hour)
		observe()
		if got := a.Report().Explained; got != 3 {
			t.Errorf("Explained = %d, want the 3 that are still known", got)
		}
		pass(2*time.Second, 3)
	})
}

func TestRun(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, itemsLite...)
	synctest.Test(t, func(t *testing.T) {
		a, err := explain.Open(db.driver, db.dsn, explain.Config{MinRows: 500})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		synctest.Wait()
		a.Observe(`SELECT id FROM item WHERE note = ?`, []any{"x"}, time.Second)
		time.Sleep(time.Minute) // the next round
		synctest.Wait()
		if got := len(a.Report().Advice); got != 1 {
			t.Errorf("advice after a round = %d, want 1", got)
		}
		stop := errors.New("stop")
		cancel(stop)
		if err := <-done; !errors.Is(err, stop) {
			t.Errorf("Run() = %v, want the cause of the end", err)
		}
	})
}

func TestRunReportsErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var got error
	db := &database{driver: "pgx", dsn: "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"}
	a := db.adviser(t, explain.Config{OnError: func(err error) { got = err; cancel() }})
	a.Observe(`SELECT 1`, nil, time.Second)
	if err := a.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v, want context.Canceled", err)
	}
	if got == nil || !strings.Contains(got.Error(), "explain: connecting") {
		t.Errorf("OnError got %v, want that there is no server", got)
	}
}

// TestObserve: what is counted, and what is told apart.
func TestObserve(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, itemsLite...)
	a := db.adviser(t, explain.Config{MaxStatements: 3})
	for i := range 10 {
		a.Observe(fmt.Sprintf("SELECT id FROM item WHERE note = 'n%d' -- %d", i, i), nil, time.Second)
		a.Observe("SELECT id FROM item WHERE id IN (?"+strings.Repeat(", ?", i)+")", make([]any, i+1), time.Second)
	}
	a.Observe("SELECT 1", []any{func() {}}, time.Second) // cannot be kept
	a.Observe("SELECT 1 + 1", nil, time.Second)          // no room
	a.Observe(strings.Repeat(" ", 1<<20), nil, time.Second)
	if err := a.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := a.Report()
	if r.Explained != 2 || r.Dropped != 2 {
		t.Errorf("explained, dropped = %d, %d, want 2, 2", r.Explained, r.Dropped)
	}
	if len(r.Skipped) != 1 || r.Skipped[0].Why != "an argument is of a type that cannot be kept: func()" {
		t.Errorf("skipped = %+v, want the argument that cannot be kept", r.Skipped)
	}
	if len(r.Advice) != 1 || r.Advice[0].Statements[0].Calls != 10 || r.Advice[0].Statements[0].Mean != time.Second {
		t.Errorf("advice = %+v, want one for 10 calls of 1 s", r.Advice)
	}
}

// TestKeep: what the service does with its arguments afterwards does not
// matter, and what cannot be copied is not kept.
func TestKeep(t *testing.T) {
	name, list, text := []byte("ab"), []string{"x", "y"}, "z"
	var none *string
	kept, why := explain.Keep([]any{name, list, &text, none, nil, 5, time.Unix(0, 0), sql.Named("n", name), sql.NullInt64{Int64: 4, Valid: true}, [2]byte{1, 2}, []int64(nil)})
	if why != "" {
		t.Fatalf("Keep = %q, want all kept", why)
	}
	clear(name)
	clear(list)
	text = "changed"
	want := []any{[]byte("ab"), []string{"x", "y"}, "z", nil, nil, 5, time.Unix(0, 0), sql.Named("n", []byte("ab")), int64(4), [2]byte{1, 2}, []int64(nil)}
	if !reflect.DeepEqual(kept, want) {
		t.Errorf("Keep = %#v, want %#v", kept, want)
	}
	for _, bad := range []any{func() {}, map[string]int{}, struct{ p *int }{}, [][]byte{{1}}, sql.Out{}, strings.Repeat("x", 1<<20)} {
		if kept, why := explain.Keep([]any{bad}); why == "" || kept != nil {
			t.Errorf("Keep(%T) = %v, %q, want a reason", bad, kept, why)
		}
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	a := openSQLite(t).adviser(t, explain.Config{})
	args := []any{int64(1)}
	observe := func() { a.Observe(`SELECT id FROM item WHERE id = ?`, args, time.Millisecond) }
	observe()
	if got := testing.AllocsPerRun(100, observe); got != 0 {
		t.Errorf("allocations of Observe on a known text = %v, want 0", got)
	}
}

func BenchmarkObserve(b *testing.B) {
	a, err := explain.Open("sqlite", ":memory:", explain.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	args := []any{int64(1)}
	b.ReportAllocs()
	for b.Loop() {
		a.Observe(`SELECT id, owner_id, kind, made FROM item WHERE owner_id = ? ORDER BY made DESC LIMIT 20`, args, time.Millisecond)
	}
}

func TestConcurrent(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, itemsLite...)
	a := db.adviser(t, explain.Config{})
	var passes, reports sync.WaitGroup
	done := make(chan struct{})
	reports.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				a.Report()
			}
		}
	})
	for i := range 4 {
		passes.Go(func() {
			for j := range 50 {
				a.Observe(fmt.Sprintf("SELECT id AS c%d FROM item WHERE note = ?", j%7), []any{i}, time.Millisecond)
			}
			if err := a.Pass(t.Context()); err != nil {
				t.Errorf("Pass() = %v", err)
			}
		})
	}
	passes.Wait()
	close(done)
	reports.Wait()
	if r := a.Report(); r.Explained != 7 || r.Waiting != 0 || len(r.Advice) != 1 {
		t.Errorf("explained, waiting, advice = %d, %d, %d, want 7, 0, 1", r.Explained, r.Waiting, len(r.Advice))
	}
}
