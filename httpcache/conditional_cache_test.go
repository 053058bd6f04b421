package httpcache_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/store/memory"
)

// Inside an HTTPCache a Conditional gives what is stored a tag, by which the
// cache answers on its own: the whole, a part, or a 304.
func TestConditionalInsideACache(t *testing.T) {
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cache.New(store, cache.Config{Namespace: "conditional"})
	if err != nil {
		t.Fatal(err)
	}
	h, err := httpcache.New(c, httpcache.Config{})
	if err != nil {
		t.Fatal(err)
	}
	automatic, err := httpcache.NewConditional(httpcache.ConditionalConfig{})
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	server := httptest.NewServer(h.Handler(automatic.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		runs++
		page(w, r)
	}))))
	defer server.Close()
	first, _ := do(t, server.URL, http.MethodGet, nil)
	tag := first.Header.Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	for _, tt := range []struct {
		request http.Header
		status  int
		body    string
	}{
		{fields("If-None-Match", tag), 304, ""},
		{fields("If-None-Match", `"other"`), 200, "<p>page</p>"},
		{fields("Range", "bytes=3-6", "If-Range", tag), 206, "page"},
		{fields("Range", "bytes=3-6", "If-Range", `"other"`), 200, "<p>page</p>"},
	} {
		resp, body := do(t, server.URL, http.MethodGet, tt.request)
		if resp.StatusCode != tt.status || body != tt.body {
			t.Errorf("%v = %d %q, want %d %q", tt.request, resp.StatusCode, body, tt.status, tt.body)
		}
	}
	if runs != 1 {
		t.Errorf("the handler ran %d times, want once", runs)
	}
}
