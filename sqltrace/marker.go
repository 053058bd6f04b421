package sqltrace

import (
	"context"
	"sync/atomic"
)

// A marker travels in the context of one Connect call, from the connector that
// wraps a driver down to a tracer that the driver itself may carry.
type marker struct{ set atomic.Bool }

type markerKey struct{}

// withMarker returns a context that carries a new marker.
func withMarker(ctx context.Context) (context.Context, *marker) {
	m := new(marker)
	return context.WithValue(ctx, markerKey{}, m), m
}

// traced reports whether [Tracer.MarkTraced] has seen the marker.
func (m *marker) traced() bool { return m.set.Load() }

// MarkTraced tells a [Tracer.Connector] further up that the connection being
// opened with ctx already reports its statements, so that they are not counted
// twice. It is for tracers that live inside a driver, such as pgxtrace, which
// call it while connecting or acquiring; anywhere else it does nothing. The
// mark holds whichever Tracer sets it: a request has one ledger.
func (t *Tracer) MarkTraced(ctx context.Context) {
	if m, ok := ctx.Value(markerKey{}).(*marker); ok {
		m.set.Store(true)
	}
}
