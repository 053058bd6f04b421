package sqltrace

//lint:file-ignore SA1019 the old forms are all that some drivers have

import (
	"context"
	"database/sql/driver"
)

// newConn returns base traced, in the shape that database/sql must see.
//
// Most optional interfaces have a neutral answer that database/sql treats
// like their absence, so conn has them always. These have none:
//
//   - ExecerContext and QueryerContext: arguments are checked by the
//     connection's rules before the call, and with errors of their own, even
//     if the call then answers ErrSkip.
//   - SessionResetter together with Validator: only a connection that has both
//     outlives a transaction ended by its context. Having one of the two is
//     like having none, and so a base with neither gets a neutral resetter.
//
// Two times two times three shapes.
func newConn(t *Tracer, base driver.Conn) driver.Conn {
	c := &conn{tracer: t, base: base}
	const (
		execs = 1 << iota
		queries
		resets
		validates
	)
	shape := 0
	if execsDirectly(base) {
		shape |= execs
	}
	if queriesDirectly(base) {
		shape |= queries
	}
	if _, ok := base.(driver.Validator); ok {
		shape |= validates
	}
	if _, ok := base.(driver.SessionResetter); ok || shape&validates == 0 {
		shape |= resets
	}
	switch shape {
	case resets:
		return struct {
			*conn
			resetter
		}{c, resetter{c}}
	case validates:
		return struct {
			*conn
			validator
		}{c, validator{c}}
	case resets | validates:
		return struct {
			*conn
			resetter
			validator
		}{c, resetter{c}, validator{c}}
	case execs | resets:
		return struct {
			*conn
			execer
			resetter
		}{c, execer{c}, resetter{c}}
	case execs | validates:
		return struct {
			*conn
			execer
			validator
		}{c, execer{c}, validator{c}}
	case execs | resets | validates:
		return struct {
			*conn
			execer
			resetter
			validator
		}{c, execer{c}, resetter{c}, validator{c}}
	case queries | resets:
		return struct {
			*conn
			queryer
			resetter
		}{c, queryer{c}, resetter{c}}
	case queries | validates:
		return struct {
			*conn
			queryer
			validator
		}{c, queryer{c}, validator{c}}
	case queries | resets | validates:
		return struct {
			*conn
			queryer
			resetter
			validator
		}{c, queryer{c}, resetter{c}, validator{c}}
	case execs | queries | resets:
		return struct {
			*conn
			execer
			queryer
			resetter
		}{c, execer{c}, queryer{c}, resetter{c}}
	case execs | queries | validates:
		return struct {
			*conn
			execer
			queryer
			validator
		}{c, execer{c}, queryer{c}, validator{c}}
	default:
		return struct {
			*conn
			execer
			queryer
			resetter
			validator
		}{c, execer{c}, queryer{c}, resetter{c}, validator{c}}
	}
}

func execsDirectly(base driver.Conn) bool {
	switch base.(type) {
	case driver.ExecerContext, driver.Execer:
		return true
	}
	return false
}

func queriesDirectly(base driver.Conn) bool {
	switch base.(type) {
	case driver.QueryerContext, driver.Queryer:
		return true
	}
	return false
}

type execer struct{ c *conn }

func (e execer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return e.c.exec(ctx, query, args)
}

type queryer struct{ c *conn }

func (q queryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return q.c.query(ctx, query, args)
}

type resetter struct{ c *conn }

func (r resetter) ResetSession(ctx context.Context) error {
	if b, ok := r.c.base.(driver.SessionResetter); ok {
		return b.ResetSession(ctx)
	}
	return nil
}

type validator struct{ c *conn }

func (v validator) IsValid() bool {
	return v.c.base.(driver.Validator).IsValid()
}
