package pgxtrace

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hone-go/hone/sqltrace"
)

// Tracer is a pgx.QueryTracer and all of pgx's optional tracers. It is safe
// for concurrent use by any number of connections and pools.
type Tracer struct {
	sql   *sqltrace.Tracer
	names names
}

var (
	_ pgx.QueryTracer       = (*Tracer)(nil)
	_ pgx.BatchTracer       = (*Tracer)(nil)
	_ pgx.CopyFromTracer    = (*Tracer)(nil)
	_ pgx.PrepareTracer     = (*Tracer)(nil)
	_ pgx.ConnectTracer     = (*Tracer)(nil)
	_ pgxpool.AcquireTracer = (*Tracer)(nil)
)

// New returns a Tracer that reports to t, which must not be nil. It speaks
// PostgreSQL whatever t's dialect is.
func New(t *sqltrace.Tracer) *Tracer {
	return &Tracer{sql: t.For(sqltrace.Postgres)}
}

// statement is the context of one call to pgx, and holds what its end needs: a
// single allocation for both.
type statement struct {
	context.Context
	sqltrace.Statement
	rows int64 // of a batch, so far
}

type statementKey struct{}

// Value answers for the statement itself and asks the parent for the rest.
func (s *statement) Value(key any) any {
	if key == (statementKey{}) {
		return s
	}
	return s.Context.Value(key)
}

func current(ctx context.Context) *statement {
	s, _ := ctx.Value(statementKey{}).(*statement)
	return s
}

// TraceQueryStart begins a statement. Cost: one allocation.
func (t *Tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	sql := t.names.text(data.SQL)
	args, named := arguments(data.Args)
	s := &statement{Context: ctx}
	if named != nil {
		s.Statement = t.sql.BeginNamed(ctx, sql, named)
	} else {
		s.Statement = t.sql.Begin(ctx, sql, args)
	}
	return s
}

// TraceQueryEnd ends it. pgx calls it when the rows are closed, with the number
// of rows that were returned or affected.
func (t *Tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if s := current(ctx); s != nil {
		s.End(data.CommandTag.RowsAffected(), data.Err)
	}
}

// TraceBatchStart begins one statement for the whole batch, which is one round
// trip.
func (t *Tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	first := ""
	if data.Batch != nil && len(data.Batch.QueuedQueries) > 0 {
		first = t.names.text(data.Batch.QueuedQueries[0].SQL)
	}
	return &statement{Context: ctx, Statement: t.sql.BeginBatch(ctx, first)}
}

// TraceBatchQuery adds the rows of one of the batch's queries.
func (t *Tracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	if s := current(ctx); s != nil {
		s.rows += data.CommandTag.RowsAffected()
	}
}

// TraceBatchEnd ends the batch's statement.
func (t *Tracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	if s := current(ctx); s != nil {
		s.End(s.rows, data.Err)
	}
}

// TraceCopyFromStart begins a statement with the text of the COPY that pgx
// sends.
func (t *Tracer) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	columns := make([]string, len(data.ColumnNames))
	for i, name := range data.ColumnNames {
		columns[i] = pgx.Identifier{name}.Sanitize()
	}
	sql := "COPY " + data.TableName.Sanitize() + " (" + strings.Join(columns, ", ") + ") FROM STDIN"
	return &statement{Context: ctx, Statement: t.sql.Begin(ctx, sql, nil)}
}

// TraceCopyFromEnd ends it.
func (t *Tracer) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromEndData) {
	if s := current(ctx); s != nil {
		s.End(data.CommandTag.RowsAffected(), data.Err)
	}
}

// TracePrepareStart remembers which statement a name stands for. Preparing is
// not itself a statement: pgx does it behind the first execution.
func (t *Tracer) TracePrepareStart(ctx context.Context, _ *pgx.Conn, data pgx.TracePrepareStartData) context.Context {
	t.names.add(data.Name, data.SQL)
	return ctx
}

// TracePrepareEnd does nothing.
func (t *Tracer) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {}

// TraceConnectStart tells a database/sql wrapper that this connection is
// traced already.
func (t *Tracer) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	t.sql.MarkTraced(ctx)
	return ctx
}

// TraceConnectEnd does nothing.
func (t *Tracer) TraceConnectEnd(context.Context, pgx.TraceConnectEndData) {}

// acquisition is the context of one call to Acquire.
type acquisition struct {
	context.Context
	start time.Time
}

type acquisitionKey struct{}

func (a *acquisition) Value(key any) any {
	if key == (acquisitionKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// TraceAcquireStart begins the wait for a pooled connection. For a database/sql
// pool on top of this one it also does what TraceConnectStart does.
func (t *Tracer) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	t.sql.MarkTraced(ctx)
	return &acquisition{Context: ctx, start: time.Now()}
}

// TraceAcquireEnd records how long the wait was, whether it succeeded or not.
func (t *Tracer) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	if a, _ := ctx.Value(acquisitionKey{}).(*acquisition); a != nil {
		t.sql.Wait(ctx, time.Since(a.start))
	}
}
