package measure

import (
	"cmp"
	"net/http"
	"runtime/pprof"
	"time"

	"github.com/hone-go/hone/internal/responsewriter"
)

// A router is an [http.ServeMux] or anything else that can be asked.
type router interface {
	Handler(*http.Request) (http.Handler, string)
}

// Handler returns a handler that measures next. It belongs outside everything
// whose time or refusals should count. It changes nothing about the response
// but the headers that [Config] asks for, and [http.ResponseController] works
// through it.
//
// A request's time ends when next returns; that of a hijacked connection too.
// A panic is counted as a 500 and goes on with its stack, as does
// [http.ErrAbortHandler]. A request whose context was canceled before next
// returned is counted as canceled whatever its status, a panic included:
// a proxy aborts the handler when its client has left. It allocates once.
func (r *Recorder) Handler(next http.Handler) http.Handler {
	h := &handler{rec: r, next: next}
	if m, ok := next.(router); ok {
		h.router = m
	}
	return h
}

type handler struct {
	rec    *Recorder
	next   http.Handler
	router router // next, if it can tell routes, or nil
}

// An exchange is a request and the copy of its http.Request that carries its
// context, in one allocation.
type exchange struct {
	request
	inner http.Request
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	cfg := &h.rec.cfg
	e := new(exchange)
	q := &e.request
	q.open(h.rec, r.Context(), methodOf(r.Method), now)
	q.queued = queuedFor(r.Header, now)
	if id := r.Header["X-Request-Id"]; len(id) > 0 && saneID(id[0]) {
		q.mu.id = id[0] // nobody else has q yet
	}
	var hook responsewriter.Hook
	if cfg.ServerTiming {
		hook = (*timingHook)(q)
	}
	q.writer.Init(w, hook)
	if cfg.EchoRequestID {
		w.Header().Set("X-Request-Id", q.requestID())
	}
	known := ""
	if cfg.ProfileLabels {
		known = h.routeBefore(r)
		q.label(r.Context(), known)
		defer pprof.SetGoroutineLabels(r.Context())
	}
	e.inner = *r.WithContext(q) // the compiler keeps the copy on the stack
	defer h.finish(q, &e.inner, known)
	h.next.ServeHTTP(&q.writer, &e.inner)
	q.returned = true
}

// finish ends q. It is deferred, and does not recover: a panic keeps its stack,
// and runtime.Goexit is noticed as well.
func (h *handler) finish(q *request, r *http.Request, known string) {
	now := q.now()
	if q.returned {
		q.writer.Finish()
	}
	o := q.outcome(r.Method)
	if o.route = q.routeOr(""); o.route == "" {
		o.route = cleanName(h.routeAfter(r, known))
	}
	q.end(now, o)
}

// routeAfter returns the route of a request that has been served, if known says
// what was known before.
func (h *handler) routeAfter(r *http.Request, known string) string {
	route := ""
	if h.rec.cfg.Route != nil {
		route = h.rec.cfg.Route(r)
	}
	return cmp.Or(route, routeOf(r.Pattern), known, RouteUnmatched)
}

// outcome says how the handler left.
func (q *request) outcome(method string) outcome {
	o := outcome{status: q.writer.Status(), bytes: q.writer.Bytes(), canceled: hungUp(q)}
	if method == http.MethodHead {
		o.bytes = 0 // the server drops them
	}
	switch {
	case o.canceled && (o.status == 0 || !q.returned):
		o.status = statusClientClosed
	case !q.returned:
		o.status = http.StatusInternalServerError
	case o.status == 0:
		o.status = http.StatusSwitchingProtocols // hijacked
	}
	return o
}

// routeBefore returns the route of a request that is yet to be served, or "".
func (h *handler) routeBefore(r *http.Request) string {
	if h.router != nil {
		if _, pattern := h.router.Handler(r); pattern != "" {
			return routeOf(pattern)
		}
	}
	if h.rec.cfg.Route != nil {
		return h.rec.cfg.Route(r)
	}
	return ""
}
