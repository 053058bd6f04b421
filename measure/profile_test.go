package measure_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/hone-go/hone/measure"
)

// goroutineLabels returns the labels that the profiler sees on the goroutine
// that calls it, as the profile prints them.
func goroutineLabels(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		t.Fatal(err)
	}
	for entry := range strings.SplitSeq(b.String(), "\n\n") {
		if !strings.Contains(entry, "measure_test.goroutineLabels") {
			continue
		}
		for line := range strings.SplitSeq(entry, "\n") {
			if labels, ok := strings.CutPrefix(line, "# labels: "); ok {
				return strings.TrimSuffix(labels, "{}") // none, as an empty set
			}
		}
	}
	return ""
}

func TestProfileLabels(t *testing.T) {
	const order = `{"method":"GET", "route":"/api/orders/{id}"}`
	var inside, nested, spawned string
	look := func(_ http.ResponseWriter, r *http.Request) {
		inside = goroutineLabels(t)
		pprof.Do(r.Context(), pprof.Labels("step", "render"), func(context.Context) { nested = goroutineLabels(t) })
		done := make(chan struct{})
		go func() {
			defer close(done)
			spawned = goroutineLabels(t)
		}()
		<-done
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/orders/{id}", look)
	hooked := measure.Config{ProfileLabels: true, Route: func(*http.Request) string { return "/hooked" }}
	outer := pprof.WithLabels(t.Context(), pprof.Labels("tenant", "timber", "route", "outer"))
	tests := []struct {
		name   string
		cfg    measure.Config
		next   http.Handler
		ctx    context.Context //nolint:containedctx // a test's table
		target string
		inside string
		nested string
	}{
		{"off", measure.Config{}, mux, t.Context(), "/api/orders/1", "", `{"step":"render"}`},
		{
			"mux",
			measure.Config{ProfileLabels: true},
			mux, t.Context(), "/api/orders/1",
			order, `{"method":"GET", "route":"/api/orders/{id}", "step":"render"}`,
		},
		{
			"hook", hooked, http.HandlerFunc(look), t.Context(), "/x",
			`{"method":"GET", "route":"/hooked"}`, `{"method":"GET", "route":"/hooked", "step":"render"}`,
		},
		{
			"not known",
			measure.Config{ProfileLabels: true},
			http.HandlerFunc(look), t.Context(), "/x",
			`{"method":"GET", "route":"unmatched"}`, `{"method":"GET", "route":"unmatched", "step":"render"}`,
		},
		{
			"merged with the parent's",
			measure.Config{ProfileLabels: true},
			mux, outer, "/api/orders/1",
			`{"method":"GET", "route":"/api/orders/{id}", "tenant":"timber"}`,
			`{"method":"GET", "route":"/api/orders/{id}", "step":"render", "tenant":"timber"}`,
		},
	}
	for _, tt := range tests {
		inside, nested, spawned = "", "", ""
		rec := newRecorder(t, tt.cfg)
		r := httptest.NewRequestWithContext(tt.ctx, "GET", tt.target, http.NoBody)
		pprof.Do(tt.ctx, pprof.Labels(), func(context.Context) {
			before := goroutineLabels(t)
			rec.Handler(tt.next).ServeHTTP(httptest.NewRecorder(), r)
			if got := goroutineLabels(t); got != before {
				t.Errorf("%s: labels after the request = %s, want %s again", tt.name, got, before)
			}
		})
		if inside != tt.inside || nested != tt.nested || spawned != tt.inside {
			t.Errorf("%s: labels inside, in pprof.Do, in a goroutine =\n%s\n%s\n%s\nwant\n%s\n%s\n%s",
				tt.name, inside, nested, spawned, tt.inside, tt.nested, tt.inside)
		}
	}
}

func TestProfileLabelsAfterPanic(t *testing.T) {
	rec := newRecorder(t, measure.Config{ProfileLabels: true})
	func() {
		defer func() { _ = recover() }()
		serve(t, rec.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })), "GET", "/")
	}()
	if got := goroutineLabels(t); got != "" {
		t.Errorf("labels after a panic = %s, want none", got)
	}
}

func TestProfileLabelsOfJob(t *testing.T) {
	rec := newRecorder(t, measure.Config{ProfileLabels: true})
	var inside string
	_ = rec.Do(t.Context(), "nightly", func(context.Context) error {
		inside = goroutineLabels(t)
		return nil
	})
	if got, want := inside, `{"method":"job", "route":"nightly"}`; got != want {
		t.Errorf("labels in a job = %s, want %s", got, want)
	}
	if got := goroutineLabels(t); got != "" {
		t.Errorf("labels after a job = %s, want none", got)
	}
}
