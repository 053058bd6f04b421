package sqltrace_test

import (
	"context"
	"database/sql"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/internal/fakedriver"
)

// TestWrapperIsTransparent puts a driver of every combination of the optional
// interfaces through the same script, bare and traced. The two transcripts,
// of what the program saw and of what the driver was asked, must be equal.
func TestWrapperIsTransparent(t *testing.T) {
	tests := []struct {
		name   string
		shapes iter.Seq[fakedriver.Options]
	}{
		{"every connection of the first half", conns(0, fakedriver.ConnShapes/2)},
		{"every connection of the second half", conns(fakedriver.ConnShapes/2, fakedriver.ConnShapes)},
		{"every statement", everyStmt},
		{"every rows", everyRows},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tracer := newTracer(t)
			for opts := range tt.shapes {
				for _, sc := range scenes() {
					compare(t, tracer, opts, sc)
				}
			}
		})
	}
}

// conns pairs each shape of connection with one of the statements and one of
// the rows in turn.
func conns(from, to fakedriver.ConnShape) iter.Seq[fakedriver.Options] {
	return func(yield func(fakedriver.Options) bool) {
		for conn := from; conn < to; conn++ {
			if !yield(fakedriver.Options{
				Conn:   conn,
				Stmt:   fakedriver.StmtShape(conn/7) % fakedriver.StmtShapes,
				Rows:   fakedriver.RowsShape(conn/3) % fakedriver.RowsShapes,
				Closer: conn%2 == 0,
			}) {
				return
			}
		}
	}
}

// everyStmt pairs each shape of statement with the connections that change
// what becomes of its arguments.
func everyStmt(yield func(fakedriver.Options) bool) {
	for stmt := range fakedriver.StmtShapes {
		for _, conn := range []fakedriver.ConnShape{
			0,
			fakedriver.ConnNamedValueChecker,
			fakedriver.ConnExecerContext | fakedriver.ConnQueryer,
			fakedriver.ConnExecer | fakedriver.ConnQueryerContext | fakedriver.ConnNamedValueChecker,
			fakedriver.ConnShapes - 1,
		} {
			if !yield(fakedriver.Options{Conn: conn, Stmt: stmt}) {
				return
			}
		}
	}
}

func everyRows(yield func(fakedriver.Options) bool) {
	for rows := range fakedriver.RowsShapes {
		if !yield(fakedriver.Options{Conn: fakedriver.ConnQueryerContext, Rows: rows}) {
			return
		}
	}
}

func compare(t *testing.T, tracer *sqltrace.Tracer, opts fakedriver.Options, sc scene) {
	t.Helper()
	bare := perform(t, nil, opts, sc)
	traced := perform(t, tracer, opts, sc)
	if slices.Equal(bare, traced) {
		return
	}
	i := 0
	for i < min(len(bare), len(traced)) && bare[i] == traced[i] {
		i++
	}
	t.Fatalf("conn %#b, stmt %#b, rows %#b, %s:\n%s\nbare then says:\n%s\ntraced then says:\n%s",
		opts.Conn, opts.Stmt, opts.Rows, sc.name, excerpt(bare, i-8, i), excerpt(bare, i, i+3), excerpt(traced, i, i+3))
}

func excerpt(lines []string, from, to int) string {
	return strings.Join(lines[min(max(from, 0), len(lines)):min(to, len(lines))], "\n")
}

// perform plays sc on a fresh fake, traced if tracer is not nil.
func perform(t *testing.T, tracer *sqltrace.Tracer, opts fakedriver.Options, sc scene) (transcript []string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		fake := fakedriver.New(opts)
		c := fake.Connector()
		if tracer != nil {
			c = tracer.Connector(c)
		}
		s := &stage{db: sql.OpenDB(c), fake: fake, ctx: fakedriver.WithLabel(context.Background(), "caller")}
		fake.Printf("driver %T %t", s.db.Driver(), s.db.Driver() == fake.Driver())
		sc.play(s)
		s.settle()
		s.note("close", s.db.Close())
		s.settle()
		transcript = fake.Transcript()
	})
	return transcript
}

// TestScriptReachesDriver guards the comparison itself: a script that never
// calls a method cannot show that the method is passed on.
func TestScriptReachesDriver(t *testing.T) {
	seen := make(map[string]bool)
	for _, opts := range []fakedriver.Options{
		{},
		{Closer: true, Conn: fakedriver.ConnShapes - 1, Stmt: fakedriver.StmtShapes - 1, Rows: fakedriver.RowsShapes - 1},
		{Conn: fakedriver.ConnExecer | fakedriver.ConnQueryer},
	} {
		for _, sc := range scenes() {
			for _, line := range perform(t, nil, opts, sc) {
				if call, ok := strings.CutPrefix(line, "  "); ok {
					call, _, _ = strings.Cut(call, "(")
					seen[call[strings.LastIndexByte(call, '.')+1:]] = true
				}
			}
		}
	}
	for _, op := range []string{
		"Connect", "ConnectorClose", "Ping", "Prepare", "PrepareContext", "Begin", "BeginTx", "Commit", "Rollback",
		"Exec", "ExecContext", "Query", "QueryContext", "ResetSession", "IsValid", "ConnClose", "CheckNamedValue",
		"StmtExec", "StmtExecContext", "StmtQuery", "StmtQueryContext", "StmtCheckNamedValue", "ColumnConverter", "StmtClose",
		"Next", "RowsClose", "HasNextResultSet", "NextResultSet", "ColumnTypeScanType", "ColumnTypeDatabaseTypeName",
		"ColumnTypeLength", "ColumnTypeNullable", "ColumnTypePrecisionScale", "LastInsertId",
	} {
		if !seen[op] {
			t.Errorf("the script never makes the driver's %s be called", op)
		}
	}
}

func newTracer(t testing.TB) *sqltrace.Tracer {
	t.Helper()
	tracer, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}
