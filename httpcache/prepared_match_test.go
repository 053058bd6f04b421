package httpcache_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

// A prepared answer is for requests that are the same in all that it depends
// on, and for no others: not even such whose hashes are equal, as here.
func TestPreparedIsForTheSame(t *testing.T) {
	same := func() *http.Request {
		r := httptest.NewRequest("GET", "http://shop.example/list?page=1", http.NoBody)
		r.Header = http.Header{"Accept-Encoding": {"gzip"}, "X-Shop": {"north"}, "User-Agent": {"test"}}
		return r
	}
	field := func(name string, lines ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = lines }
	}
	for name, tt := range map[string]struct {
		change   func(*http.Request)
		prepared bool
	}{
		"nothing":       {func(*http.Request) {}, true},
		"other client":  {field("User-Agent", "other"), true},
		"other field":   {field("X-Other", "1"), true},
		"no such field": {func(r *http.Request) { delete(r.Header, "User-Agent") }, true},
		"router":        {func(r *http.Request) { r.Pattern = "GET /{name}" }, true},

		"host":           {func(r *http.Request) { r.Host = "shxp.example" }, false},
		"path":           {func(r *http.Request) { r.URL.Path = "/lost" }, false},
		"raw path":       {func(r *http.Request) { r.URL.RawPath = "/li%73t" }, false},
		"URI":            {func(r *http.Request) { r.RequestURI = "/a/list?page=1" }, false},
		"query":          {func(r *http.Request) { r.URL.RawQuery = "page=2" }, false},
		"coding":         {field("Accept-Encoding", "gaap"), false},
		"no coding":      {field("Accept-Encoding"), false},
		"codings":        {field("Accept-Encoding", "gzip", "zstd"), false},
		"key field":      {field("X-Shop", "nxrth"), false},
		"key fields":     {field("X-Shop", "north", "south"), false},
		"empty field":    {field("X-Shop", ""), false},
		"HEAD":           {func(r *http.Request) { r.Method = "HEAD" }, false},
		"POST":           {func(r *http.Request) { r.Method = "POST" }, false},
		"body":           {func(r *http.Request) { r.ContentLength = 1 }, false},
		"streamed body":  {func(r *http.Request) { r.ContentLength = -1 }, false},
		"certificate":    {func(r *http.Request) { r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}} }, false},
		"cookie":         {field("Cookie", "session=1"), false},
		"cookie instead": {func(r *http.Request) { delete(r.Header, "User-Agent"); r.Header["Cookie"] = []string{"session=1"} }, false},
		"authorization":  {field("Authorization", "Bearer x"), false},
		"demand":         {field("Cache-Control", "no-cache"), false},
		"older demand":   {field("Pragma", "no-cache"), false},
		"tag":            {field("If-None-Match", "*"), false},
		"date":           {field("If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT"), false},
		"range":          {field("Range", "bytes=0-1"), false},
		"precondition":   {field("If-Match", "*"), false},
		"precondition 2": {field("If-Unmodified-Since", "Thu, 01 Jan 2026 00:00:00 GMT"), false},
		"upgrade":        {field("Upgrade", "websocket"), false},
	} {
		inBubble(t, name, func(t *testing.T) {
			prepared := prepare(t, httpcache.Config{
				Default: httpcache.Policy{Headers: []string{"X-Shop"}}, Encoder: newEncoder(t, encode.Config{MinSize: -1}),
			}, nil, same)
			r, w := same(), httptest.NewRecorder()
			tt.change(r)
			if got := prepared(w, r); got != tt.prepared {
				t.Errorf("prepared = %v (%v), want %v", got, w.Header(), tt.prepared)
			}
			if !prepared(httptest.NewRecorder(), same()) {
				t.Error("the first request's answer is no longer prepared")
			}
		})
	}
}

// A field without lines is one of those that there are, though what it says is
// the same as without it.
func TestPreparedForAFieldWithoutLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := func(name string, lines ...string) *http.Request {
			r := httptest.NewRequest("GET", "http://shop.example/list", http.NoBody)
			r.Header = http.Header{name: lines}
			return r
		}
		prepared := prepare(t, httpcache.Config{Default: httpcache.Policy{Headers: []string{"X-Shop"}}}, nil,
			func() *http.Request { return with("X-Shop") })
		if !prepared(httptest.NewRecorder(), with("X-Shop")) {
			t.Error("the request's answer is not prepared")
		}
		if prepared(httptest.NewRecorder(), with("Cookie", "session=1")) {
			t.Error("a request with a cookie gets the answer")
		}
	})
}

// Of so many URIs, some share their slot with the one that is prepared.
func TestPreparedIsForOneURI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := httptest.NewRequest("GET", "http://a/list", http.NoBody)
		prepared := prepare(t, httpcache.Config{}, nil, func() *http.Request { return r })
		for i := range 8000 {
			other := *r
			other.RequestURI = fmt.Sprintf("/%d/list", i)
			if prepared(httptest.NewRecorder(), &other) {
				t.Fatalf("%s gets the answer that is prepared for %s", other.RequestURI, r.RequestURI)
			}
		}
	})
}

// What one policy has had prepared is not for another's requests.
func TestPreparedIsOfItsPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		says := func(text string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "max-age=60")
				_, _ = fmt.Fprint(w, text)
			})
		}
		h := open(t, memoryStore(t), httpcache.Config{})
		byShop, err := h.With(httpcache.Policy{Headers: []string{"X-Shop"}})
		if err != nil {
			t.Fatal(err)
		}
		all, shops := h.Handler(says("all")), byShop(says("shops"))
		for range 6 {
			get(all, "http://a/")
		}
		if got := plain(t, get(shops, "http://a/")); got != "shops" {
			t.Errorf("the other policy's request got %q, want %q", got, "shops")
		}
	})
}
