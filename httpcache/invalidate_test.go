package httpcache_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/httpcache"
)

// TestInvalidation fills one process and invalidates in another: what is gone
// is said by URL.
func TestInvalidation(t *testing.T) {
	urls := []string{
		"http://a/items/7", "http://a/items/7?q=1", "http://a/items/70", "http://a/items/", "http://a/items", "http://b/items/7", "http://a/",
	}
	serve := func(_ int64, w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			w.Header().Set("Cache-Control", "max-age=600")
			w.Header().Set("Vary", "Accept-Language")
			w.Header().Set("Surrogate-Key", "all path:"+r.URL.Path)
			w.Header().Set("Cache-Tag", "host:"+r.Host+", x")
			httpcache.AddTags(w, "query:"+r.URL.RawQuery)
		case http.MethodDelete:
			w.WriteHeader(http.StatusNotFound)
		case http.MethodPatch:
			w.Header().Set("Content-Location", "/items/70")
		case http.MethodPost:
			w.Header().Set("Location", "/items/70")
			w.Header().Set("Content-Location", "http://b/items/7") // another origin
			w.WriteHeader(http.StatusCreated)
		}
	}
	type act func(t *testing.T, h *httpcache.HTTPCache, service http.Handler)
	request := func(method, url string) act {
		return func(_ *testing.T, _ *httpcache.HTTPCache, service http.Handler) { get(service, url, method) }
	}
	tests := []struct {
		name string
		act  act
		gone []int
	}{
		{"RFC 9111 §4.4: POST, and its Location", request("POST", "http://a/items/7"), []int{0, 1, 2}},
		{"RFC 9111 §4.4: PATCH, and its Content-Location", request("PATCH", "http://a/"), []int{2, 6}},
		{"RFC 9111 §4.4: PUT", request("PUT", "http://a/items/"), []int{3}},
		{"RFC 9111 §4.4: an unknown method", request("FROB", "http://a/"), []int{6}},
		{"RFC 9111 §4.4: DELETE that fails", request("DELETE", "http://a/items/7"), nil},
		{"RFC 9110 §9.2.1: OPTIONS", request("OPTIONS", "http://a/items/7"), nil},
		{"by URL", func(t *testing.T, h *httpcache.HTTPCache, _ http.Handler) {
			check(t, h.InvalidateURL(t.Context(), "http://A/items/7", "https://a"))
		}, []int{0, 1, 6}},
		{"by prefix", func(t *testing.T, h *httpcache.HTTPCache, _ http.Handler) {
			check(t, h.InvalidatePrefix(t.Context(), "http://a/items/"))
		}, []int{0, 1, 2, 3}},
		{"by Surrogate-Key", func(t *testing.T, h *httpcache.HTTPCache, _ http.Handler) {
			check(t, h.Invalidate(t.Context(), "path:/items/7"))
		}, []int{0, 1, 5}},
		{"by Cache-Tag", func(t *testing.T, h *httpcache.HTTPCache, _ http.Handler) {
			check(t, h.Invalidate(t.Context(), "host:b"))
		}, []int{5}},
		{"by AddTags", func(t *testing.T, h *httpcache.HTTPCache, _ http.Handler) {
			check(t, h.Invalidate(t.Context(), "query:q=1"))
		}, []int{1}},
		{"by PurgeHandler", func(t *testing.T, h *httpcache.HTTPCache, _ http.Handler) {
			purge, err := h.PurgeHandler("0123456789abcdef")
			check(t, err)
			r := httptest.NewRequest(http.MethodPost, "/?tag=host:b&url=http://a/&prefix=http://a/items/", http.NoBody)
			r.Header.Set("Authorization", "Bearer 0123456789abcdef")
			w := httptest.NewRecorder()
			purge.ServeHTTP(w, r)
			if w.Code != http.StatusNoContent {
				t.Errorf("the answer is %d %s, want 204", w.Code, w.Body)
			}
		}, []int{0, 1, 2, 3, 5, 6}},
	}
	for _, tt := range tests {
		eachStoreOf(t, tt.name, func(t *testing.T, store func() cache.Store) {
			o := &origin{serve: serve}
			hc := open(t, store(), httpcache.Config{})
			here, there := hc.Handler(o), open(t, store(), httpcache.Config{}).Handler(o)
			for _, u := range urls {
				get(there, u)
				if got := told(get(there, u)); got != "hit" {
					t.Fatalf("%s: %q, want a hit", u, got)
				}
			}
			tt.act(t, hc, here)
			gone := make(map[int]bool)
			for _, i := range tt.gone {
				gone[i] = true
			}
			for i, u := range urls {
				if gone[i] { // another process hears of it within milliseconds
					eventually(t, func() bool { return told(get(there, u)) != "hit" })
				} else if got := told(get(there, u)); got != "hit" {
					t.Errorf("%s: %q, want a hit", u, got)
				}
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// TestInvalidationDuringLoad: what was invalidated while the handler ran is not
// stored, whichever way it would be.
func TestInvalidationDuringLoad(t *testing.T) {
	for _, fields := range [][]string{{"X: y"}, {"Authorization: x"}} {
		for _, vary := range []string{"", "Accept"} {
			var hc *httpcache.HTTPCache
			o := &origin{serve: func(run int64, w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "public, max-age=600")
				w.Header().Set("Surrogate-Key", "product")
				if vary != "" {
					w.Header().Set("Vary", vary)
				}
				if run == 1 { // it has read the product; now that is changed
					check(t, hc.Invalidate(r.Context(), "product"))
				}
			}}
			hc = open(t, memoryStore(t), httpcache.Config{})
			h := hc.Handler(o)
			get(h, "/", fields...)
			if got := told(get(h, "/", fields...)); !strings.HasPrefix(got, "fwd=") {
				t.Errorf("%v, Vary: %s: %q, want the outdated response not to be stored", fields, vary, got)
			}
			if got := told(get(h, "/", fields...)); got != "hit" {
				t.Errorf("%v, Vary: %s: %q, want a hit", fields, vary, got)
			}
		}
	}
}

func TestPurgeHandlerRefuses(t *testing.T) {
	hc := open(t, memoryStore(t), httpcache.Config{})
	if _, err := hc.PurgeHandler("short"); err == nil {
		t.Error("PurgeHandler took a short credential")
	}
	purge, err := hc.PurgeHandler("0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, authorization, query string
		want                         int
	}{
		{"POST", "", "tag=a", 401},
		{"POST", "Bearer 0123456789abcdeF", "tag=a", 401},
		{"POST", "Bearer 0123456789abcde", "tag=a", 401},
		{"POST", "Basic 0123456789abcdef", "tag=a", 401},
		{"GET", "Bearer 0123456789abcdef", "tag=a", 405},
		{"POST", "Bearer 0123456789abcdef", "", 400},
		{"POST", "bearer 0123456789abcdef", "tag=a", 204},
	} {
		r := httptest.NewRequest(tt.method, "/?"+tt.query, http.NoBody)
		r.Header.Set("Authorization", tt.authorization)
		w := httptest.NewRecorder()
		purge.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s with %q and %q = %d, want %d", tt.method, tt.authorization, tt.query, w.Code, tt.want)
		}
	}
}

// TestWriteIsSeenByItsWriter: what was stored is no more before the client can
// know that its write succeeded.
func TestWriteIsSeenByItsWriter(t *testing.T) {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}}
	srv := httptest.NewServer(open(t, memoryStore(t), httpcache.Config{}).Handler(o))
	defer srv.Close()
	status := func() string {
		r, err := http.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		return told(r)
	}
	status()
	if got := status(); got != "hit" {
		t.Fatalf("%q, want a hit", got)
	}
	r, err := (&http.Client{Timeout: time.Minute}).Post(srv.URL, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := status(); got == "hit" {
		t.Error("after the write, its writer still sees what was stored")
	}
	_ = r.Body.Close()
}
