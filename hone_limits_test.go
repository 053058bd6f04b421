package hone_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/store/memory"
)

// quotaFields are those that tell a client of its own quota.
var quotaFields = []string{
	"Ratelimit", "Ratelimit-Policy", "Retry-After", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
}

// TestQuotasOfOneClientAreNotShownToAnother: what a shared cache stores for one
// client has none of its quota, in whichever order the two layers stand.
func TestQuotasOfOneClientAreNotShownToAnother(t *testing.T) {
	service := http.NewServeMux()
	service.HandleFunc("GET /page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Etag", `"1"`)
		fmt.Fprint(w, "page")
	})
	for _, tt := range []struct {
		order  string
		around func(*policy.Table, *httpcache.HTTPCache) http.Handler
		own    bool // a client is told of its own quota with a stored response too
	}{
		{"limits around the cache", func(l *policy.Table, c *httpcache.HTTPCache) http.Handler {
			return l.Handler(c.Handler(service))
		}, true},
		{"the cache around limits", func(l *policy.Table, c *httpcache.HTTPCache) http.Handler {
			return c.Handler(l.Handler(service))
		}, false},
	} {
		t.Run(tt.order, func(t *testing.T) {
			h := tt.around(newQuotas(t), newResponses(t))
			ask := func(method, client string, fields ...string) *httptest.ResponseRecorder {
				r := httptest.NewRequest(method, "/page", nil)
				r.RemoteAddr = client
				for i := 0; i < len(fields); i += 2 {
					r.Header.Set(fields[i], fields[i+1])
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w
			}
			// The first client uses up its three, and is refused where limits are
			// asked first. It may be told of its quota: the response is its own.
			first := ask(http.MethodGet, "192.0.2.1:1", "Cache-Control", "no-cache")
			if got := first.Header().Get("X-Ratelimit-Remaining"); first.Code != http.StatusOK || got != "2" {
				t.Errorf("the first response = %d with X-RateLimit-Remaining %q, want 200 with 2", first.Code, got)
			}
			for range 3 {
				ask(http.MethodGet, "192.0.2.1:1", "Cache-Control", "no-cache")
			}
			for i, w := range []*httptest.ResponseRecorder{
				ask(http.MethodGet, "192.0.2.2:1"),
				ask(http.MethodHead, "192.0.2.3:1"),
				ask(http.MethodGet, "192.0.2.4:1", "If-None-Match", `"1"`),
			} {
				if status := w.Header().Get("Cache-Status"); !strings.Contains(status, "hit") || w.Code >= 400 {
					t.Errorf("response %d to others = %d, Cache-Status %q, want a hit", i, w.Code, status)
				}
				for _, name := range quotaFields {
					lines, want := w.Header()[name], 1
					if !tt.own || name == "Retry-After" {
						want = 0
					}
					if len(lines) != want || name == "X-Ratelimit-Remaining" && want == 1 && lines[0] != "2" {
						t.Errorf("response %d to others has %s: %q, want %d, of its own quota", i, name, lines, want)
					}
				}
			}
		})
	}
}

// newQuotas admits three requests of each client in an hour, and tells of them
// in all fields.
func newQuotas(t *testing.T) *policy.Table {
	t.Helper()
	store, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := ratelimit.New(store, ratelimit.Config{Namespace: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(limiter.Close)
	table, err := policy.New(limiter, policy.Config{
		Policies: []policy.Policy{{
			Name: "client", Limits: "3/hour", Key: policy.ByAddress(0),
			OnEmptyKey: policy.RefuseEmpty, OnStoreError: ratelimit.FailClosed,
		}},
		Application: []string{"client"},
		Fields:      policy.FieldsConfig{Legacy: policy.LegacyDelta},
	})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func newResponses(t *testing.T) *httpcache.HTTPCache {
	t.Helper()
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cache.New(store, cache.Config{Namespace: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	responses, err := httpcache.New(c, httpcache.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return responses
}
