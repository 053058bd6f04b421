package hone_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/hone-go/hone"
	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/store/memory"
)

// TestHandlerOrder: of six requests by one client behind a trusted proxy, the
// handler answers one, the cache two, and the limit refuses three; another
// client is still served, and all are measured.
func TestHandlerOrder(t *testing.T) {
	handled := 0
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) {
		handled++
		w.Header().Set("Cache-Control", "max-age=60")
		fmt.Fprint(w, "hello")
	})
	h := newStack(t, mux)
	stack := h.Handler(mux)
	ask := func(client string) int {
		r := httptest.NewRequest(http.MethodGet, "/hello", nil)
		r.RemoteAddr = "10.0.0.1:4000"
		r.Header.Set("X-Forwarded-For", client)
		w := httptest.NewRecorder()
		stack.ServeHTTP(w, r)
		return w.Code
	}
	for i, want := range []int{200, 200, 200, 429, 429, 429} {
		if got := ask("192.0.2.1"); got != want {
			t.Errorf("request %d of the first client = %d, want %d", i+1, got, want)
		}
	}
	if got := ask("192.0.2.2"); got != http.StatusOK {
		t.Errorf("the second client's request = %d, want 200", got)
	}
	if handled != 1 {
		t.Errorf("the handler ran %d times, want once: the cache has the answer", handled)
	}
	measured := make(map[string]uint64)
	for _, series := range h.Measure().Snapshot().Series {
		measured[series.Route+" "+series.Class] += series.Total.Count
	}
	if want := map[string]uint64{"/hello 2xx": 4, "/hello 4xx": 3}; !maps.Equal(measured, want) {
		t.Errorf("measured %v, want %v: refusals too, under their route", measured, want)
	}
}

// newStack has every layer: three requests a minute for each client.
func newStack(t *testing.T, mux *http.ServeMux) *hone.Hone {
	t.Helper()
	clients, err := clientip.New(clientip.Config{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	limits, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := ratelimit.New(limits, ratelimit.Config{Namespace: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(limiter.Close)
	table, err := policy.New(limiter, policy.Config{
		Policies: []policy.Policy{{
			Name: "client", Limits: "3/minute", Key: policy.ByAddress(0),
			OnEmptyKey: policy.ShareEmpty, OnStoreError: ratelimit.FailOpen,
		}},
		Default: []string{"client"},
		Route:   policy.MuxRoute(mux),
	})
	if err != nil {
		t.Fatal(err)
	}
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := cache.New(store, cache.Config{Namespace: "test", TTL: cache.For(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close(); store.Close() })
	responses, err := httpcache.New(kept, httpcache.Config{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := hone.New(hone.Config{ClientIP: clients, Limits: table, Responses: responses})
	if err != nil {
		t.Fatal(err)
	}
	return h
}
