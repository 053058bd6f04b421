package httpcache_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

// Under package encode's handler the tag that a client was given is the tag
// that a 304 repeats, whether Check or a Conditional made it.
func TestTagsAgreeWithCodings(t *testing.T) {
	body := strings.Repeat("all work and no play ", 500)
	encoder, err := encode.New(encode.Config{})
	if err != nil {
		t.Fatal(err)
	}
	automatic, err := httpcache.NewConditional(httpcache.ConditionalConfig{Ranges: true})
	if err != nil {
		t.Fatal(err)
	}
	handlers := map[string]http.Handler{
		"Check": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			if httpcache.Check(w, r, "v7", modified) {
				return
			}
			_, _ = io.WriteString(w, body)
		}),
		"Conditional": automatic.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, body)
		})),
	}
	for name, handler := range handlers {
		server := httptest.NewServer(encoder.Handler(handler))
		plain, _ := do(t, server.URL, http.MethodGet, nil)
		for _, coding := range []string{"gzip", "br", "zstd"} {
			accept := fields("Accept-Encoding", coding)
			coded, _ := do(t, server.URL, http.MethodGet, accept.Clone())
			tag := coded.Header.Get("ETag")
			if coded.Header.Get("Content-Encoding") != coding || tag == "" || tag == plain.Header.Get("ETag") {
				t.Errorf("%s: ETag of the %s body = %q, want one that is not the plain body's %q", name, coded.Header.Get("Content-Encoding"), tag, plain.Header.Get("ETag"))
			}
			accept.Set("If-None-Match", `"other", `+tag)
			again, rest := do(t, server.URL, http.MethodGet, accept)
			if again.StatusCode != http.StatusNotModified || rest != "" || again.Header.Get("ETag") != tag || again.Header.Get("Vary") == "" {
				t.Errorf("%s: If-None-Match %s = %d with ETag %q and Vary %q, want 304 with that tag and Vary", name, tag,
					again.StatusCode, again.Header.Get("ETag"), again.Header.Get("Vary"))
			}
			accept.Del("If-None-Match")
			accept.Set("If-Match", tag)
			if resp, _ := do(t, server.URL, http.MethodGet, accept); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: If-Match %s = %d, want 200", name, tag, resp.StatusCode)
			}
			// A part of the plain body must not be joined to a coded one.
			accept = fields("Accept-Encoding", coding, "Range", "bytes=5-", "If-Range", tag)
			if resp, _ := do(t, server.URL, http.MethodGet, accept); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: If-Range %s = %d, want 200", name, tag, resp.StatusCode)
			}
		}
		server.Close()
	}
}
