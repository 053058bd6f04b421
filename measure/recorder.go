package measure

import (
	"context"
	"errors"
	"net/http"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// maxSpanNames bounds the names of external services. Not fewer: a service
// that talks to more than 64 others has other worries. Not more: each takes
// 8 KiB, and names made from data should be noticed as "other".
const maxSpanNames = 64

// A Recorder measures requests and jobs. It is safe for concurrent use, needs
// no closing, and is made by [New]. To start afresh make another.
type Recorder struct {
	cfg    Config
	start  time.Time
	series lookup[key, *series]
	spans  lookup[string, *spanSeries]
	labels lookup[labelKey, *profileLabels]

	_        cacheLine // what is above is only read
	inFlight gauge
	logged   atomic.Uint64 // requests that sampling decides about
}

type key struct{ route, method, class string }

type series struct {
	key
	window
	queue atomic.Pointer[window] // nil until a request says when it was queued
}

type spanSeries struct {
	name string
	window
}

// New returns a Recorder that counts from now. An error lists everything that
// is wrong with the Config.
func New(cfg Config) (*Recorder, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	r := &Recorder{cfg: cfg, start: time.Now()}
	r.series.limit = cfg.MaxSeries
	r.series.overflow = func(k key) key { return key{RouteOther, MethodOther, k.class} }
	r.series.make = func(k key) (key, *series) {
		k.route = strings.Clone(k.route)
		return k, &series{key: k}
	}
	r.spans.limit = maxSpanNames
	r.spans.overflow = func(string) string { return RouteOther }
	r.spans.make = func(name string) (string, *spanSeries) {
		name = strings.Clone(name)
		return name, &spanSeries{name: name}
	}
	r.labels.limit = cfg.MaxSeries
	r.labels.overflow = func(labelKey) labelKey { return labelKey{RouteOther, MethodOther} }
	r.labels.make = newLabels
	return r, nil
}

// An Operation says what is about to be measured.
type Operation struct {
	// Method is the HTTP method. Empty means [MethodJob]: not a request.
	Method string
	// Route names the series: the pattern that matched, or the name of the
	// job; never anything that clients choose. Empty means [RouteUnmatched],
	// unless [SetRoute] is called before the end.
	Route string
}

// Begin starts to measure an operation that does not arrive through net/http.
// The caller passes [Running.Context] to whatever does the work, and must call
// [Running.End]. It allocates once. Inside another operation it is accounted
// for on its own, SQL included.
func (r *Recorder) Begin(ctx context.Context, op Operation) Running {
	method := MethodJob
	if op.Method != "" && op.Method != MethodJob {
		method = methodOf(op.Method)
	}
	q := &request{}
	q.open(r, ctx, method, time.Now())
	q.setRoute(op.Route)
	return Running{q}
}

// Running is an operation under way. It is made by [Recorder.Begin]. It is
// safe for concurrent use.
type Running struct{ q *request }

// Context returns the operation's context, which collects what it spends.
func (o Running) Context() context.Context { return o.q }

// End ends the operation with an HTTP status. Only the first call counts. If
// the context given to Begin was canceled, it is counted as canceled.
func (o Running) End(status int) {
	o.q.end(o.q.now(), outcome{route: o.q.routeOr(RouteUnmatched), status: status, canceled: hungUp(o.q)})
}

// Do measures f under the route name and the method [MethodJob], and returns
// its error. A job has no status: no error counts as 200, an error as 500, and
// [context.Canceled] after ctx was canceled as canceled. A panic counts as 500
// and goes on. It allocates once. Inside a request it is accounted for on its
// own, SQL included.
func (r *Recorder) Do(ctx context.Context, name string, f func(context.Context) error) error {
	q := &request{}
	q.open(r, ctx, MethodJob, time.Now())
	q.setRoute(name)
	if r.cfg.ProfileLabels {
		q.label(ctx, name)
		defer pprof.SetGoroutineLabels(ctx)
	}
	o := outcome{status: http.StatusInternalServerError} // for a panic
	defer func() {
		o.route = q.routeOr(RouteUnmatched)
		q.end(q.now(), o)
	}()
	err := f(q)
	switch {
	case err == nil:
		o.status = http.StatusOK
	case errors.Is(err, context.Canceled) && hungUp(ctx):
		o.status, o.canceled = statusClientClosed, true
	}
	return err
}

// An outcome is how a request ended.
type outcome struct {
	route    string
	status   int
	canceled bool
	bytes    int64
}

// count files a request that has ended.
func (r *Recorder) count(now time.Time, s ledger.Summary, o outcome, queued time.Duration) {
	series := r.series.at(key{s.Route, s.Method, classOf(s.Status, s.Canceled)})
	age := now.Sub(r.start)
	series.record(age, s.Elapsed, sums{
		bytes:      o.bytes,
		statements: int64(s.SQL.Statements),
		rows:       s.SQL.Rows,
		sqlTime:    s.SQL.Time,
		sqlWait:    s.SQL.Wait,
	})
	if queued > 0 {
		series.queueWindow().record(age, queued, sums{})
	}
}

// queueWindow returns the account of queue times, made on first use: most
// services have no proxy that tells them.
func (s *series) queueWindow() *window {
	if w := s.queue.Load(); w != nil {
		return w
	}
	s.queue.CompareAndSwap(nil, new(window))
	return s.queue.Load()
}
