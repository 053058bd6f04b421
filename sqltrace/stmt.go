package sqltrace

//lint:file-ignore SA1019 the old forms are all that some drivers have

import (
	"context"
	"database/sql/driver"
)

// stmt is a traced prepared statement. Like every driver.Stmt it is used by
// one goroutine at a time.
type stmt struct {
	conn  *conn
	base  driver.Stmt
	query string

	// begun is the record of a statement that was prepared because its direct
	// execution was skipped; the first execution carries it on.
	begun    Statement
	hasBegun bool
}

// newStmt returns base traced. Whether it is a ColumnConverter must show: with
// one, database/sql converts every argument by other rules and with errors of
// its own. All other optional interfaces have neutral answers.
func newStmt(c *conn, base driver.Stmt, query string, begun Statement, hasBegun bool) driver.Stmt {
	s := stmt{conn: c, base: base, query: query, begun: begun, hasBegun: hasBegun}
	if cc, ok := base.(driver.ColumnConverter); ok {
		return &convertingStmt{stmt: s, converter: cc}
	}
	return &s
}

// convertingStmt does not embed the converter: the embedded field would have
// the name of its only method and so hide it.
type convertingStmt struct {
	stmt
	converter driver.ColumnConverter
}

func (s *convertingStmt) ColumnConverter(index int) driver.ValueConverter {
	return s.converter.ColumnConverter(index)
}

var _ driver.ColumnConverter = (*convertingStmt)(nil)

func (s *stmt) Close() error {
	if s.hasBegun { // its arguments were refused before it was executed
		s.hasBegun = false
		s.begun.End(0, errNotExecuted)
	}
	return s.base.Close()
}

func (s *stmt) NumInput() int { return s.base.NumInput() }

// CheckNamedValue asks the statement's checker or, failing that, the
// connection's: database/sql asks the latter only if a statement has no such
// method, and this one always has.
func (s *stmt) CheckNamedValue(nv *driver.NamedValue) error {
	if ch, ok := s.base.(driver.NamedValueChecker); ok {
		return ch.CheckNamedValue(nv)
	}
	return s.conn.CheckNamedValue(nv)
}

// Exec is never called by database/sql, which prefers ExecContext, and is not
// recorded.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.base.Exec(args)
}

// Query is never called by database/sql, which prefers QueryContext, and is
// not recorded.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.base.Query(args)
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	st := s.begin(ctx, args)
	res, err := execStmt(ctx, s.base, args)
	st.End(affected(res, err), err)
	return res, err
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	st := s.begin(ctx, args)
	rows, err := queryStmt(ctx, s.base, args)
	return s.conn.traceRows(st, rows, err)
}

func (s *stmt) begin(ctx context.Context, args []driver.NamedValue) Statement {
	if s.hasBegun {
		s.hasBegun = false
		return s.begun
	}
	return s.conn.tracer.beginNamed(ctx, s.query, args, s.conn.open > 0)
}
