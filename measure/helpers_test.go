package measure_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hone-go/hone/measure"
)

func newRecorder(t testing.TB, cfg measure.Config) *measure.Recorder {
	t.Helper()
	rec, err := measure.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func newRequest(t testing.TB, method, path string) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
}

// serve answers one request with h.
func serve(t testing.TB, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, newRequest(t, method, path))
	return w
}

// only returns the one series that there should be.
func only(t testing.TB, rec *measure.Recorder) measure.Series {
	t.Helper()
	s := rec.Snapshot().Series
	if len(s) != 1 {
		t.Fatalf("Snapshot() has %d series %v, want 1", len(s), keys(s))
	}
	return s[0]
}

// keys returns "METHOD route class" of each series.
func keys(series []measure.Series) []string {
	out := make([]string, len(series))
	for i, s := range series {
		out[i] = s.Method + " " + s.Route + " " + s.Class
	}
	return out
}

// cancelable returns a request and what makes its client leave.
func cancelable(t testing.TB) (*http.Request, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return httptest.NewRequestWithContext(ctx, http.MethodGet, "/any", http.NoBody), cancel
}
