package sqltrace

//lint:file-ignore SA1019 driver.Conn still asks for Begin

import (
	"context"
	"database/sql/driver"
	"reflect"
)

// Unwrap returns the driver's own connection if driverConn is one that hone
// traces, and driverConn itself otherwise, so that the same code works with and
// without hone. It is for [sql.Conn.Raw], whose callers assert the driver's own
// type. What is done with the bare connection is not recorded.
func Unwrap(driverConn any) any {
	for {
		w, ok := driverConn.(wrapped)
		if !ok {
			return driverConn
		}
		driverConn = w.traced().base
	}
}

// wrapped is implemented by every shape of traced connection and nothing else.
type wrapped interface{ traced() *conn }

// conn is a traced connection without the methods whose mere presence
// database/sql takes for an answer; newConn adds those that base has. Like
// every driver.Conn it is used by one goroutine at a time.
type conn struct {
	tracer  *Tracer
	base    driver.Conn
	skipped skippedList

	open int // rows not closed yet

	// bareRows says of each type of rows seen whether it must stay unwrapped.
	bareRows map[reflect.Type]bool
}

func (c *conn) traced() *conn { return c }

// Unwrap returns the driver's own connection.
func (c *conn) Unwrap() driver.Conn { return c.base }

func (c *conn) Ping(ctx context.Context) error {
	if p, ok := c.base.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

func (c *conn) CheckNamedValue(nv *driver.NamedValue) error {
	if ch, ok := c.base.(driver.NamedValueChecker); ok {
		return ch.CheckNamedValue(nv)
	}
	return driver.ErrSkip
}

// Prepare is never called by database/sql, which prefers PrepareContext.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	st, err := c.base.Prepare(query)
	return c.prepared(query, st, err)
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st, err := prepareContext(ctx, c.base, query)
	return c.prepared(query, st, err)
}

// prepared wraps a statement. If it is prepared because its direct execution
// was skipped it carries on the record begun there.
func (c *conn) prepared(query string, st driver.Stmt, err error) (driver.Stmt, error) {
	begun, skipped := c.skipped.take(query)
	if err != nil || st == nil {
		if skipped {
			begun.End(0, err)
		}
		return st, err
	}
	return newStmt(c, st, query, begun, skipped), nil
}

// Begin is never called by database/sql, which prefers BeginTx.
func (c *conn) Begin() (driver.Tx, error) {
	return c.base.Begin()
}

// BeginTx returns base's own transaction outside a request: all that it can do
// is commit and roll back, and neither is a statement. What runs inside it runs
// on its connection.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	base, err := beginTx(ctx, c.base, opts)
	return c.tracer.traceTx(ctx, base, err)
}

func (c *conn) Close() error {
	c.skipped.endAll()
	return c.base.Close()
}

// exec is ExecContext for a base that can execute without preparing.
func (c *conn) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	st := c.tracer.beginNamed(ctx, query, args, c.open > 0)
	res, err := execDirect(ctx, c.base, query, args)
	if err == driver.ErrSkip { // not errors.Is: to database/sql a wrapped ErrSkip is an error
		c.skipped.add(query, st)
		return res, err
	}
	st.End(affected(res, err), err)
	return res, err
}

// query is QueryContext for a base that can query without preparing.
func (c *conn) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	st := c.tracer.beginNamed(ctx, query, args, c.open > 0)
	res, err := queryDirect(ctx, c.base, query, args)
	if err == driver.ErrSkip { // not errors.Is: to database/sql a wrapped ErrSkip is an error
		c.skipped.add(query, st)
		return res, err
	}
	return c.traceRows(st, res, err)
}

// affected returns the rows that a successful call says it affected, else 0.
func affected(res driver.Result, err error) int64 {
	if err != nil || res == nil {
		return 0
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0
	}
	return n
}
