package httpcache_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

// What a hit with Accept-Encoding: gzip, identity;q=0.5 has in the Content-Encoding.
func TestCodingRulesOfHits(t *testing.T) {
	for _, tt := range []struct {
		name, field, value string
		request            string
		body               string
		want, vary         string
	}{
		{"text", "Content-Type", "text/plain", "X: y", longBody, "gzip", "Accept-Encoding"},
		{"no type", "X", "y", "X: y", longBody, "gzip", "Accept-Encoding"},
		{"image", "Content-Type", "image/png", "X: y", longBody, "", ""},
		{"small", "Content-Type", "text/plain", "X: y", "small", "", "Accept-Encoding"},
		{"small, and nothing else is taken", "Content-Type", "text/plain", "Accept-Encoding: identity;q=0", "small", "gzip", "Accept-Encoding"},
		{"no-transform", "Cache-Control", "max-age=60, no-transform", "X: y", longBody, "", ""},
		{"digest", "Repr-Digest", "sha-256=:x:", "X: y", longBody, "", ""},
		{"varies already", "Vary", "Accept-Language", "X: y", longBody, "gzip", "Accept-Language, Accept-Encoding"},
		{"from a foreign page", "Content-Type", "text/plain", "Sec-Fetch-Site: cross-site", longBody, "", "Accept-Encoding"},
		{"from the same site", "Content-Type", "text/plain", "Sec-Fetch-Site: same-site", longBody, "gzip", "Accept-Encoding"},
	} {
		o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "max-age=60")
			w.Header().Set(tt.field, tt.value)
			_, _ = io.WriteString(w, tt.body)
		}}
		cfg := httpcache.Config{Encoder: newEncoder(t, encode.Config{}), Default: httpcache.Policy{Cookies: []string{"*"}}}
		h := open(t, memoryStore(t), cfg).Handler(o)
		for i, wantTold := range []string{"fwd=uri-miss; stored; detail=cookies-ignored", "hit; detail=cookies-ignored", "hit; detail=cookies-ignored"} {
			r := get(h, "/", "Accept-Encoding: gzip", "Accept-Encoding: identity;q=0.5", "Cookie: a=b", tt.request)
			got, vary := r.Header.Get("Content-Encoding"), strings.Join(r.Header["Vary"], ", ")
			if told(r) != wantTold || got != tt.want || vary != tt.vary || plain(t, r) != tt.body {
				t.Errorf("%s, request %d: %q, %q with Vary %q, want %q, %q, %q and the body", tt.name, i+1, told(r), got, vary, wantTold, tt.want, tt.vary)
			}
		}
	}
}

// A handler that applies codings itself is asked for each request that may get
// another, and what it answers is stored as it is.
func TestHandlersOwnCoding(t *testing.T) {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, r *http.Request) {
		accept := r.Header.Get("Accept-Encoding")
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Vary", "Accept-Encoding")
		w.Header().Set("Etag", `"own"`)
		w.Header().Set("Content-Encoding", accept)
		_, _ = io.WriteString(w, "in "+accept+longBody)
	}}
	h := open(t, memoryStore(t), httpcache.Config{Encoder: newEncoder(t, encode.Config{})}).Handler(o)
	for i, tt := range []struct{ accept, told string }{
		{"deflate", "fwd=uri-miss; stored"},
		{"compress", "fwd=vary-miss; stored"},
		{"deflate", "hit"},
		{"compress", "hit"},
		{"gzip", "fwd=vary-miss; stored"},
		{"gzip", "hit"},
	} {
		r := get(h, "/", "Accept-Encoding: "+tt.accept)
		body, _ := io.ReadAll(r.Body)
		if told(r) != tt.told || r.Header.Get("Content-Encoding") != tt.accept || r.Header.Get("Etag") != `"own"` ||
			string(body) != "in "+tt.accept+longBody || len(r.Header["Vary"]) != 1 {
			t.Errorf("request %d with %q: %q, %v, want %q and the handler's own", i+1, tt.accept, told(r), r.Header, tt.told)
		}
	}
}

// Conditions, ranges and HEAD about a response that is stored with a coding.
func TestConditionsOnCodings(t *testing.T) {
	o := &origin{serve: text}
	h := open(t, memoryStore(t), httpcache.Config{Encoder: newEncoder(t, encode.Config{})}).Handler(o)
	get(h, "/", "Accept-Encoding: gzip")
	const gzip, br = "Accept-Encoding: gzip", "Accept-Encoding: br, gzip;q=0.1"
	for _, tt := range []struct {
		request     []string
		status      int
		coding, tag string
	}{
		{[]string{gzip, `If-None-Match: "v1~gz"`}, 304, "", `"v1~gz"`},
		{[]string{gzip, `If-None-Match: W/"v1~gz"`}, 304, "", `"v1~gz"`},
		{[]string{gzip, `If-None-Match: "v0", "v1~gz"`}, 304, "", `"v1~gz"`},
		{[]string{gzip, `If-None-Match: "v1"`}, 304, "", `"v1"`},
		{[]string{gzip, `If-None-Match: "v1", "v1~gz"`}, 304, "", `"v1~gz"`},
		{[]string{gzip, "If-None-Match: *"}, 304, "", `"v1"`},
		{[]string{br, `If-None-Match: "v1~gz"`}, 304, "", `"v1~gz"`},
		{[]string{gzip, `If-None-Match: "v1~br"`}, 200, "gzip", `"v1~gz"`}, // it does not take br any more
		{[]string{`If-None-Match: "v1~gz"`, "Accept-Encoding: identity"}, 200, "", `"v1"`},
		{[]string{gzip, `If-None-Match: "v0"`}, 200, "gzip", `"v1~gz"`},
		{[]string{"HEAD", gzip}, 200, "gzip", `"v1~gz"`},
		{[]string{"HEAD", gzip, `If-None-Match: "v1~gz"`}, 304, "", `"v1~gz"`},
		{[]string{gzip, "Range: bytes=0-2"}, 206, "", `"v1"`},
		{[]string{gzip, "Range: bytes=0-2", `If-Range: "v1"`}, 206, "", `"v1"`},
		{[]string{gzip, "Range: bytes=0-2", `If-Range: "v1~gz"`}, 200, "gzip", `"v1~gz"`},
		{[]string{gzip, "Range: bytes=90000-"}, 416, "", `"v1"`},
	} {
		r := get(h, "/", tt.request...)
		coding, tag := r.Header.Get("Content-Encoding"), r.Header.Get("Etag")
		if !strings.HasPrefix(told(r), "hit") || r.StatusCode != tt.status || coding != tt.coding || tag != tt.tag || r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %q, %d in %q with tag %s and Vary %q, want a hit, %d in %q with %s", tt.request,
				told(r), r.StatusCode, coding, tag, r.Header.Get("Vary"), tt.status, tt.coding, tt.tag)
		}
		if r.StatusCode == 206 {
			if body, _ := io.ReadAll(r.Body); string(body) != longBody[:3] {
				t.Errorf("%q: the part is %q, want one of the plain body", tt.request, body)
			}
		}
	}
	whole, head := get(h, "/", gzip), get(h, "/", gzip, "HEAD")
	if got, want := head.Header.Get("Content-Length"), whole.Header.Get("Content-Length"); got != want || want == "" {
		t.Errorf("Content-Length of HEAD = %q, want %q as of GET", got, want)
	}
	if o.runs.Load() != 1 {
		t.Errorf("the handler ran %d times, want 1", o.runs.Load())
	}
}

// What is not stored is encoded on the way, and sent as it comes.
func TestUnstoredIsEncoded(t *testing.T) {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private")
		w.Header().Set("Content-Type", "text/plain")
		if httpcache.Check(w, r, "v1", modified) {
			return
		}
		_, _ = io.WriteString(w, longBody)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "end")
	}}
	h, c := openCache(t, memoryStore(t), httpcache.Config{Encoder: newEncoder(t, encode.Config{})})
	server := httptest.NewServer(h.Handler(o))
	defer server.Close()
	for _, tt := range []struct{ method, cookie string }{{"GET", ""}, {"GET", ""}, {"POST", ""}, {"GET", "session=1"}} {
		r, err := http.NewRequest(tt.method, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "zstd")
		if tt.cookie != "" { // the cache lets it pass
			r.Header.Set("Cookie", tt.cookie)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Header.Get("Content-Encoding") != "zstd" || plain(t, resp) != longBody+"end" {
			t.Errorf("%s with cookie %q: %v, want the body in zstd", tt.method, tt.cookie, resp.Header)
		}
		_ = resp.Body.Close()
	}
	if got := sums([]*cache.Cache{c}, "hone.codings").Loads; got != 0 {
		t.Errorf("%d codings were made to be stored, want none", got)
	}
}

// What a filter keeps out is not stored in a coding either.
func TestFilteredIsEncodedAndNotStored(t *testing.T) {
	policy := httpcache.Policy{Keep: func(*http.Request, *httpcache.Response) bool { return false }}
	h, c := openCache(t, memoryStore(t), httpcache.Config{Encoder: newEncoder(t, encode.Config{}), Default: policy})
	handler := h.Handler(&origin{serve: text})
	for i := range 2 {
		r := get(handler, "/", "Accept-Encoding: gzip")
		if tag := fmt.Sprintf(`"v%d~gz"`, i+1); r.Header.Get("Etag") != tag || plain(t, r) != longBody+fmt.Sprint(i+1) {
			t.Errorf("request %d: %v, want the body with the tag %s", i+1, r.Header, tag)
		}
	}
	if got := sums([]*cache.Cache{c}, "hone.codings").Loads; got != 0 {
		t.Errorf("%d codings were made to be stored, want none", got)
	}
}
