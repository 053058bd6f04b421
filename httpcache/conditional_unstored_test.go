package httpcache_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/httpcache"
)

// versioned is a page that its handler recognises, with a given Cache-Control.
// It counts how often the work was done.
func versioned(work *int, control string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", control)
		if httpcache.Check(w, r, "v1", modified) {
			return
		}
		*work++
		_, _ = io.WriteString(w, "body")
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, " and more")
	}
}

// A page that is never stored gets its 304 all the same (RFC 9110 §13.2.1): of
// the first request the body is not sent, and then the work is not done either,
// as long as it is known that the page is for nobody else.
func TestUnstoredGetsItsNotModified(t *testing.T) {
	synctest.Test(t, testUnstoredGetsItsNotModified) // what is known is so for a second
}

func testUnstoredGetsItsNotModified(t *testing.T) {
	for _, control := range []string{"private, no-cache", "no-store", "private, max-age=60"} {
		for _, condition := range []string{`If-None-Match: "v1"`, "If-Modified-Since: " + noon} {
			work := 0
			h := open(t, memoryStore(t), httpcache.Config{}).Handler(versioned(&work, control))
			for i := range 3 {
				r := get(h, "/", condition)
				body, _ := io.ReadAll(r.Body)
				if r.StatusCode != http.StatusNotModified || len(body) > 0 || r.Header.Get("Etag") != `"v1"` || r.Header.Get("Cache-Control") != control {
					t.Errorf("%s, %s, request %d: %d %q %v, want 304 with its fields", control, condition, i+1, r.StatusCode, body, r.Header)
				}
			}
			if work != 1 {
				t.Errorf("%s, %s: the work was done %d times, want once", control, condition, work)
			}
			if r := get(h, "/", `If-None-Match: "v0"`); r.StatusCode != http.StatusOK || told(r) != "fwd=uri-miss; detail="+detailOf(control) {
				t.Errorf("%s with another tag: %d, %q, want 200", control, r.StatusCode, told(r))
			}
		}
	}
}

func detailOf(control string) string {
	if control == "no-store" {
		return control
	}
	return "private"
}

// A page that may be stored is made for all, whatever its first reader has: that
// one gets a 304, though the handler flushes, and the next the whole from the cache.
func TestStorableIsMadeForAll(t *testing.T) {
	work := 0
	h := open(t, memoryStore(t), httpcache.Config{}).Handler(versioned(&work, "max-age=60"))
	for _, tt := range []struct {
		condition, told, body string
		status                int
	}{
		{`If-None-Match: "v1"`, "fwd=uri-miss", "", 304},
		{"X: y", "hit", "body and more", 200},
		{`If-None-Match: "v1"`, "hit", "", 304},
	} {
		r := get(h, "/", tt.condition)
		if body, _ := io.ReadAll(r.Body); told(r) != tt.told || string(body) != tt.body || r.StatusCode != tt.status {
			t.Errorf("%s: %q, %d %q, want %q, %d %q", tt.condition, told(r), r.StatusCode, body, tt.told, tt.status, tt.body)
		}
	}
	if work != 1 {
		t.Errorf("the work was done %d times, want once", work)
	}
}

// A body too large to be stored is not sent to who has it.
func TestTooLargeGetsItsNotModified(t *testing.T) {
	h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{MaxBody: 8, TTL: time.Minute}})
	server := httptest.NewServer(h.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		for range 3 {
			if n, err := io.WriteString(w, "12345"); n != 5 || err != nil {
				t.Errorf("Write = %d, %v", n, err)
			}
		}
	})))
	defer server.Close()
	for range 2 {
		if r, body := do(t, server.URL, http.MethodGet, fields("If-None-Match", `"v1"`)); r.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%d %q, want 304", r.StatusCode, body)
		}
	}
	if r, body := do(t, server.URL, http.MethodGet, nil); r.StatusCode != http.StatusOK || body != "123451234512345" {
		t.Errorf("%d %q, want the body", r.StatusCode, body)
	}
}
