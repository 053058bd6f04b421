package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing/synctest"

	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/internal/fakedriver"
)

// A scene is one thing that a program does with its database. It prints what
// it sees into the fake's transcript, between the calls that the driver got.
type scene struct {
	name string
	play func(*stage)
}

// stage is a fresh fake database, opened bare or traced.
type stage struct {
	db   *sql.DB
	fake *fakedriver.Fake
	ctx  context.Context
}

// scenes is the script that every shape of driver is put through.
func scenes() []scene {
	return []scene{
		{"ping", func(s *stage) { s.note("ping", s.db.PingContext(s.ctx)) }},
		{"ping fails", func(s *stage) {
			s.fake.Fail("Ping", 1, errDriver)
			s.note("ping", s.db.PingContext(s.ctx))
			s.fake.Fail("Ping", 1, driver.ErrBadConn)
			s.note("ping", s.db.PingContext(s.ctx))
			s.exec("insert")
		}},
		{"connect fails", func(s *stage) {
			s.fake.Fail("Connect", 1, errDriver)
			s.exec("insert")
			s.fake.Fail("Connect", 2, driver.ErrBadConn)
			s.exec("insert")
		}},
		{"arguments", playArguments},
		{"prepared arguments", playPreparedArguments},
		{"rows", playRows},
		{"rows fail", playRowFaults},
		{"prepared", playPrepared},
		{"faults", playFaults},
		{"transactions", playTransactions},
		{"transaction faults", playTransactionFaults},
		{"transaction ended by its context", playTransactionCanceled},
		{"canceled before the call", playCanceledBefore},
		{"canceled during the call", playCanceledDuring},
		{"sessions", playSessions},
		{"raw connection", playRaw},
	}
}

var errDriver = errors.New("the driver's own error")

type valuer struct {
	v   driver.Value
	err error
}

func (v valuer) Value() (driver.Value, error) { return v.v, v.err }

func argumentSets() []struct {
	name string
	args []any
} {
	out := "in"
	return []struct {
		name string
		args []any
	}{
		{"plain", []any{1, "x"}},
		{"too few", []any{1}},
		{"too many", []any{1, 2, 3}},
		{"for the connection's checker", []any{fakedriver.ConnOnly{V: "v"}, 2}},
		{"for the statement's checker", []any{1, fakedriver.StmtOnly{V: "v"}}},
		{"for the column converter", []any{1, fakedriver.ColumnOnly{V: "v"}}},
		{"removed", []any{1, fakedriver.Removed{}, 2}},
		{"removed by name", []any{sql.Named("gone", fakedriver.Removed{}), 1, 2}},
		{"refused", []any{fakedriver.Refused{}, 2}},
		{"skipped by the converter", []any{true, nil}},
		{"valuer", []any{valuer{v: "v"}, (*int)(nil)}},
		{"valuer of a wrong type", []any{1, valuer{v: struct{}{}}}},
		{"valuer that fails, one too many", []any{1, 2, valuer{err: errDriver}}},
		{"unsupported", []any{make(chan int), 2}},
		{"named", []any{sql.Named("a", 1), sql.Named("b", "x")}},
		{"misnamed", []any{sql.Named("1a", 1), 2}},
		{"out", []any{1, sql.Out{Dest: &out}}},
		{"too large", []any{uint64(1) << 63, 2}},
	}
}

func playArguments(s *stage) {
	for _, set := range argumentSets() {
		s.fake.Printf("%s:", set.name)
		s.exec("insert ? ?", set.args...)
		s.query("select ? ?", set.args...)
		s.exec("skip ? ?", set.args...)
		s.query("skip ? ?", set.args...)
	}
}

func playPreparedArguments(s *stage) {
	for _, query := range []string{"two ? ?", "any number"} {
		st := s.prepare(s.db, query)
		if st == nil {
			return
		}
		for _, set := range argumentSets() {
			s.fake.Printf("%s:", set.name)
			s.stmtExec(st, set.args...)
			s.stmtQuery(st, set.args...)
		}
		s.note("close", st.Close())
	}
}

func playRows(s *stage) {
	for _, query := range []string{"select", "sets", "skip sets"} {
		rows, err := s.db.QueryContext(s.ctx, query)
		s.note("query", err)
		if err == nil {
			s.describeColumns(rows)
			s.drain(rows)
		}
	}
	rows, err := s.db.QueryContext(s.ctx, "select")
	s.note("query", err)
	if err == nil {
		for rows.Next() {
		}
		s.settle() // without another set the connection is free again
		s.note("close", rows.Close())
	}
	rows, err = s.db.QueryContext(s.ctx, "sets")
	s.note("query", err)
	if err == nil {
		s.fake.Printf("next=%t", rows.Next())
		s.fake.Printf("skip to the next set=%t", rows.NextResultSet())
		s.fake.Printf("and beyond=%t", rows.NextResultSet())
		s.note("scan after the last set", rows.Scan(new(any), new(any)))
		s.note("err", rows.Err())
		s.note("close", rows.Close())
	}
	var n int
	s.note("row", s.db.QueryRowContext(s.ctx, "select").Scan(&n, new(string)))
	s.note("row of a wrong type", s.db.QueryRowContext(s.ctx, "select").Scan(new(any), &n))
}

func playRowFaults(s *stage) {
	for _, op := range []string{"Next", "NextResultSet", "RowsClose"} {
		for _, err := range []error{errDriver, driver.ErrBadConn} {
			s.fake.Fail(op, 1, err)
			s.query("sets")
			s.fake.Heal()
		}
	}
}

func playPrepared(s *stage) {
	st := s.prepare(s.db, "one ?")
	if st == nil {
		return
	}
	s.stmtExec(st, 1)
	s.stmtQuery(st, 2)
	tx, err := s.db.BeginTx(s.ctx, nil)
	s.note("begin", err)
	if err == nil {
		inTx := tx.StmtContext(s.ctx, st)
		s.stmtExec(inTx, 3)
		s.stmtQuery(inTx, 4)
		s.note("commit", tx.Commit())
		s.stmtExec(inTx, 5)
	}
	s.note("close", st.Close())
	s.stmtExec(st, 6)
	s.fake.Fail("StmtClose", 1, errDriver)
	s.exec("skip")
}

// playFaults lets each call fail with each kind of error, and so goes through
// all that database/sql makes of them: return, skip, or try again.
func playFaults(s *stage) {
	ops := []string{
		"Exec", "ExecContext", "Query", "QueryContext", "Prepare", "PrepareContext",
		"StmtExec", "StmtExecContext", "StmtQuery", "StmtQueryContext", "CheckNamedValue", "StmtCheckNamedValue",
	}
	faults := []struct {
		err   error
		times int
	}{
		{errDriver, 1},
		{driver.ErrSkip, 1},
		{fmt.Errorf("wrapped: %w", driver.ErrSkip), 1},
		{driver.ErrBadConn, 1},
		{driver.ErrBadConn, -1},
		{fmt.Errorf("wrapped: %w", driver.ErrBadConn), 1},
	}
	s.exec("insert ?", 1)
	s.query("select ?", 1)
	for _, fault := range faults {
		for _, op := range ops {
			if !s.fake.Called(op) {
				continue // this shape does without
			}
			if fault.err == driver.ErrSkip && strings.HasSuffix(op, "CheckNamedValue") {
				continue // its ordinary answer
			}
			s.fake.Printf("%s fails %d times with %v:", op, fault.times, fault.err)
			s.fake.Fail(op, fault.times, fault.err)
			s.exec("insert ?", 1)
			s.fake.Heal()
			s.fake.Fail(op, fault.times, fault.err)
			s.query("select ?", 1)
			s.fake.Heal()
		}
	}
}

func (s *stage) exec(query string, args ...any) { s.execOn(s.db, query, args...) }

func (s *stage) query(query string, args ...any) { s.queryOn(s.db, query, args...) }

type handle interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	PrepareContext(context.Context, string) (*sql.Stmt, error)
}

func (s *stage) execOn(on handle, query string, args ...any) {
	res, err := on.ExecContext(s.ctx, query, args...)
	s.noteResult("exec "+query, res, err)
}

func (s *stage) queryOn(on handle, query string, args ...any) {
	rows, err := on.QueryContext(s.ctx, query, args...)
	s.note("query "+query, err)
	if err == nil {
		s.drain(rows)
	}
}

func (s *stage) prepare(on handle, query string) *sql.Stmt {
	st, err := on.PrepareContext(s.ctx, query)
	s.note("prepare "+query, err)
	return st
}

func (s *stage) stmtExec(st *sql.Stmt, args ...any) {
	res, err := st.ExecContext(s.ctx, args...)
	s.noteResult("prepared exec", res, err)
}

func (s *stage) stmtQuery(st *sql.Stmt, args ...any) {
	rows, err := st.QueryContext(s.ctx, args...)
	s.note("prepared query", err)
	if err == nil {
		s.drain(rows)
	}
}

func (s *stage) noteResult(what string, res sql.Result, err error) {
	s.note(what, err)
	if err != nil {
		return
	}
	n, err := res.RowsAffected()
	s.note(fmt.Sprintf("affected %d", n), err)
	n, err = res.LastInsertId()
	s.note(fmt.Sprintf("inserted %d", n), err)
}

// drain reads all sets of rows as a careful program does.
func (s *stage) drain(rows *sql.Rows) {
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var n, text any
			err := rows.Scan(&n, &text)
			s.note(fmt.Sprintf("row %v %v", n, text), err)
		}
	}
	s.note("rows end", rows.Err())
	s.note("rows close", rows.Close())
	s.note("rows closed", rows.Err())
}

func (s *stage) describeColumns(rows *sql.Rows) {
	names, err := rows.Columns()
	s.note(fmt.Sprint("columns ", names), err)
	types, err := rows.ColumnTypes()
	s.note("column types", err)
	for _, c := range types {
		length, hasLength := c.Length()
		precision, scale, hasScale := c.DecimalSize()
		nullable, hasNullable := c.Nullable()
		s.fake.Printf("%s %v %q length=%d,%t decimal=%d,%d,%t nullable=%t,%t", c.Name(), c.ScanType(),
			c.DatabaseTypeName(), length, hasLength, precision, scale, hasScale, nullable, hasNullable)
	}
}

// note prints an error with its type, its words and what it matches: the
// wrapper must return the driver's error itself.
func (s *stage) note(what string, err error) {
	if err == nil {
		s.fake.Printf("%s: ok", what)
		return
	}
	var matches []string
	for _, target := range []error{
		errDriver, fakedriver.ErrRefused, driver.ErrSkip, driver.ErrBadConn, driver.ErrRemoveArgument,
		context.Canceled, sql.ErrTxDone, sql.ErrConnDone, sql.ErrNoRows,
	} {
		switch {
		case err == target:
			matches = append(matches, "== "+target.Error())
		case errors.Is(err, target):
			matches = append(matches, "is "+target.Error())
		}
	}
	s.fake.Printf("%s: %T %q %q", what, err, err, matches)
}

// settle waits for the goroutines that database/sql starts to watch contexts.
func (s *stage) settle() {
	synctest.Wait()
	stats := s.db.Stats()
	s.fake.Printf("open=%d idle=%d", stats.OpenConnections, stats.Idle)
}

func playRaw(s *stage) {
	conn, err := s.db.Conn(s.ctx)
	s.note("conn", err)
	err = conn.Raw(func(driverConn any) error {
		s.fake.Printf("the driver's own is %T", sqltrace.Unwrap(driverConn))
		return errDriver
	})
	s.note("raw", err)
	s.execOn(conn, "insert")
	err = conn.Raw(func(any) error { return driver.ErrBadConn })
	s.note("raw", err)
	s.execOn(conn, "insert")
	s.note("close", conn.Close())
}
