package httpcache_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/internal/httpfield"
)

// The times of the tables: the resource was modified at noon.
const (
	before = "Fri, 02 Jan 2026 11:59:59 GMT"
	noon   = "Fri, 02 Jan 2026 12:00:00 GMT"
	after  = "Fri, 02 Jan 2026 12:00:01 GMT"
)

var modified = time.Date(2026, 1, 2, 12, 0, 0, 999, time.UTC)

// fields makes a header of names and values in turn.
func fields(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestCheck(t *testing.T) {
	const get, head, put, del = http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete
	ifMatch, ifNone, ifSince, ifNotSince := "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"
	tests := []struct {
		clause   string
		method   string
		request  http.Header
		etag     string
		modified time.Time
		want     int // 0: the handler goes on
	}{
		{"no condition", get, fields(), `"a"`, modified, 0},

		{"13.1.1 If-Match: equal", put, fields(ifMatch, `"a"`), `"a"`, modified, 0},
		{"13.1.1 If-Match: other", put, fields(ifMatch, `"b"`), `"a"`, modified, 412},
		{"13.1.1 If-Match: other, on GET too", get, fields(ifMatch, `"b"`), `"a"`, modified, 412},
		{"13.1.1 If-Match: in a list", put, fields(ifMatch, `"b" , "a"`), `"a"`, modified, 0},
		{"13.1.1 If-Match: on a second line", del, fields(ifMatch, `"b"`, ifMatch, `"a"`), `"a"`, modified, 0},
		{"13.1.1 If-Match: * and a resource", put, fields(ifMatch, `*`), `"a"`, modified, 0},
		{"13.1.1 If-Match: * and a resource with a time alone", put, fields(ifMatch, `*`), ``, modified, 0},
		{"13.1.1 If-Match: * and none", put, fields(ifMatch, `*`), ``, time.Time{}, 412},
		{"13.1.1 If-Match: a tag and none", del, fields(ifMatch, `"a"`), ``, time.Time{}, 412},
		{"13.1.1 If-Match: the empty tag and none", put, fields(ifMatch, `""`), ``, time.Time{}, 412},
		{"13.1.1 If-Match: weak here", put, fields(ifMatch, `"a"`), `W/"a"`, modified, 412},
		{"13.1.1 If-Match: weak there", put, fields(ifMatch, `W/"a"`), `"a"`, modified, 412},
		{"13.1.1 If-Match: no tag in it", put, fields(ifMatch, `a`), `"a"`, modified, 412},
		{"13.1.1 If-Match: empty", put, fields(ifMatch, ``), `"a"`, modified, 412},

		{"13.1.2 If-None-Match: equal", get, fields(ifNone, `"a"`), `"a"`, modified, 304},
		{"13.1.2 If-None-Match: equal, HEAD", head, fields(ifNone, `"a"`), `"a"`, modified, 304},
		{"13.1.2 If-None-Match: equal, write", put, fields(ifNone, `"a"`), `"a"`, modified, 412},
		{"13.1.2 If-None-Match: other", get, fields(ifNone, `"b"`), `"a"`, modified, 0},
		{"13.1.2 If-None-Match: in a list", get, fields(ifNone, `"b", W/"c","a"`), `"a"`, modified, 304},
		{"13.1.2 If-None-Match: a comma in a tag", get, fields(ifNone, `"b,c", "a"`), `"a"`, modified, 304},
		{"13.1.2 If-None-Match: weak here", get, fields(ifNone, `"a"`), `W/"a"`, modified, 304},
		{"13.1.2 If-None-Match: weak there", get, fields(ifNone, `W/"a"`), `"a"`, modified, 304},
		{"13.1.2 If-None-Match: lower-case w is no tag", get, fields(ifNone, `w/"a"`), `"a"`, modified, 0},
		{"13.1.2 If-None-Match: * and a resource", get, fields(ifNone, `*`), `"a"`, modified, 304},
		{"13.1.2 If-None-Match: * so that PUT only creates", put, fields(ifNone, `*`), `"a"`, modified, 412},
		{"13.1.2 If-None-Match: * and PUT creates", put, fields(ifNone, `*`), ``, time.Time{}, 0},
		{"13.1.2 If-None-Match: no tag to compare", get, fields(ifNone, `"a"`), ``, modified, 0},
		{"13.1.2 If-None-Match: broken quote", get, fields(ifNone, `"a`), `"a"`, modified, 0},

		{"13.1.3 If-Modified-Since: the same", get, fields(ifSince, noon), ``, modified, 304},
		{"13.1.3 If-Modified-Since: later", head, fields(ifSince, after), ``, modified, 304},
		{"13.1.3 If-Modified-Since: earlier", get, fields(ifSince, before), ``, modified, 0},
		{"13.1.3 If-Modified-Since: ignored on writes", put, fields(ifSince, noon), ``, modified, 0},
		{"13.1.3 If-Modified-Since: ignored beside If-None-Match", get, fields(ifSince, noon, ifNone, `"b"`), `"a"`, modified, 0},
		{"13.1.3 If-Modified-Since: not a date", get, fields(ifSince, "yesterday"), ``, modified, 0},
		{"13.1.3 If-Modified-Since: several lines", get, fields(ifSince, noon, ifSince, noon), ``, modified, 0},
		{"13.1.3 If-Modified-Since: no time to compare", get, fields(ifSince, noon), `"a"`, time.Time{}, 0},
		{"5.6.7 a date of RFC 850", get, fields(ifSince, "Friday, 02-Jan-26 12:00:00 GMT"), ``, modified, 304},
		{"5.6.7 a date of asctime", get, fields(ifSince, "Fri Jan  2 12:00:00 2026"), ``, modified, 304},

		{"13.1.4 If-Unmodified-Since: the same", put, fields(ifNotSince, noon), ``, modified, 0},
		{"13.1.4 If-Unmodified-Since: earlier", put, fields(ifNotSince, before), ``, modified, 412},
		{"13.1.4 If-Unmodified-Since: ignored beside If-Match", put, fields(ifNotSince, before, ifMatch, `"a"`), `"a"`, modified, 0},
		{"13.1.4 If-Unmodified-Since: not a date", put, fields(ifNotSince, "soon"), ``, modified, 0},
		{"13.1.4 If-Unmodified-Since: no time to compare", put, fields(ifNotSince, before), `"a"`, time.Time{}, 0},

		{"13.2.1 OPTIONS has none", http.MethodOptions, fields(ifMatch, `"b"`), `"a"`, modified, 0},
		{"13.2.2 412 before 304", get, fields(ifMatch, `"b"`, ifNone, `"a"`), `"a"`, modified, 412},
		{"13.2.2 step 1, then 3", get, fields(ifMatch, `"a"`, ifNone, `"a"`), `"a"`, modified, 304},
		{"13.2.2 step 2, then 4", get, fields(ifNotSince, noon, ifSince, noon), ``, modified, 304},

		{"a bare version is quoted", get, fields(ifNone, `"v7"`), `v7`, modified, 304},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(tt.method, "/", nil)
		r.Header = tt.request
		w := httptest.NewRecorder()
		got := 0
		if httpcache.Check(w, r, tt.etag, tt.modified) {
			got = w.Code
		}
		if got != tt.want {
			t.Errorf("%s: Check(%s %v, %q) = %d, want %d", tt.clause, tt.method, tt.request, tt.etag, got, tt.want)
		}
	}
}

// RFC 9110 §15.4.5: what a 304 must have, and what it should not.
func TestCheckKeepsTheFieldsOfA304(t *testing.T) {
	set := fields("Cache-Control", "max-age=60", "Vary", "Accept", "Date", noon, "Expires", after,
		"Content-Location", "/a.json", "X-Other", "kept",
		"Content-Type", "text/html", "Content-Length", "5", "Content-Encoding", "br", "Content-Language", "de")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, lines := range set {
			w.Header()[name] = lines
		}
		if !httpcache.Check(w, r, "v7", modified) {
			_, _ = io.WriteString(w, "<br/>")
		}
	}))
	defer server.Close()
	resp, body := do(t, server.URL, http.MethodGet, fields("If-None-Match", `"v7"`))
	if resp.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("answer = %d %q, want 304 and no body", resp.StatusCode, body)
	}
	want := map[string]string{
		"Etag": `"v7"`, "Last-Modified": "", "Cache-Control": "max-age=60", "Vary": "Accept", "Date": noon, "Expires": after,
		"Content-Location": "/a.json", "X-Other": "kept",
		"Content-Type": "", "Content-Length": "", "Content-Encoding": "", "Content-Language": "",
	}
	for name, value := range want {
		if got := resp.Header.Get(name); got != value {
			t.Errorf("%s of a 304 = %q, want %q", name, got, value)
		}
	}
}

// The client that has only a date needs it again.
func TestA304WithoutATagHasItsTime(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("If-Modified-Since", noon)
	if !httpcache.Check(w, r, "", modified) {
		t.Fatal("Check = false, want true")
	}
	if got := w.Header().Get("Last-Modified"); got != noon {
		t.Errorf("Last-Modified of a 304 = %q, want %q", got, noon)
	}
}

func TestCheckSetsTheValidators(t *testing.T) {
	tests := []struct {
		method, etag string
		wantTag      string
		wantTime     string
	}{
		{http.MethodGet, "v7", `"v7"`, noon},
		{http.MethodHead, `W/"v7"`, `W/"v7"`, noon},
		{http.MethodGet, "", "", noon},
		// RFC 9110 §9.3.4: a tag with the answer to PUT is that of the new state.
		{http.MethodPut, "v7", "", ""},
		{http.MethodPost, "v7", "", ""},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		httpcache.Check(w, httptest.NewRequest(tt.method, "/", nil), tt.etag, modified)
		tag, date := w.Header().Get("ETag"), w.Header().Get("Last-Modified")
		if tag != tt.wantTag || date != tt.wantTime {
			t.Errorf("Check(%s, %q) set %q and %q, want %q and %q", tt.method, tt.etag, tag, date, tt.wantTag, tt.wantTime)
		}
	}
}

// A refusal under the Cache-Control of the 200 would be stored in its place.
func TestARefusalIsNotStored(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("If-Match", `"old"`)
	for _, name := range []string{"Cache-Control", "CDN-Cache-Control", "Surrogate-Control"} {
		w.Header().Set(name, "max-age=3600")
	}
	w.Header().Set("Expires", "Fri, 02 Jan 2099 12:00:00 GMT")
	httpcache.Check(w, r, "new", modified)
	if w.Code != http.StatusPreconditionFailed || w.Header().Get("ETag") != `"new"` {
		t.Errorf("answer = %d with tag %s, want 412 with \"new\"", w.Code, w.Header().Get("ETag"))
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "CDN-Cache-Control": "", "Surrogate-Control": "", "Expires": ""} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s of a 412 = %q, want %q", name, got, want)
		}
	}
}

// Whatever text a user gives, the field is one tag, and another text's is
// another; the tag is understood when it comes back.
func FuzzCheckTag(f *testing.F) {
	for _, s := range []string{"v7", `"v7"`, `W/"v7"`, "a b", "a\r\nSet-Cookie: x", `"`, `W/`, "é", "\x00", "2026-01-02 12:00:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, etag string) {
		if etag == "" {
			return
		}
		w := httptest.NewRecorder()
		httpcache.Check(w, httptest.NewRequest(http.MethodGet, "/", nil), etag, time.Time{})
		field := w.Header().Get("ETag")
		tag, ok := httpfield.ParseTag(field)
		if !ok {
			t.Fatalf("Check(%q) set ETag %q, want a tag", etag, field)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-None-Match", `"x", `+field)
		if !httpcache.Check(httptest.NewRecorder(), r, etag, time.Time{}) {
			t.Errorf("Check(%q) with If-None-Match %s = false, want true", etag, field)
		}
		r = httptest.NewRequest(http.MethodPut, "/", nil)
		r.Header.Set("If-Match", field)
		if got := httpcache.Check(httptest.NewRecorder(), r, etag, time.Time{}); got != tag.Weak {
			t.Errorf("Check(%q) with If-Match %s = %t, want %t", etag, field, got, tag.Weak)
		}
		w = httptest.NewRecorder()
		httpcache.Check(w, httptest.NewRequest(http.MethodGet, "/", nil), etag+"!", time.Time{})
		if other := w.Header().Get("ETag"); other == field {
			t.Errorf("Check(%q) and Check(%q) set the same ETag %s", etag, etag+"!", field)
		}
	})
}
