package httpcache_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/httpcache"
)

// TestSetTTL: the handler says how long, below another middleware.
func TestSetTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{serve: func(_ int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", r.Header.Get("X-Control"))
			if !httpcache.SetTTL(wrapper{w}, 20*time.Second) {
				t.Error("SetTTL found no cache")
			}
			_, _ = io.WriteString(w, "body")
		}}
		h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{Jitter: -1}}).Cached(time.Hour)(o)
		get(h, "/")
		time.Sleep(19 * time.Second)
		if got := told(get(h, "/")); got != "hit" {
			t.Errorf("after 19s: %q, want a hit", got)
		}
		time.Sleep(2 * time.Second)
		if got := told(get(h, "/")); got == "hit" {
			t.Error("after 21s: a hit")
		}
		if got, want := told(get(h, "/p", "X-Control: private")), "fwd=uri-miss; detail=private"; got != want {
			t.Errorf("private: %q, want %q", got, want)
		}
	})
	if httpcache.SetTTL(httptest.NewRecorder(), time.Second) || httpcache.AddTags(httptest.NewRecorder(), "a") {
		t.Error("SetTTL or AddTags found a cache where there is none")
	}
}

type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestCached: lives that were filled together do not end together.
func TestCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "body") }}
		h := open(t, memoryStore(t), httpcache.Config{}).Cached(100 * time.Second)(o)
		for i := range 100 {
			get(h, fmt.Sprintf("/%d", i))
		}
		hits := func() (n int) {
			for i := range 100 {
				if told(get(h, fmt.Sprintf("/%d", i), "Cache-Control: only-if-cached")) == "hit" {
					n++
				}
			}
			return n
		}
		time.Sleep(89 * time.Second)
		if got := hits(); got != 100 {
			t.Errorf("%d of 100 are fresh after 89s, want all", got)
		}
		time.Sleep(11 * time.Second)
		if got := hits(); got < 20 || got > 80 {
			t.Errorf("%d of 100 are fresh after 100s, want about half", got)
		}
	})
}

// TestStreamsReachTheClient: flushing, 1xx, hijacking and errors of writing
// work through the cache.
func TestStreamsReachTheClient(t *testing.T) {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hijack":
			conn, buf, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Errorf("Hijack: %v", err)
				return
			}
			_, _ = buf.WriteString("HTTP/1.1 299 Mine\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			_ = buf.Flush()
			_ = conn.Close()
		case "/hints":
			w.Header().Set("Link", "</a.css>")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Cache-Control", "max-age=60")
			_, _ = io.WriteString(w, "body")
		case "/none":
			w.WriteHeader(http.StatusNoContent)
			if _, err := io.WriteString(w, "x"); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
				t.Errorf("Write = %v", err)
			}
		}
	}}
	srv := httptest.NewServer(open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{TTL: time.Minute}}).Handler(o))
	defer srv.Close()
	for _, tt := range []struct {
		path   string
		status int
		body   string
	}{{"/hijack", 299, ""}, {"/hints", 200, "body"}, {"/hints", 200, "body"}, {"/none", 204, ""}, {"/none", 204, ""}} {
		r, err := http.Get(srv.URL + tt.path)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		body, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if r.StatusCode != tt.status || string(body) != tt.body || err != nil {
			t.Errorf("%s = %d %q, %v, want %d %q", tt.path, r.StatusCode, body, err, tt.status, tt.body)
		}
	}
	if got := o.runs.Load(); got != 3 {
		t.Errorf("the handler ran %d times, want 3", got)
	}
}

// BenchmarkHit is the middleware alone.
func BenchmarkHit(b *testing.B) {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(make([]byte, 5<<10))
	}}
	h := open(b, memoryStore(b), httpcache.Config{}).Handler(o)
	get(h, "/items?a=1&b=2")
	get(h, "/items?a=1&b=2")
	r := httptest.NewRequest(http.MethodGet, "/items?a=1&b=2", http.NoBody)
	w := &keeper{header: make(http.Header)}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
	if o.runs.Load() != 1 {
		b.Errorf("the handler ran %d times, want 1", o.runs.Load())
	}
}
