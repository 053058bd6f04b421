package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/respond"
)

// serve answers one request with handle and returns what was logged.
func serve(handle api.HandlerFunc) (*httptest.ResponseRecorder, string) {
	var log bytes.Buffer
	w := httptest.NewRecorder()
	api.Handler(slog.New(slog.NewTextHandler(&log, nil)), handle).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w, log.String()
}

func TestHandlerAnswersErrors(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		body   string
		logged bool
	}{
		{api.BadRequest("no %s", "good"), 400, `{"title":"Bad Request","status":400,"detail":"no good"}`, false},
		{api.NotFound("gone"), 404, `{"title":"Not Found","status":404,"detail":"gone"}`, false},
		{api.Conflict("not now"), 409, `{"title":"Conflict","status":409,"detail":"not now"}`, false},
		{api.Invalid("never"), 422, `{"title":"Unprocessable Entity","status":422,"detail":"never"}`, false},
		{fmt.Errorf("reading: %w", api.NotFound("gone")), 404, `{"title":"Not Found","status":404,"detail":"gone"}`, false},
		{errors.New("secret"), 500, `{"title":"Internal Server Error","status":500,"detail":"something went wrong on our side"}`, true},
		{fmt.Errorf("secret: %w", context.DeadlineExceeded), 503, `{"title":"Service Unavailable","status":503,"detail":"the shop is busy, try again in a moment"}`, true},
	} {
		w, log := serve(func(http.ResponseWriter, *http.Request) error { return test.err })
		if w.Code != test.status || strings.TrimSpace(w.Body.String()) != test.body || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("answer to %q = %d %s %s, want a problem, %d %s", test.err, w.Code, w.Header(), w.Body, test.status, test.body)
		}
		if got := strings.Contains(log, test.err.Error()); got != test.logged {
			t.Errorf("%q logged: %t, want %t", test.err, got, test.logged)
		}
	}
}

// A value that cannot be JSON is noticed before the status is sent.
func TestWriteFails(t *testing.T) {
	w, log := serve(func(w http.ResponseWriter, r *http.Request) error {
		return api.Write(w, r, http.StatusOK, func() {})
	})
	if w.Code != http.StatusInternalServerError || strings.Count(w.Body.String(), "{") != 1 || !strings.Contains(log, "unsupported type") {
		t.Errorf("answer = %d %s, log %q, want one object with 500, and the reason logged", w.Code, w.Body, log)
	}
}

// What a stream has answered itself is logged, and answered once.
func TestStreamedErrorIsAnswered(t *testing.T) {
	w, log := serve(func(w http.ResponseWriter, r *http.Request) error {
		err := &respond.StreamError{Err: errors.New("disk on fire")}
		respond.Error(w, r, err)
		return fmt.Errorf("export: %w", err)
	})
	if w.Code != http.StatusInternalServerError || strings.Count(w.Body.String(), "{") != 1 || !strings.Contains(log, "disk on fire") {
		t.Errorf("answer = %d %s, log %q, want one object with 500, and the cause logged", w.Code, w.Body, log)
	}
}
