package httpcache_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
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

// Where callbacks or the response decide what a request gets, nothing is
// prepared.
func TestNothingIsPrepared(t *testing.T) {
	owner, err := httpcache.OwnedBy(func(*http.Request) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	no := func(*http.Request) bool { return false }
	for name, tt := range map[string]struct {
		cfg    httpcache.Config
		header http.Header
	}{
		"Owner":          {cfg: httpcache.Config{Default: httpcache.Policy{Owner: owner}}},
		"Unless":         {cfg: httpcache.Config{Default: httpcache.Policy{Unless: no}}},
		"Fresh":          {cfg: httpcache.Config{Default: httpcache.Policy{Fresh: no}}},
		"ShowKey":        {cfg: httpcache.Config{ShowKey: true}},
		"fields":         {cfg: httpcache.Config{Default: httpcache.Policy{Headers: []string{"A", "B", "C", "D", "E"}}}},
		"Vary":           {header: http.Header{"Vary": {"X-Shop"}}},
		"a large header": {header: http.Header{"X-Large": {string(make([]byte, 5000))}}},
		"what is stale":  {header: http.Header{"Cache-Control": {"max-age=0, stale-while-revalidate=60"}}},
	} {
		inBubble(t, name, func(t *testing.T) {
			r := func() *http.Request { return httptest.NewRequest("GET", "http://a/", http.NoBody) }
			if prepare(t, tt.cfg, tt.header, r)(httptest.NewRecorder(), r()) {
				t.Error("an answer is prepared")
			}
		})
	}
}

// inBubble runs a row of a table by a clock of its own.
func inBubble(t *testing.T, row string, test func(*testing.T)) {
	t.Run(row, func(t *testing.T) { synctest.Test(t, test) })
}

// prepare has requests answered until an answer should be prepared, with a
// header besides what is needed to store it, and returns what answers those that
// it is prepared for.
func prepare(t *testing.T, cfg httpcache.Config, header http.Header, r func() *http.Request) func(http.ResponseWriter, *http.Request) bool {
	t.Helper()
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Cache-Control"], h["Content-Type"] = []string{"max-age=3600"}, []string{"text/plain"}
		for name, lines := range header {
			h[name] = lines
		}
		_, _ = fmt.Fprint(w, "a page of a list that can be had in a coding")
	}}
	h := open(t, memoryStore(t), cfg)
	prepared, _ := httpcache.Ways(h, o)
	handler := h.Handler(o)
	for range 6 {
		handler.ServeHTTP(httptest.NewRecorder(), r())
	}
	return prepared
}

// A prepared answer is as old as it says, and ends with what is fresh.
func TestPreparedEndsInTime(t *testing.T) {
	for _, tt := range []struct {
		control string
		after   time.Duration
		want    bool
	}{
		{"max-age=60", 998 * time.Millisecond, true},
		{"max-age=60", time.Second - 1, false},
		{"max-age=1", 998 * time.Millisecond, true},
		{"max-age=1", time.Second - 1, false},
	} {
		inBubble(t, tt.control+" after "+tt.after.String(), func(t *testing.T) {
			r := func() *http.Request { return httptest.NewRequest("GET", "http://a/", http.NoBody) }
			prepared := prepare(t, httpcache.Config{Default: httpcache.Policy{Beta: -1}}, http.Header{"Cache-Control": {tt.control}}, r)
			time.Sleep(tt.after)
			synctest.Wait()
			if w := httptest.NewRecorder(); prepared(w, r()) != tt.want || tt.want && w.Header().Get("Age") != "0" {
				t.Errorf("prepared with Age %q, want %v with 0", w.Header().Get("Age"), tt.want)
			}
		})
	}
}

// A prepared answer ends with what it is made of, in another process too: before
// its second is over, and before a look-up the long way has found out.
func TestPreparedEndsElsewhere(t *testing.T) {
	eachStore(t, func(t *testing.T, store func() cache.Store) {
		ctx := t.Context()
		h, elsewhere := open(t, store(), httpcache.Config{}), open(t, store(), httpcache.Config{})
		nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		for name, end := range map[string]func() error{
			"tag":    func() error { return elsewhere.Invalidate(ctx, "list") },
			"URL":    func() error { return elsewhere.InvalidateURL(ctx, "http://a/list") },
			"prefix": func() error { return elsewhere.InvalidatePrefix(ctx, "http://a/") },
			"write": func() error {
				get(elsewhere.Handler(nothing), "http://a/list", "DELETE")
				return nil
			},
		} {
			t.Run("by="+name, func(t *testing.T) {
				eventually(t, func() bool { return endsEarly(t, h, end) }) // the machine may be too slow once
			})
		}
	})
}

// endsEarly has an answer prepared, ends it, and reports whether that was seen
// in the same second, in which nothing else ends it.
func endsEarly(t *testing.T, h *httpcache.HTTPCache, end func() error) bool {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		w.Header().Set("Surrogate-Key", "list")
	}}
	prepared, long := httpcache.Ways(h, o)
	handler, r := h.Handler(o), httptest.NewRequest("GET", "http://a/list", http.NoBody)
	begun := time.Now()
	late := func() bool { return time.Since(begun) >= time.Second }
	for !prepared(httptest.NewRecorder(), r) && !late() {
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	for prepared(httptest.NewRecorder(), r) && !late() {
		runtime.Gosched()
	}
	if late() || o.runs.Load() != 1 { // what was prepared may have been stored before
		return false
	}
	long.ServeHTTP(httptest.NewRecorder(), r)
	return o.runs.Load() == 2 // or it was the news that the response was stored
}

// A prepared hit allocates nothing.
func TestPreparedAllocatesNothing(t *testing.T) {
	o := &origin{serve: text}
	h := open(t, memoryStore(t), httpcache.Config{})
	handler, r := h.Handler(o), httptest.NewRequest("GET", "http://a/", http.NoBody)
	w := &emptyWriter{header: make(http.Header)}
	allocs := testing.AllocsPerRun(2000, func() {
		clear(w.header)
		handler.ServeHTTP(w, r)
	})
	if allocs != 0 {
		t.Errorf("%v allocations per hit, want 0", allocs)
	}
	if w.header["Age"] == nil {
		t.Errorf("header = %v, want that of a hit", w.header)
	}
}

type emptyWriter struct{ header http.Header }

func (w *emptyWriter) Header() http.Header         { return w.header }
func (w *emptyWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *emptyWriter) WriteHeader(int)             {}
