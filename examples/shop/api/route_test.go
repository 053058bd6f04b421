package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/examples/shop/api"
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
		{api.BadRequest("no %s", "good"), 400, `{"error":"no good"}`, false},
		{api.NotFound("gone"), 404, `{"error":"gone"}`, false},
		{api.Conflict("not now"), 409, `{"error":"not now"}`, false},
		{api.Invalid("never"), 422, `{"error":"never"}`, false},
		{fmt.Errorf("reading: %w", api.NotFound("gone")), 404, `{"error":"gone"}`, false},
		{errors.New("secret"), 500, `{"error":"something went wrong on our side"}`, true},
		{fmt.Errorf("secret: %w", context.DeadlineExceeded), 503, `{"error":"the shop is busy, try again in a moment"}`, true},
	} {
		w, log := serve(func(http.ResponseWriter, *http.Request) error { return test.err })
		if w.Code != test.status || strings.TrimSpace(w.Body.String()) != test.body {
			t.Errorf("answer to %q = %d %s, want %d %s", test.err, w.Code, w.Body, test.status, test.body)
		}
		if got := strings.Contains(log, test.err.Error()); got != test.logged {
			t.Errorf("%q logged: %t, want %t", test.err, got, test.logged)
		}
	}
}

// A value that cannot be JSON is noticed before the status is sent.
func TestWriteFails(t *testing.T) {
	w, log := serve(func(w http.ResponseWriter, _ *http.Request) error {
		return api.Write(w, http.StatusOK, func() {})
	})
	if w.Code != http.StatusInternalServerError || !strings.Contains(log, "unsupported type") {
		t.Errorf("answer = %d, log %q, want 500 and the reason logged", w.Code, log)
	}
}

// A client must not take half an answer for a whole one.
func TestTruncatedAnswerIsCut(t *testing.T) {
	var log bytes.Buffer
	server := httptest.NewServer(api.Handler(slog.New(slog.NewTextHandler(&log, nil)),
		func(w http.ResponseWriter, r *http.Request) error {
			if _, err := io.WriteString(w, "one,two\n"); err != nil {
				return err
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				return err
			}
			return fmt.Errorf("export: %w", &api.TruncatedError{Cause: errors.New("disk on fire")})
		}))
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	server.Close() // the handler is done then, and so is the log
	if !errors.Is(err, io.ErrUnexpectedEOF) || string(body) != "one,two\n" {
		t.Errorf("body = %q, %v, want a part and io.ErrUnexpectedEOF", body, err)
	}
	if !strings.Contains(log.String(), "disk on fire") {
		t.Errorf("log = %s, want the cause", log.String())
	}
}
