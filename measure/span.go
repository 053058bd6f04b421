package measure

import (
	"context"
	"time"
)

// Span starts to time a call to another service on behalf of the request that
// ctx belongs to; name is that service's, and one of a few. [Timer.End] stops
// it. Neither allocates. Without a request in ctx both do nothing.
func Span(ctx context.Context, name string) Timer {
	q := requestFrom(ctx)
	if q == nil {
		return Timer{}
	}
	return Timer{ctx, q, q.rec.spans.at(cleanName(name)), time.Now()}
}

// A Timer is a call under way, made by [Span]. The zero value does nothing.
type Timer struct {
	ctx   context.Context // in a struct, as a Timer is one call, cut in two
	q     *request
	span  *spanSeries
	start time.Time
}

// End counts the call. It must be called once. A call that outlives its
// request is missing in the request's account, but not in the service's.
func (t Timer) End() {
	if t.q == nil {
		return
	}
	now := time.Now()
	d := now.Sub(t.start)
	t.q.AddSpan(t.ctx, t.span.name, d)
	t.span.record(now.Sub(t.q.rec.start), d, sums{})
}

// RecordSpan counts a call that another layer has timed. It implements
// [ledger.SpanRecorder].
func (q *request) RecordSpan(name string, d time.Duration) {
	q.rec.spans.at(cleanName(name)).record(time.Since(q.rec.start), d, sums{})
}
