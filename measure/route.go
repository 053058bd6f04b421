package measure

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"
)

const (
	// RouteUnmatched is the route of requests that no pattern matched.
	RouteUnmatched = "unmatched"
	// RouteOther is the route of requests beyond [Config.MaxSeries].
	RouteOther = "other"
	// MethodJob is the method of work that is not a request.
	MethodJob = "job"
	// MethodOther is the method of requests with an unknown one.
	MethodOther = "other"
	// ClassCanceled is the status class of requests whose client left first.
	ClassCanceled = "canceled"
)

// statusClientClosed is what nginx and others log for a client that left
// before there was a status.
const statusClientClosed = 499

// maxNameBytes bounds routes and span names, which exporters repeat in every
// scrape. Longer patterns do not occur; longer junk does.
const maxNameBytes = 256

// SetRoute names the series of the request that ctx belongs to. A router calls
// it where the request it matched is not the one that [Recorder.Handler]
// passed on, so that the pattern would be lost: because a middleware in between
// replaced the request, say. A method part ("GET /orders") is dropped. The last
// call wins. Without a request in ctx it does nothing.
func SetRoute(ctx context.Context, route string) {
	if q := requestFrom(ctx); q != nil {
		q.setRoute(routeOf(route))
	}
}

// Matched wraps an [http.ServeMux] that has middlewares between it and
// [Recorder.Handler] which replace the request, and calls [SetRoute] with the
// pattern it matched.
func Matched(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if r.Pattern != "" {
				SetRoute(r.Context(), r.Pattern)
			}
		}()
		mux.ServeHTTP(w, r)
	})
}

// routeOf returns a ServeMux pattern without its method.
func routeOf(pattern string) string {
	for i := range len(pattern) {
		switch pattern[i] {
		case ' ', '\t':
			return strings.TrimLeft(pattern[i+1:], " \t")
		case '/':
			return pattern // a space behind it is not a method's
		}
	}
	return pattern
}

// cleanName makes a name fit to be a label: an invalid one would make a whole
// Prometheus scrape fail. It allocates only if there is something to mend.
func cleanName(s string) string {
	if len(s) > maxNameBytes {
		s = s[:maxNameBytes]
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "�")
	}
	return s
}

// methodOf returns m if it is a known method, so that clients cannot make up
// series. A client's "job" is not one.
func methodOf(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return m
	case "":
		return http.MethodGet
	}
	return MethodOther
}

func classOf(status int, canceled bool) string {
	switch {
	case canceled:
		return ClassCanceled
	case status < 200:
		return "1xx"
	case status < 300:
		return "2xx"
	case status < 400:
		return "3xx"
	case status < 500:
		return "4xx"
	}
	return "5xx"
}

// hungUp reports whether ctx was canceled, as the server does when the client
// leaves; a deadline is the service's own doing.
func hungUp(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }
