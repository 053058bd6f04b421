package measure

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/internal/responsewriter"
)

// A request is all that is kept per request, in one allocation: it is the
// request's context, its ledger and its response writer. It is never reused,
// because contexts outlive requests.
type request struct {
	ledger.Ledger
	writer responsewriter.Writer

	rec      *Recorder
	method   string
	labels   *profileLabels // or nil
	queued   time.Duration  // time in queues before this process, 0 if not known
	returned bool           // the handler came back, rather than panicked
	ended    atomic.Bool

	mu struct {
		sync.Mutex
		route string // "" until set
		id    string // "" until asked for, unless it came with the request
	}
}

type requestKey struct{}

// requestFrom returns the request that ctx belongs to, or nil.
func requestFrom(ctx context.Context) *request {
	q, _ := ctx.Value(requestKey{}).(*request)
	return q
}

// open readies q, for a request that starts now.
func (q *request) open(r *Recorder, parent context.Context, method string, now time.Time) {
	q.Open(parent, now)
	q.RecordSpans(q)
	q.rec = r
	q.method = method
	if method != MethodJob {
		r.inFlight.add(rand.Uint32(), 1)
	}
}

// Value answers for the request, its ledger, and, after those that came before,
// its profile labels.
func (q *request) Value(k any) any {
	if k == (requestKey{}) {
		return q
	}
	v := q.Ledger.Value(k)
	if v == nil && q.labels != nil {
		return q.labels.Value(k)
	}
	return v
}

// now returns the time, which must not be before the start. It costs half of
// time.Now, because it reads the monotonic clock only.
func (q *request) now() time.Time { return q.Start().Add(time.Since(q.Start())) }

// end closes the account. Only the first call has an effect.
func (q *request) end(now time.Time, o outcome) {
	if q.ended.Swap(true) {
		return
	}
	if q.method != MethodJob {
		q.rec.inFlight.add(rand.Uint32(), -1)
	}
	s := ledger.Summary{
		Route:    o.route,
		Method:   q.method,
		Status:   o.status,
		Canceled: o.canceled,
		Elapsed:  now.Sub(q.Start()),
		Bytes:    q.plainBytes(o),
	}
	s.SQL = q.Ledger.End(now, s)
	q.rec.count(now, s, o, q.queued)
	q.log(s, o)
}

// plainBytes returns how much was answered, and 0 where the bytes do not tell.
func (q *request) plainBytes(o outcome) int64 {
	if o.bytes == 0 {
		return 0
	}
	if _, encoded := q.writer.Header()["Content-Encoding"]; encoded {
		return 0
	}
	return o.bytes
}

func (q *request) setRoute(route string) {
	route = cleanName(route)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.route = route
}

// routeOr returns the route that was set, or else that one.
func (q *request) routeOr(fallback string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mu.route == "" {
		return fallback
	}
	return q.mu.route
}
