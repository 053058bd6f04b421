package policy_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/store/memory"
)

// counting is a store that counts its calls, and is away if it is told so.
type counting struct {
	ratelimit.Store
	calls atomic.Int64
	away  atomic.Bool
}

func (s *counting) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	s.calls.Add(1)
	if s.away.Load() {
		return fmt.Errorf("%w: redis.internal refused", ratelimit.ErrUnavailable)
	}
	return s.Store.Apply(ctx, op, charges, results)
}

func newStore(t testing.TB) *counting {
	t.Helper()
	limits, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return &counting{Store: limits}
}

func newLimiter(t testing.TB, store ratelimit.Store) *ratelimit.Limiter {
	t.Helper()
	l, err := ratelimit.New(store, ratelimit.Config{Namespace: "test", Local: newStore(t), Instances: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func newTable(t testing.TB, c policy.Config) *policy.Table {
	t.Helper()
	return newTableOn(t, newStore(t), c)
}

func newTableOn(t testing.TB, store ratelimit.Store, c policy.Config) *policy.Table {
	t.Helper()
	table, err := policy.New(newLimiter(t, store), c)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// limit is a policy by address that fails closed.
func limit(name, limits string) policy.Policy {
	return policy.Policy{
		Name: name, Limits: limits, Key: policy.ByAddress(0),
		OnEmptyKey: policy.RefuseEmpty, OnStoreError: ratelimit.FailClosed,
	}
}

// mux serves the routes of the tests.
func mux() *http.ServeMux {
	m := http.NewServeMux()
	for _, pattern := range []string{"GET /a", "GET /b", "POST /login", "GET /login", "/api/x", "/api/in/y", "GET /items/{id}", "/health"} {
		m.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "served") })
	}
	return m
}

// request is one by a client at 192.0.2.1, unless a field "From" names another.
func request(line string, fields ...string) *http.Request {
	method, path, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = "192.0.2.1:1234"
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "From" {
			r.RemoteAddr = fields[i+1]
			continue
		}
		r.Header.Add(fields[i], fields[i+1])
	}
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// statuses serves the requests one after the other.
func statuses(h http.Handler, lines ...string) string {
	var got []string
	for _, line := range lines {
		got = append(got, fmt.Sprint(serve(h, request(line)).Code))
	}
	return strings.Join(got, " ")
}

// told collects what hooks are told.
type told struct {
	mu struct {
		sync.Mutex
		errs     []error
		verdicts []policy.Verdict
	}
}

func (h *told) onError(_ context.Context, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.errs = append(h.mu.errs, err)
}

func (h *told) onDecision(_ context.Context, v policy.Verdict) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.verdicts = append(h.mu.verdicts, v)
}

func (h *told) errors() []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.mu.errs
}

// take returns the verdicts so far, and forgets them.
func (h *told) take() []policy.Verdict {
	h.mu.Lock()
	defer h.mu.Unlock()
	got := h.mu.verdicts
	h.mu.verdicts = nil
	return got
}
