package bench_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/darkweak/souin/configurationtypes"
	"github.com/darkweak/souin/pkg/middleware"
	"github.com/go-chi/stampede"
	httpcache "github.com/victorspringer/http-cache"
	"github.com/victorspringer/http-cache/adapter/memory"
)

// cachePeers returns the peers' caches, each in memory and with its own
// defaults. stampede and http-cache do less on a hit than hone and souin: they
// look at no Cache-Control, know no Vary, and do not say that it was a hit; and
// stampede's key is the path alone, the same for each page of a list.
func cachePeers(tb testing.TB) map[string]func(http.Handler) http.Handler {
	tb.Helper()
	adapter, err := memory.NewAdapter(memory.AdapterWithAlgorithm(memory.LRU), memory.AdapterWithCapacity(1000))
	if err != nil {
		tb.Fatal(err)
	}
	client, err := httpcache.NewClient(httpcache.ClientWithAdapter(adapter), httpcache.ClientWithTTL(time.Hour))
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]func(http.Handler) http.Handler{
		"stampede":   stampede.Handler(1000, time.Hour),
		"http-cache": client.Middleware,
		"souin":      souin,
	}
}

// souin returns Souin with its default storage, before next. It waits for the
// end of each request's context, which a server brings about.
func souin(next http.Handler) http.Handler {
	h := middleware.NewHTTPCacheHandler(&middleware.BaseConfiguration{
		DefaultCache: &configurationtypes.DefaultCache{TTL: configurationtypes.Duration{Duration: time.Hour}},
	})
	for _, storer := range h.Storers {
		_ = storer.Reset() // the process has one default storage
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		_ = h.ServeHTTP(w, r.WithContext(ctx), func(w http.ResponseWriter, r *http.Request) error {
			next.ServeHTTP(w, r)
			return nil
		})
	})
}

// warmPeer returns the peer before list, which has answered twice, and what
// fails if list has run more than once since.
func warmPeer(tb testing.TB, peer func(http.Handler) http.Handler) (http.Handler, hitCheck) {
	tb.Helper()
	var runs atomic.Int64
	handler := peer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		runs.Add(1)
		list(w, r)
	}))
	check := func(tb testing.TB, _ string, header http.Header, bytes int) {
		tb.Helper()
		if runs.Load() != 1 || bytes != len(cachedBody) || header.Get("Content-Type") != "application/json" {
			tb.Errorf("list ran %d times, and the last answer has %d bytes and %v, want 1, %d and list's header",
				runs.Load(), bytes, header, len(cachedBody))
		}
	}
	for range 2 { // the second is a hit
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, listRequest(identity))
		if !bytes.Equal(w.Body.Bytes(), cachedBody) {
			tb.Errorf("answer is %.100q, want list's", w.Body)
		}
		check(tb, identity, w.Header(), w.Body.Len())
	}
	return handler, check
}
