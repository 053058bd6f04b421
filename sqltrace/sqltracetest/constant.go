package sqltracetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

// The sizes at which Constant looks. Not 1 and 2: a list of one often takes
// another path. Not larger: the difference between 2 and 10 shows in the
// number of statements whatever else they do, and filling tables takes time.
const (
	smallSize = 2
	largeSize = 10
)

// Constant checks that handle sends as many statements for much data as for
// little. It calls populate with 2, so that what handle lists has two items,
// then handle, then populate with 10, and handle again, and fails the test if
// a line sends a statement more often the second time, naming both. populate
// gets the total: it may add to what it made before, or start afresh. The
// statements of populate do not count, as it has no context of a request.
//
// Where handle answers HTTP requests, [Serve] makes it. A run that sends
// nothing at all fails too: then handle has not used its context, or its
// database is not traced.
func Constant(tb testing.TB, populate func(n int), handle func(ctx context.Context)) {
	tb.Helper()
	populate(smallSize)
	small := run(tb, handle)
	populate(largeSize)
	large := run(tb, handle)
	if small.total == 0 || large.total == 0 {
		tb.Errorf("%d statements were seen for %d items and %d for %d, want some: is the database traced, and the context passed on?",
			small.total, smallSize, large.total, largeSize)
		return
	}
	if large.total <= small.total {
		return
	}
	var grown account
	for _, l := range large.sent {
		if l.count > small.count(l) {
			grown.sent = append(grown.sent, l)
		}
	}
	tb.Errorf("%d statements were sent for %d items and %d for %d, want as many; those that grew:%s",
		small.total, smallSize, large.total, largeSize, &grown)
}

// Serve returns a function for [MaxQueries] and [Constant] that has h answer a
// request made by newRequest, which is called each time. The test fails if the
// answer's status is 400 or above: a page of errors sends few statements.
func Serve(tb testing.TB, h http.Handler, newRequest func() *http.Request) func(ctx context.Context) {
	return func(ctx context.Context) {
		tb.Helper()
		req := newRequest()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req.WithContext(ctx))
		if w.Code >= http.StatusBadRequest {
			tb.Errorf("%s %s answered %d, want success", req.Method, req.URL, w.Code)
		}
	}
}
