package measure_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/measure"
)

func shop() *http.ServeMux {
	mux := http.NewServeMux()
	answer := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	mux.HandleFunc("GET /api/orders/{id}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "an order")
	})
	mux.HandleFunc("POST /api/orders", answer(http.StatusCreated))
	mux.HandleFunc("/any", answer(http.StatusNoContent))
	mux.HandleFunc("GET /moved", answer(http.StatusFound))
	mux.HandleFunc("GET /broken", answer(http.StatusBadGateway))
	mux.HandleFunc("GET example.com/host", answer(http.StatusOK))
	mux.HandleFunc("GET /silent", func(http.ResponseWriter, *http.Request) {})
	return mux
}

func TestHandlerSeries(t *testing.T) {
	tests := []struct {
		method, target string
		want           string
		bytes          int64
	}{
		{"GET", "/api/orders/17", "GET /api/orders/{id} 2xx", 8},
		{"HEAD", "/api/orders/17", "HEAD /api/orders/{id} 2xx", 0},
		{"POST", "/api/orders", "POST /api/orders 2xx", 0},
		{"DELETE", "/any", "DELETE /any 2xx", 0},
		{"BREW", "/any", "other /any 2xx", 0},
		{"job", "/any", "other /any 2xx", 0}, // not a job, though a client says so
		{"GET", "/moved", "GET /moved 3xx", 0},
		{"GET", "/broken", "GET /broken 5xx", 0},
		{"GET", "/silent", "GET /silent 2xx", 0},
		{"GET", "http://example.com/host", "GET example.com/host 2xx", 0},
		{"GET", "/nowhere?user=ann", "GET unmatched 4xx", 19},
		{"PUT", "/api/orders", "PUT unmatched 4xx", 19},
	}
	for _, tt := range tests {
		rec := newRecorder(t, measure.Config{})
		serve(t, rec.Handler(shop()), tt.method, tt.target)
		s := only(t, rec)
		if got := keys([]measure.Series{s})[0]; got != tt.want {
			t.Errorf("%s %s is counted as %q, want %q", tt.method, tt.target, got, tt.want)
		}
		if s.Total.Count != 1 || s.Total.Bytes != tt.bytes {
			t.Errorf("%s %s: %d requests, %d bytes, want 1, %d", tt.method, tt.target, s.Total.Count, s.Total.Bytes, tt.bytes)
		}
	}
}

func TestHandlerRouteSources(t *testing.T) {
	hook := func(r *http.Request) string { return r.Header.Get("X-Route") }
	tests := []struct {
		name string
		cfg  measure.Config
		next http.Handler
		want string
	}{
		{"pattern", measure.Config{}, shop(), "/api/orders/{id}"},
		{"pattern lost to a copy", measure.Config{}, copied(shop()), "unmatched"},
		{"pattern behind a copy", measure.Config{}, copied(measure.Matched(shop())), "/api/orders/{id}"},
		{"the mux is asked before", measure.Config{ProfileLabels: true}, asked{copied(shop()), shop()}, "/api/orders/{id}"},
		{"hook goes before pattern", measure.Config{Route: hook}, routed("chi", shop()), "chi"},
		{"hook does not know", measure.Config{Route: hook}, shop(), "/api/orders/{id}"},
		{"SetRoute goes before hook", measure.Config{Route: hook}, routed("chi", setRoute("POST /set")), "/set"},
		{"invalid UTF-8", measure.Config{}, setRoute("/a\xffb"), "/a�b"},
		{"too long", measure.Config{}, setRoute("/" + strings.Repeat("x", 300)), "/" + strings.Repeat("x", 255)},
	}
	for _, tt := range tests {
		rec := newRecorder(t, tt.cfg)
		serve(t, rec.Handler(tt.next), "GET", "/api/orders/1")
		if got := only(t, rec).Route; got != tt.want {
			t.Errorf("%s: route = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// copied passes a copy of the request on, as middlewares do.
func copied(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// asked is a handler that can be asked for a route, though not its own.
type asked struct {
	next http.Handler
	mux  *http.ServeMux
}

func (a asked) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.next.ServeHTTP(w, r) }

func (a asked) Handler(r *http.Request) (http.Handler, string) { return a.mux.Handler(r) }

// routed leaves a route where the hook of the test looks for it.
func routed(route string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		r.Header.Set("X-Route", route)
	})
}

func setRoute(route string) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		measure.SetRoute(r.Context(), route)
	})
}

func TestRouteOf(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"/", "/"},
		{"GET /", "/"},
		{"POST \t /a/{b...}", "/a/{b...}"},
		{"GET example.com/a", "example.com/a"},
		{"example.com/a", "example.com/a"},
		{"/with space", "/with space"},
		{"orders.list", "orders.list"},
	}
	for _, tt := range tests {
		if got := measure.RouteOf(tt.in); got != tt.want {
			t.Errorf("routeOf(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestSetRouteWithoutRequest(t *testing.T) {
	measure.SetRoute(t.Context(), "/x") // must not panic
	if got := measure.RequestID(t.Context()); got != "" {
		t.Errorf("RequestID() without a request = %q, want none", got)
	}
}

func TestMaxSeries(t *testing.T) {
	rec := newRecorder(t, measure.Config{MaxSeries: 3})
	h := rec.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		measure.SetRoute(r.Context(), r.URL.Path)
		w.WriteHeader(200 + 100*(len(r.URL.Path)%4))
	}))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				path := fmt.Sprintf("/%d/%s", g*50+i, strings.Repeat("x", i%4))
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, http.NoBody))
			}
		})
	}
	wg.Wait()
	var own, other int
	var count uint64
	for _, s := range rec.Snapshot().Series {
		count += s.Total.Count
		if s.Route == measure.RouteOther && s.Method == measure.MethodOther {
			other++
		} else {
			own++
		}
	}
	if own != 3 || other > 6 || count != 400 {
		t.Errorf("%d series of their own and %d others count %d requests, want 3, at most 6, 400", own, other, count)
	}
}

func TestAbnormalExit(t *testing.T) {
	boom := errors.New("boom")
	exits := []struct {
		name string
		exit func()
		want any
	}{
		{"panic", func() { panic(boom) }, boom},
		{"ErrAbortHandler", func() { panic(http.ErrAbortHandler) }, http.ErrAbortHandler},
		{"Goexit", runtime.Goexit, nil},
	}
	for _, tt := range exits {
		for _, written := range []bool{false, true} {
			rec := newRecorder(t, measure.Config{ServerTiming: true})
			h := rec.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if written {
					w.WriteHeader(http.StatusOK)
				}
				explode(tt.exit)
			}))
			var got any
			var stack string
			var wg sync.WaitGroup
			wg.Go(func() {
				defer func() {
					if got = recover(); got != nil {
						stack = string(debug.Stack())
					}
				}()
				serve(t, h, "GET", "/")
			})
			wg.Wait()
			if got != tt.want {
				t.Errorf("%s: recovered %v outside the middleware, want %v", tt.name, got, tt.want)
			}
			if got != nil && !strings.Contains(stack, "measure_test.explode") {
				t.Errorf("%s: the stack does not show the handler:\n%s", tt.name, stack)
			}
			if s := only(t, rec); s.Class != "5xx" {
				t.Errorf("%s, header written %t: class = %q, want 5xx", tt.name, written, s.Class)
			}
			if n := rec.Snapshot().InFlight; n != 0 {
				t.Errorf("%s: in flight = %d, want 0", tt.name, n)
			}
		}
	}
}

//go:noinline
func explode(f func()) { f() }

func TestCanceledIsApart(t *testing.T) {
	canceled := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return ctx
	}
	expired := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithDeadline(ctx, time.Unix(0, 0))
		t.Cleanup(cancel)
		return ctx
	}
	tests := []struct {
		name    string
		ctx     func(context.Context) context.Context
		handler http.HandlerFunc
		want    string
	}{
		{"canceled, nothing written", canceled, func(http.ResponseWriter, *http.Request) {}, "canceled"},
		{"canceled, 500 written", canceled, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "canceled"},
		{"canceled, aborted", canceled, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "canceled"},
		{"deadline", expired, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "5xx"},
	}
	for _, tt := range tests {
		rec := newRecorder(t, measure.Config{})
		func() {
			defer func() { _ = recover() }()
			r := newRequest(t, "GET", "/")
			rec.Handler(tt.handler).ServeHTTP(httptest.NewRecorder(), r.WithContext(tt.ctx(r.Context())))
		}()
		if got := only(t, rec).Class; got != tt.want {
			t.Errorf("%s: class = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A client that hangs up on a real server is told from a failure.
func TestClientHangsUp(t *testing.T) {
	rec := newRecorder(t, measure.Config{})
	entered, left := make(chan struct{}), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(left)
		rec.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
		})).ServeHTTP(w, r)
	}))
	defer srv.Close()
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		<-entered
		if n := rec.Snapshot().InFlight; n != 1 {
			t.Errorf("in flight = %d, want 1", n)
		}
		hangUp()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := srv.Client().Do(req); err == nil {
		_ = resp.Body.Close()
		t.Error("the request was answered, want it canceled")
	}
	<-left
	if got := only(t, rec).Class; got != measure.ClassCanceled {
		t.Errorf("class = %q, want %q", got, measure.ClassCanceled)
	}
}

func TestHijackedThroughTheMiddleware(t *testing.T) {
	rec := newRecorder(t, measure.Config{})
	done := make(chan struct{})
	h := rec.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack() = %v, want nil", err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		_ = conn.Close()
	}))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		close(done)
	}))
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	<-done
	if got := only(t, rec).Class; got != "1xx" {
		t.Errorf("class of a hijacked connection = %q, want 1xx", got)
	}
}

func TestHandlerCountsTheLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecorder(t, measure.Config{})
		serve(t, rec.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			l := ledger.From(r.Context())
			for range 3 {
				l.StatementStart(time.Now())
				time.Sleep(2 * time.Millisecond)
				l.StatementEnd(time.Now(), 10, false)
			}
			l.AddWait(5 * time.Millisecond)
			time.Sleep(time.Millisecond)
		})), "GET", "/")
		st := only(t, rec).Total
		if st.Statements != 3 || st.Rows != 30 || st.SQLTime != 6*time.Millisecond || st.SQLWait != 5*time.Millisecond {
			t.Errorf("statements, rows, time, wait = %d, %d, %v, %v, want 3, 30, 6ms, 5ms",
				st.Statements, st.Rows, st.SQLTime, st.SQLWait)
		}
		if st.Max != 7*time.Millisecond {
			t.Errorf("Max = %v, want 7ms", st.Max)
		}
	})
}

type part struct{ got *ledger.Summary }

func (p part) End(s ledger.Summary) { *p.got = s }

func TestPartsGetTheSummary(t *testing.T) {
	rec := newRecorder(t, measure.Config{})
	var got ledger.Summary
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /x/{id}", func(w http.ResponseWriter, r *http.Request) {
		ledger.From(r.Context()).Part(t, func(any) ledger.Part { return part{&got} })
		w.WriteHeader(http.StatusConflict)
	})
	serve(t, rec.Handler(mux), "PUT", "/x/1")
	if got.Route != "/x/{id}" || got.Method != "PUT" || got.Status != 409 || got.Canceled || got.Elapsed <= 0 {
		t.Errorf("summary = %+v, want PUT /x/{id} 409, not canceled, with a duration", got)
	}
}

// Contexts derived from the request's must not need a goroutine each to hear
// of its cancellation.
func TestDerivedContexts(t *testing.T) {
	rec := newRecorder(t, measure.Config{})
	parent, cancel := context.WithCancel(t.Context())
	defer cancel()
	op := rec.Begin(parent, measure.Operation{Method: "GET", Route: "/"})
	before := runtime.NumGoroutine()
	child, stop := context.WithTimeout(op.Context(), time.Hour)
	defer stop()
	if n := runtime.NumGoroutine(); n != before {
		t.Errorf("goroutines after deriving a context = %d, want %d", n, before)
	}
	if ledger.From(child) == nil {
		t.Error("a derived context has no ledger")
	}
	cancel()
	if child.Err() == nil {
		t.Error("a derived context did not hear of the cancellation")
	}
	op.End(http.StatusOK)
}

func TestHandlerAllocations(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "GET /api/orders/{id}"
		w.WriteHeader(http.StatusOK)
	})
	route := func(*http.Request) string { return "/api/orders/{id}" }
	for name, cfg := range map[string]measure.Config{
		"plain":          {},
		"profile labels": {ProfileLabels: true, Route: route},
	} {
		h := newRecorder(t, cfg).Handler(next)
		r := newRequest(t, "GET", "/api/orders/1")
		r.Header.Set("X-Request-Id", "abc")
		r.Header.Set("X-Request-Start", "t=0")
		w := &sink{http.Header{}}
		if got := testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) }); got > 1 {
			t.Errorf("%s: a request allocates %v times, want at most 1", name, got)
		}
	}
}

func TestHandlerConcurrently(t *testing.T) {
	rec := newRecorder(t, measure.Config{ServerTiming: true, ProfileLabels: true})
	h := rec.Handler(shop())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/orders/9", http.NoBody))
				rec.Snapshot()
			}
		})
	}
	wg.Wait()
	if got := only(t, rec).Total.Count; got != 800 {
		t.Errorf("Count = %d, want 800", got)
	}
	if !slices.Equal(keys(rec.Snapshot().Series), []string{"GET /api/orders/{id} 2xx"}) {
		t.Errorf("series = %v", keys(rec.Snapshot().Series))
	}
}

// endPart keeps what a request's ledger says at its end.
type endPart struct{ ledger.Summary }

func (p *endPart) End(s ledger.Summary) { p.Summary = s }

func TestLedgerLearnsTheSizeOfTheResponse(t *testing.T) {
	tests := []struct {
		name, method string
		answer       http.HandlerFunc
		want         int64
	}{
		{"body", http.MethodGet, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "12345") }, 5},
		{"no body", http.MethodGet, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, 0},
		{"HEAD", http.MethodHead, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "12345") }, 0},
		{"compressed", http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "12345")
		}, 0},
	}
	for _, tt := range tests {
		p := new(endPart)
		h := newRecorder(t, measure.Config{}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ledger.From(r.Context()).Part(p, func(any) ledger.Part { return p })
			tt.answer(w, r)
		}))
		serve(t, h, tt.method, "/")
		if p.Bytes != tt.want {
			t.Errorf("%s: Summary.Bytes = %d, want %d", tt.name, p.Bytes, tt.want)
		}
	}
}
