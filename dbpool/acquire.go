package dbpool

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hone-go/hone/internal/ledger"
)

// ErrAcquireTimeout is matched by the error of whatever needed a connection
// and got none within Config.AcquireTimeout. Nothing was sent to the server:
// it is safe to try again, and 503 with Retry-After is the right answer of a
// service. The error also matches [context.DeadlineExceeded]; when the
// caller's own context ended first, only the context's error is returned.
var ErrAcquireTimeout = errors.New("dbpool: no connection in time")

// acquireTimeout is the error that matches it.
type acquireTimeout struct {
	timeout time.Duration
	most    int
}

func (e *acquireTimeout) Error() string {
	return fmt.Sprintf("%v: waited %v for one of %d: the pool is busy or the server slow to connect",
		ErrAcquireTimeout, e.timeout, e.most)
}

func (e *acquireTimeout) Is(target error) bool {
	return target == ErrAcquireTimeout || target == context.DeadlineExceeded
}

// Timeout makes it a timeout as package net has them.
func (e *acquireTimeout) Timeout() bool { return true }

// acquireTracer bounds and accounts for each acquisition of a pgxpool. It
// passes everything on to the tracer that was there before.
type acquireTracer struct {
	*multitracer.Tracer

	timeout *acquireTimeout              // nil if only the caller's context bounds the wait
	pool    atomic.Pointer[pgxpool.Pool] // the pool traced, from its first acquisition on
}

var _ pgxpool.AcquireTracer = (*acquireTracer)(nil)

// newAcquireTracer returns a tracer around before, which may be nil.
func newAcquireTracer(before pgx.QueryTracer, cfg Config) *acquireTracer {
	inner := cfg.Watch.watchers(cfg.Pooler)
	if before != nil {
		inner = append(inner, before)
	}
	t := &acquireTracer{Tracer: multitracer.New(inner...)}
	if cfg.AcquireTimeout > 0 {
		t.timeout = &acquireTimeout{cfg.AcquireTimeout, cfg.Size + cfg.Overflow}
	}
	return t
}

// acquisition is the context of one call to Acquire.
type acquisition struct {
	context.Context

	start   time.Time
	caller  context.Context // without our deadline and with the request's ledger
	timeout *acquireTimeout
	cancel  context.CancelFunc

	// hidden is the account that the other tracers write to while the
	// connection is found: one that counts the wait, as sqltrace/pgxtrace
	// does, would count it twice, and the check of an idle connection is part
	// of the wait, not a statement of the request.
	hidden ledger.Ledger
}

type acquisitionKey struct{}

// Value answers for the acquisition itself and asks the parent for the rest.
func (a *acquisition) Value(key any) any {
	if key == (acquisitionKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// Err is what the pool returns when the wait is over. If it is over for our
// deadline and not the caller's, it says so.
func (a *acquisition) Err() error {
	err := a.Context.Err()
	if err != nil && a.timeout != nil && a.caller.Err() == nil {
		return a.timeout
	}
	return err
}

// TraceAcquireStart begins the wait. pgxpool waits with the context returned,
// and uses it for nothing else.
func (t *acquireTracer) TraceAcquireStart(ctx context.Context, pool *pgxpool.Pool, data pgxpool.TraceAcquireStartData) context.Context {
	if t.pool.Load() == nil {
		t.pool.Store(pool)
	}
	a := &acquisition{start: time.Now(), caller: ctx, timeout: t.timeout, cancel: func() {}}
	a.hidden.Open(ctx, a.start)
	a.Context = &a.hidden
	if a.timeout != nil {
		a.Context, a.cancel = context.WithDeadline(a.Context, a.start.Add(a.timeout.timeout))
	}
	return t.Tracer.TraceAcquireStart(a, pool, data)
}

// TraceAcquireEnd adds the wait to the request, whether it succeeded or not.
func (t *acquireTracer) TraceAcquireEnd(ctx context.Context, pool *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	t.Tracer.TraceAcquireEnd(ctx, pool, data)
	a, _ := ctx.Value(acquisitionKey{}).(*acquisition)
	if a == nil {
		return // a tracer before us returned a context of its own
	}
	if l := ledger.From(a.caller); l != nil {
		l.AddWait(time.Since(a.start))
	}
	a.cancel()
}
