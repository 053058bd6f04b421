package fakedriver

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// Conn is what every connection of a [Fake] has. The optional methods are in
// types of their own, which the generated shapes combine.
type Conn struct {
	f   *Fake
	who string
}

func (c *Conn) Prepare(query string) (driver.Stmt, error) {
	if err := c.f.called(c.who, "Prepare", query); err != nil {
		return nil, err
	}
	return c.stmt(query), nil
}

func (c *Conn) Close() error { return c.f.called(c.who, "ConnClose", "") }

func (c *Conn) Begin() (driver.Tx, error) {
	if err := c.f.called(c.who, "Begin", ""); err != nil {
		return nil, err
	}
	return tx{c}, nil
}

func (c *Conn) stmt(query string) driver.Stmt {
	c.f.mu.Lock()
	c.f.mu.stmts++
	who := fmt.Sprintf("%s.stmt%d", c.who, c.f.mu.stmts)
	c.f.mu.Unlock()
	return shapedStmt(&Stmt{f: c.f, who: who, query: query}, c.f.opts.Stmt)
}

type tx struct{ c *Conn }

func (t tx) Commit() error   { return t.c.f.called(t.c.who, "Commit", "") }
func (t tx) Rollback() error { return t.c.f.called(t.c.who, "Rollback", "") }

type pinger struct{ c *Conn }

func (p pinger) Ping(ctx context.Context) error {
	return p.c.f.called(p.c.who, "Ping", describeContext(ctx))
}

type prepareContexter struct{ c *Conn }

func (p prepareContexter) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := p.c.f.called(p.c.who, "PrepareContext", describeContext(ctx)+" "+query); err != nil {
		return nil, err
	}
	return p.c.stmt(query), nil
}

type txBeginner struct{ c *Conn }

func (b txBeginner) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	detail := fmt.Sprintf("%s isolation=%d readonly=%t", describeContext(ctx), opts.Isolation, opts.ReadOnly)
	if err := b.c.f.called(b.c.who, "BeginTx", detail); err != nil {
		return nil, err
	}
	return tx(b), nil
}

type contextExecer struct{ c *Conn }

func (e contextExecer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	detail := describeContext(ctx) + " " + query + describeNamed(args)
	if err := e.c.f.called(e.c.who, "ExecContext", detail); err != nil {
		return nil, err
	}
	return direct(query, e.c.result)
}

type execer struct{ c *Conn }

func (e execer) Exec(query string, args []driver.Value) (driver.Result, error) {
	if err := e.c.f.called(e.c.who, "Exec", query+describeValues(args)); err != nil {
		return nil, err
	}
	return direct(query, e.c.result)
}

type contextQueryer struct{ c *Conn }

func (q contextQueryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	detail := describeContext(ctx) + " " + query + describeNamed(args)
	if err := q.c.f.called(q.c.who, "QueryContext", detail); err != nil {
		return nil, err
	}
	return direct(query, func() driver.Rows { return q.c.f.rows(q.c.who, query) })
}

type queryer struct{ c *Conn }

func (q queryer) Query(query string, args []driver.Value) (driver.Rows, error) {
	if err := q.c.f.called(q.c.who, "Query", query+describeValues(args)); err != nil {
		return nil, err
	}
	return direct(query, func() driver.Rows { return q.c.f.rows(q.c.who, query) })
}

type sessionResetter struct{ c *Conn }

func (r sessionResetter) ResetSession(ctx context.Context) error {
	return r.c.f.called(r.c.who, "ResetSession", describeContext(ctx))
}

type validator struct{ c *Conn }

// IsValid reports false for a call that is to fail.
func (v validator) IsValid() bool {
	return v.c.f.called(v.c.who, "IsValid", "") == nil
}

type connChecker struct{ c *Conn }

func (n connChecker) CheckNamedValue(nv *driver.NamedValue) error {
	detail := fmt.Sprintf("%s#%d=%s", nv.Name, nv.Ordinal, describeValue(nv.Value))
	if err := n.c.f.called(n.c.who, "CheckNamedValue", detail); err != nil {
		return err
	}
	if v, ok := nv.Value.(ConnOnly); ok {
		nv.Value = "conn:" + v.V
		return nil
	}
	return checkShared(nv)
}

func (c *Conn) result() driver.Result { return result{c.f, c.who} }

type result struct {
	f   *Fake
	who string
}

func (r result) LastInsertId() (int64, error) {
	return 7, r.f.called(r.who, "LastInsertId", "")
}

// RowsAffected is not in the transcript: to ask for it changes nothing.
func (r result) RowsAffected() (int64, error) { return 3, nil }

// direct is the outcome of a statement that is executed without preparing it.
func direct[T any](query string, done func() T) (T, error) {
	if strings.HasPrefix(query, "skip") {
		var none T
		return none, driver.ErrSkip
	}
	return done(), nil
}
