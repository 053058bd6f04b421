package httpcache_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/httpcache"
)

// conditional starts a server of a handler under a Conditional.
func conditional(t *testing.T, cfg httpcache.ConditionalConfig, handler http.HandlerFunc) string {
	t.Helper()
	c, err := httpcache.NewConditional(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler(handler))
	t.Cleanup(server.Close)
	return server.URL
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "max-age=60")
	_, _ = io.WriteString(w, "<p>")
	_, _ = w.Write([]byte("page</p>"))
}

func TestConditionalTagsAndRecognises(t *testing.T) {
	url := conditional(t, httpcache.ConditionalConfig{}, page)
	resp, body := do(t, url, http.MethodGet, nil)
	tag := resp.Header.Get("ETag")
	if resp.StatusCode != 200 || body != "<p>page</p>" || resp.ContentLength != 11 || len(tag) != 24 {
		t.Fatalf("GET = %d %q, %d bytes, ETag %s; want the page and a tag of 22 letters", resp.StatusCode, body, resp.ContentLength, tag)
	}
	again, _ := do(t, conditional(t, httpcache.ConditionalConfig{}, page), http.MethodGet, nil)
	if got := again.Header.Get("ETag"); got != tag {
		t.Errorf("ETag of another process = %s, want %s", got, tag)
	}
	resp, body = do(t, url, http.MethodGet, fields("If-None-Match", `"x", W/`+tag))
	if resp.StatusCode != 304 || body != "" || resp.Header.Get("ETag") != tag || resp.Header.Get("Cache-Control") != "max-age=60" {
		t.Errorf("If-None-Match = %d %q %v, want 304 with its fields", resp.StatusCode, body, resp.Header)
	}
	resp, _ = do(t, url, http.MethodGet, fields("If-Match", `"x"`))
	if resp.StatusCode != 412 {
		t.Errorf("If-Match with another tag = %d, want 412", resp.StatusCode)
	}
	head, _ := do(t, url, http.MethodHead, nil)
	for _, name := range []string{"ETag", "Content-Length", "Content-Type", "Cache-Control"} {
		if want := again.Header.Get(name); head.Header.Get(name) != want {
			t.Errorf("%s of HEAD = %q, want %q as of GET", name, head.Header.Get(name), want)
		}
	}
	resp, body = do(t, url, http.MethodGet, fields("Range", "bytes=0-0"))
	if resp.StatusCode != 200 || body != "<p>page</p>" || resp.Header.Get("Accept-Ranges") != "" {
		t.Errorf("Range without Ranges = %d %q, want all of it", resp.StatusCode, body)
	}
}

// What gets no tag, and passes through as it was written.
func TestConditionalLeavesAlone(t *testing.T) {
	write := func(w http.ResponseWriter, body string) { _, _ = io.WriteString(w, body) }
	tests := []struct {
		name    string
		method  string
		handler http.HandlerFunc
		status  int
		body    string
		tag     string
	}{
		{"another method", "POST", func(w http.ResponseWriter, _ *http.Request) { write(w, "done") }, 200, "done", ""},
		{"another status", "GET", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); write(w, "gone") }, 404, "gone", ""},
		{"no-store", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "private, No-Store")
			write(w, "secret")
		}, 200, "secret", ""},
		{"larger", "GET", func(w http.ResponseWriter, _ *http.Request) { write(w, "123456"); write(w, "789") }, 200, "123456789", ""},
		{"larger in one", "GET", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("123456789")) }, 200, "123456789", ""},
		{"larger by its length", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			write(w, "123456789")
		}, 200, "123456789", ""},
		{"larger from a reader", "GET", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.(io.ReaderFrom).ReadFrom(strings.NewReader("123456789"))
		}, 200, "123456789", ""},
		{"flushed", "GET", func(w http.ResponseWriter, _ *http.Request) {
			write(w, "1")
			w.(http.Flusher).Flush()
			write(w, "2")
		}, 200, "12", ""},
		{"a tag of its own", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `W/"v7"`)
			write(w, "seven")
		}, 200, "seven", `W/"v7"`},
		{"a tag under another spelling", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["ETag"] = []string{`"raw"`}
			write(w, "raw")
		}, 200, "raw", `"raw"`},
		{"HEAD without a body", "HEAD", func(http.ResponseWriter, *http.Request) {}, 200, "", ""},
		{"trailers announced", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Rows")
			write(w, "rows")
			w.Header().Set("X-Rows", "1")
		}, 200, "rows", ""},
		{"trailers unannounced", "GET", func(w http.ResponseWriter, _ *http.Request) {
			write(w, "rows")
			w.Header().Set(http.TrailerPrefix+"X-Rows", "1")
		}, 200, "rows", ""},
	}
	for _, tt := range tests {
		resp, body := do(t, conditional(t, httpcache.ConditionalConfig{MaxBody: 8}, tt.handler), tt.method, nil)
		tags := strings.Join(resp.Header.Values("ETag"), " and ")
		if resp.StatusCode != tt.status || body != tt.body || tags != tt.tag {
			t.Errorf("%s: %d %q with ETag %q, want %d %q with %q", tt.name, resp.StatusCode, body, tags, tt.status, tt.body, tt.tag)
		}
		if strings.HasPrefix(tt.name, "trailers") && resp.Trailer.Get("X-Rows") != "1" {
			t.Errorf("%s: the trailer is %v, want X-Rows: 1", tt.name, resp.Trailer)
		}
	}
}

// A body of exactly MaxBody is tagged, however it is written.
func TestConditionalMaxBodyIsInclusive(t *testing.T) {
	for name, write := range map[string]func(http.ResponseWriter){
		"Write":       func(w http.ResponseWriter) { _, _ = w.Write([]byte("12345678")) },
		"WriteString": func(w http.ResponseWriter) { _, _ = io.WriteString(w, "12345678") },
		"ReadFrom":    func(w http.ResponseWriter) { _, _ = w.(io.ReaderFrom).ReadFrom(strings.NewReader("12345678")) },
	} {
		url := conditional(t, httpcache.ConditionalConfig{MaxBody: 8}, func(w http.ResponseWriter, _ *http.Request) { write(w) })
		if resp, body := do(t, url, http.MethodGet, nil); body != "12345678" || resp.Header.Get("ETag") == "" {
			t.Errorf("%s: %q with ETag %q, want the body and a tag", name, body, resp.Header.Get("ETag"))
		}
	}
}

// A user's tag or time needs no buffer: the body that the client has is not sent.
func TestConditionalKnowsTheHandlersValidators(t *testing.T) {
	url := conditional(t, httpcache.ConditionalConfig{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/tag" {
			w.Header().Set("ETag", `"v7"`)
		}
		w.Header().Set("Last-Modified", noon)
		page(w, r)
	})
	for _, tt := range []struct {
		path, method string
		request      http.Header
		want         int
	}{
		{"/tag", "GET", fields("If-None-Match", `"v7"`), 304},
		{"/tag", "HEAD", fields("If-None-Match", `"v7"`), 304},
		{"/tag", "GET", fields("If-None-Match", `"v6"`), 200},
		{"/tag", "GET", fields("If-Modified-Since", noon), 304},
		{"/time", "GET", fields("If-Modified-Since", noon), 304},
		{"/time", "HEAD", fields("If-Modified-Since", noon), 304},
		{"/time", "GET", fields("If-Modified-Since", before), 200},
		{"/time", "GET", fields("If-Modified-Since", noon, "If-None-Match", `"other"`), 200},
	} {
		if resp, _ := do(t, url+tt.path, tt.method, tt.request); resp.StatusCode != tt.want {
			t.Errorf("%s %s with %v = %d, want %d", tt.method, tt.path, tt.request, resp.StatusCode, tt.want)
		}
	}
}

func TestConditionalRanges(t *testing.T) {
	url := conditional(t, httpcache.ConditionalConfig{Ranges: true}, page)
	resp, _ := do(t, url, http.MethodGet, nil)
	tag := resp.Header.Get("ETag")
	if got := resp.Header.Get("Accept-Ranges"); got != "bytes" {
		t.Errorf("Accept-Ranges = %q, want bytes", got)
	}
	for _, tt := range []struct {
		request http.Header
		status  int
		body    string
	}{
		{fields("Range", "bytes=3-6"), 206, "page"},
		{fields("Range", "bytes=3-6", "If-Range", tag), 206, "page"},
		{fields("Range", "bytes=3-6", "If-Range", `"old"`), 200, "<p>page</p>"},
		{fields("Range", "bytes=3-6", "If-Range", "W/"+tag), 200, "<p>page</p>"},             // RFC 9110 §13.1.5: strong
		{fields("Range", "bytes=3-6", "If-Range", tag, "If-Range", tag), 200, "<p>page</p>"}, // §5.3: one line
		{fields("Range", "bytes=3-6", "If-Range", "no tag"), 200, "<p>page</p>"},
		{fields("Range", "bytes=11-"), 416, "Requested Range Not Satisfiable\n"},
	} {
		resp, body := do(t, url, http.MethodGet, tt.request)
		if resp.StatusCode != tt.status || body != tt.body {
			t.Errorf("%v = %d %q, want %d %q", tt.request, resp.StatusCode, body, tt.status, tt.body)
		}
	}
	// A handler that serves ranges itself is not served again.
	url = conditional(t, httpcache.ConditionalConfig{Ranges: true}, func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.txt", modified, strings.NewReader("letters"))
	})
	if resp, body := do(t, url, http.MethodGet, fields("Range", "bytes=1-2")); resp.StatusCode != 206 || body != "et" {
		t.Errorf("Range through http.ServeContent = %d %q, want 206 \"et\"", resp.StatusCode, body)
	}
}

// What the handler could not finish must not look complete, nor get a tag.
// Each part of a stream arrives when it is flushed.
// What is announced to be too large is not held back at all.
// A client that is gone got no body: what the handler wrote until then is not
// known to be all.
func TestNewConditionalRefuses(t *testing.T) {
	_, err := httpcache.NewConditional(httpcache.ConditionalConfig{MaxBody: -1})
	if err == nil || !strings.Contains(err.Error(), "MaxBody is -1") {
		t.Errorf("NewConditional(MaxBody: -1) = %v, want an error that names it", err)
	}
}

// The bytes of a file go to the client whatever its size.
