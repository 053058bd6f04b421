package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/respond"
)

// A Route is a pattern of [http.ServeMux] and what answers it.
type Route struct {
	Pattern string
	Handle  HandlerFunc
	Around  func(http.Handler) http.Handler // a middleware; nil is none
}

// Handler returns what answers the route, with its middleware around it; see
// [Handler].
func (rt Route) Handler(log *slog.Logger) http.Handler {
	h := Handler(log, rt.Handle)
	if rt.Around != nil {
		h = rt.Around(h)
	}
	return h
}

// A HandlerFunc answers one request. It either writes an answer and returns
// nil, or writes nothing and returns an error, which [Handler] answers. What
// [Write] and the streams of package respond return is answered already.
type HandlerFunc func(http.ResponseWriter, *http.Request) error

// Changed is told what a request has changed, after that was committed. The
// request may have been given up by then.
type Changed func(context.Context, Change)

// A Change is what a request has changed.
type Change struct {
	Products []int64 // that have other figures or sales now
	Orders   bool    // there is a new one
}

// statusClientLeft is nginx's status for a client that left before the answer,
// as package respond has it. Nobody reads it; it keeps such requests apart from
// failures in logs.
const statusClientLeft = 499

// Handler returns an [http.Handler] that answers with handle. An error becomes
// a problem (RFC 9457): a [respond.Problem] is shown to the client as it is;
// anything else is logged and answered with 503 if the database is unavailable
// and 500 if not, in words that tell nothing of the inside. What is answered
// already, a [respond.StreamError] or an error of [Write], is only logged.
func Handler(log *slog.Logger, handle HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := handle(w, r)
		if err == nil {
			return
		}
		var problem respond.Problem
		var streamed *respond.StreamError
		var answered answeredError
		left := errors.Is(r.Context().Err(), context.Canceled)
		switch {
		case errors.As(err, &problem):
			respond.Error(w, r, problem)
		case errors.As(err, &streamed), errors.As(err, &answered):
			if !left {
				log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "error", err)
			}
		case left:
			w.WriteHeader(statusClientLeft)
		case data.Unavailable(err):
			log.ErrorContext(r.Context(), "database unavailable", "route", r.Pattern, "error", err)
			w.Header().Set("Retry-After", "1")
			respond.Error(w, r, respond.Problemf(http.StatusServiceUnavailable, "the shop is busy, try again in a moment"))
		default:
			log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "error", err)
			respond.Error(w, r, respond.Problemf(http.StatusInternalServerError, "something went wrong on our side"))
		}
	})
}
