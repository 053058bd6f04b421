package sqltrace

//lint:file-ignore SA1019 the old forms are all that some drivers have

import (
	"context"
	"database/sql/driver"
	"errors"
)

// The functions in this file do for a driver that lacks a method what
// database/sql would do in its place: the same calls, checks and words.

func prepareContext(ctx context.Context, base driver.Conn, query string) (driver.Stmt, error) {
	if p, ok := base.(driver.ConnPrepareContext); ok {
		return p.PrepareContext(ctx, query)
	}
	st, err := base.Prepare(query)
	if err != nil {
		return st, err
	}
	if err := canceled(ctx); err != nil {
		_ = st.Close() // the caller is told of the cancellation
		return nil, err
	}
	return st, nil
}

// beginTx refuses the options that a plain Begin cannot honour. Dropping them
// would run the transaction at another isolation level than was asked for.
func beginTx(ctx context.Context, base driver.Conn, opts driver.TxOptions) (driver.Tx, error) {
	if b, ok := base.(driver.ConnBeginTx); ok {
		return b.BeginTx(ctx, opts)
	}
	if opts.Isolation != 0 {
		return nil, errors.New("sql: driver does not support non-default isolation level")
	}
	if opts.ReadOnly {
		return nil, errors.New("sql: driver does not support read-only transactions")
	}
	tx, err := base.Begin()
	if err != nil {
		return tx, err
	}
	if err := canceled(ctx); err != nil {
		_ = tx.Rollback() // the caller is told of the cancellation
		return nil, err
	}
	return tx, nil
}

func execDirect(ctx context.Context, base driver.Conn, query string, args []driver.NamedValue) (driver.Result, error) {
	if e, ok := base.(driver.ExecerContext); ok {
		return e.ExecContext(ctx, query, args)
	}
	values, err := positional(ctx, args)
	if err != nil {
		return nil, err
	}
	return base.(driver.Execer).Exec(query, values)
}

func queryDirect(ctx context.Context, base driver.Conn, query string, args []driver.NamedValue) (driver.Rows, error) {
	if q, ok := base.(driver.QueryerContext); ok {
		return q.QueryContext(ctx, query, args)
	}
	values, err := positional(ctx, args)
	if err != nil {
		return nil, err
	}
	return base.(driver.Queryer).Query(query, values)
}

func execStmt(ctx context.Context, base driver.Stmt, args []driver.NamedValue) (driver.Result, error) {
	if e, ok := base.(driver.StmtExecContext); ok {
		return e.ExecContext(ctx, args)
	}
	values, err := positional(ctx, args)
	if err != nil {
		return nil, err
	}
	return base.Exec(values)
}

func queryStmt(ctx context.Context, base driver.Stmt, args []driver.NamedValue) (driver.Rows, error) {
	if q, ok := base.(driver.StmtQueryContext); ok {
		return q.QueryContext(ctx, args)
	}
	values, err := positional(ctx, args)
	if err != nil {
		return nil, err
	}
	return base.Query(values)
}

// positional returns args for a call that knows neither names nor contexts.
func positional(ctx context.Context, args []driver.NamedValue) ([]driver.Value, error) {
	values := make([]driver.Value, len(args))
	for i, arg := range args {
		if arg.Name != "" {
			return nil, errors.New("sql: driver does not support the use of Named Parameters")
		}
		values[i] = arg.Value
	}
	return values, canceled(ctx)
}

// canceled returns ctx's error if its Done channel is closed. It is not
// ctx.Err(): database/sql asks the channel, and a context may answer the two
// differently.
func canceled(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	default:
		return nil
	}
}
