package fakedriver

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// Stmt is what every prepared statement of a [Fake] has.
type Stmt struct {
	f     *Fake
	who   string
	query string
}

func (s *Stmt) Close() error { return s.f.called(s.who, "StmtClose", "") }

func (s *Stmt) NumInput() int {
	if strings.Contains(s.query, "any") {
		return -1
	}
	return strings.Count(s.query, "?")
}

func (s *Stmt) Exec(args []driver.Value) (driver.Result, error) {
	if err := s.f.called(s.who, "StmtExec", describeValues(args)); err != nil {
		return nil, err
	}
	return result{s.f, s.who}, nil
}

func (s *Stmt) Query(args []driver.Value) (driver.Rows, error) {
	if err := s.f.called(s.who, "StmtQuery", describeValues(args)); err != nil {
		return nil, err
	}
	return s.f.rows(s.who, s.query), nil
}

type stmtExecer struct{ s *Stmt }

func (e stmtExecer) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := e.s.f.called(e.s.who, "StmtExecContext", describeContext(ctx)+describeNamed(args)); err != nil {
		return nil, err
	}
	return result{e.s.f, e.s.who}, nil
}

type stmtQueryer struct{ s *Stmt }

func (q stmtQueryer) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := q.s.f.called(q.s.who, "StmtQueryContext", describeContext(ctx)+describeNamed(args)); err != nil {
		return nil, err
	}
	return q.s.f.rows(q.s.who, q.s.query), nil
}

type stmtChecker struct{ s *Stmt }

func (n stmtChecker) CheckNamedValue(nv *driver.NamedValue) error {
	detail := fmt.Sprintf("%s#%d=%s", nv.Name, nv.Ordinal, describeValue(nv.Value))
	if err := n.s.f.called(n.s.who, "StmtCheckNamedValue", detail); err != nil {
		return err
	}
	if v, ok := nv.Value.(StmtOnly); ok {
		nv.Value = "stmt:" + v.V
		return nil
	}
	return checkShared(nv)
}

type stmtConverter struct{ s *Stmt }

func (c stmtConverter) ColumnConverter(index int) driver.ValueConverter {
	_ = c.s.f.called(c.s.who, "ColumnConverter", fmt.Sprint(index))
	return columnConverter{index}
}
