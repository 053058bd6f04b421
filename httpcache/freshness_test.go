package httpcache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/httpcache"
)

// TestReuse follows one stored response through time: each step says what a
// request at that age gets.
func TestReuse(t *testing.T) {
	type step struct {
		at      time.Duration // since the first request
		request string
		want    string // of Cache-Status
		body    string // the run that made it
	}
	const stored = "fwd=uri-miss; stored"
	tests := []struct {
		name     string
		policy   httpcache.Policy
		response string
		steps    []step
	}{
		{"RFC 9111 §4.2: fresh, then stale", httpcache.Policy{}, "Cache-Control: max-age=10\nEtag: \"v\"", []step{
			{0, "", stored, "1"},
			{9 * time.Second, "", "hit", "1"},
			{10 * time.Second, "", "fwd=stale; fwd-status=304; stored", "1"},
			{19 * time.Second, "", "hit", "1"},
		}},
		{"RFC 9111 §4.2.4: must-revalidate", httpcache.Policy{StaleIfError: time.Hour}, "Cache-Control: max-age=10, must-revalidate\nX-Fail: yes", []step{
			{0, "", stored, "1"}, {11 * time.Second, "", "fwd=stale; detail=status", "broken"},
		}},
		{"RFC 5861 §3: stale-while-revalidate", httpcache.Policy{}, "Cache-Control: max-age=10, stale-while-revalidate=10", []step{
			{0, "", stored, "1"},
			{11 * time.Second, "", "hit", "1"},
			{12 * time.Second, "", "hit", "2"},
			{42 * time.Second, "", "fwd=stale; stored", "3"},
		}},
		{"RFC 5861 §4: stale-if-error", httpcache.Policy{}, "Cache-Control: max-age=10, stale-if-error=10\nX-Fail: yes", []step{
			{0, "", stored, "1"},
			{11 * time.Second, "", "fwd=stale; detail=stale-if-error", "1"},
			{21 * time.Second, "", "fwd=stale; detail=status", "broken"},
		}},
		{"RFC 9111 §5.2.2.4: no-cache", httpcache.Policy{}, "Cache-Control: max-age=10, no-cache\nEtag: \"v\"", []step{
			{0, "", stored, "1"}, {time.Second, "", "fwd=request; fwd-status=304; stored", "1"},
		}},
		{"RFC 9111 §5.2.1.1: max-age of the request", httpcache.Policy{}, "Cache-Control: max-age=100", []step{
			{0, "", stored, "1"},
			{5 * time.Second, "Cache-Control: max-age=5", "hit", "1"},
			{6 * time.Second, "Cache-Control: max-age=5", "fwd=request; stored", "2"},
		}},
		{"RFC 9111 §5.2.1.2: max-stale", httpcache.Policy{}, "Cache-Control: max-age=10", []step{
			{0, "", stored, "1"},
			{15 * time.Second, "Cache-Control: max-stale=5", "hit", "1"},
			{16 * time.Second, "Cache-Control: max-stale", "hit", "1"},
			{16 * time.Second, "Cache-Control: max-stale=5", "fwd=stale; stored", "2"},
		}},
		{"RFC 9111 §5.2.1.3: min-fresh", httpcache.Policy{}, "Cache-Control: max-age=10", []step{
			{0, "", stored, "1"},
			{5 * time.Second, "Cache-Control: min-fresh=5", "hit", "1"},
			{5 * time.Second, "Cache-Control: min-fresh=6", "fwd=request; stored", "2"},
		}},
		{"RFC 9111 §5.2.1.4: no-cache of the request", httpcache.Policy{}, "Cache-Control: max-age=10", []step{
			{0, "", stored, "1"}, {1 * time.Second, "Cache-Control: no-cache", "fwd=request; stored", "2"}, {2 * time.Second, "", "hit", "2"},
		}},
		{"RFC 9111 §5.4: Pragma", httpcache.Policy{}, "Cache-Control: max-age=10", []step{
			{0, "", stored, "1"}, {1 * time.Second, "Pragma: no-cache", "fwd=request; stored", "2"},
		}},
		{"IgnoreRequest", httpcache.Policy{IgnoreRequest: true}, "Cache-Control: max-age=10", []step{
			{0, "", stored, "1"}, {1 * time.Second, "Cache-Control: no-cache", "hit", "1"},
		}},
		{"RFC 9111 §5.2.1.7: only-if-cached", httpcache.Policy{}, "Cache-Control: max-age=10", []step{
			{0, "Cache-Control: only-if-cached", "fwd=uri-miss", "Gateway Timeout\n"},
			{0, "", stored, "1"},
			{1 * time.Second, "Cache-Control: only-if-cached", "hit", "1"},
		}},
		{"RFC 8246: immutable", httpcache.Policy{}, "Cache-Control: max-age=10, immutable", []step{
			{0, "", stored, "1"}, {1 * time.Second, "Cache-Control: max-age=0", "hit", "1"}, {11 * time.Second, "", "fwd=stale; stored", "2"},
		}},
		{"TTL with jitter", httpcache.Policy{TTL: 10 * time.Second, Jitter: 0.5}, "", []step{
			{0, "", stored, "1"}, {5 * time.Second, "", "hit", "1"}, {15 * time.Second, "", "fwd=stale; stored", "2"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &origin{serve: func(run int64, w http.ResponseWriter, r *http.Request) {
					for line := range strings.Lines(tt.response) {
						name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
						w.Header().Set(name, value)
					}
					if run > 1 && w.Header().Get("X-Fail") != "" {
						w.Header().Del("Cache-Control")
						w.WriteHeader(http.StatusInternalServerError)
						_, _ = io.WriteString(w, "broken")
						return
					}
					if tag := w.Header().Get("Etag"); tag != "" && r.Header.Get("If-None-Match") == tag {
						w.WriteHeader(http.StatusNotModified)
						return
					}
					_, _ = fmt.Fprint(w, run)
				}}
				hc := open(t, memoryStore(t), httpcache.Config{Default: tt.policy, OnError: func(_ context.Context, err error) { t.Log(err) }})
				h := hc.Handler(o)
				start := time.Now()
				for i, s := range tt.steps {
					time.Sleep(s.at - time.Since(start))
					var request []string
					if s.request != "" {
						request = []string{s.request}
					}
					r := get(h, "/", request...)
					body, _ := io.ReadAll(r.Body)
					if got := told(r); got != s.want || string(body) != s.body {
						t.Errorf("step %d, at %v: %q with %q, want %q with %q", i+1, s.at, got, body, s.want, s.body)
					}
					synctest.Wait()
				}
			})
		})
	}
}

// TestAge: RFC 9111 §5.1, and RFC 9211 §2.1, §2.3.
func TestAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "max-age=60")
			w.Header().Set("Age", "7")
		}}
		h := open(t, memoryStore(t), httpcache.Config{ShowKey: true, Name: "edge"}).Handler(o)
		get(h, "http://shop.example/a?b=1")
		time.Sleep(3 * time.Second)
		r := get(h, "http://SHOP.example/a?b=1")
		if got, want := r.Header.Get("Age"), "10"; got != want {
			t.Errorf("Age = %q, want %q", got, want)
		}
		if got, want := r.Header.Get("Cache-Status"), `edge; hit; ttl=50; key="shop.example/a?b=1"`; got != want {
			t.Errorf("Cache-Status = %q, want %q", got, want)
		}
	})
}

// What is validated by its Last-Modified has the fields of the 304 from then on
// (RFC 9111 §4.3.4), but not those about a body that it has not sent.
func TestNotModifiedUpdatesWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const modified = "Fri, 02 Jan 1998 12:00:00 GMT"
		o := &origin{serve: func(run int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=10")
			w.Header().Set("X-Run", fmt.Sprint(run))
			if run > 1 {
				if got := r.Header.Get("If-Modified-Since"); got != modified {
					t.Errorf("If-Modified-Since = %q, want %q", got, modified)
				}
				w.Header().Set("Content-Encoding", "none")
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("Last-Modified", modified)
			_, _ = io.WriteString(w, "body")
		}}
		h := open(t, memoryStore(t), httpcache.Config{}).Handler(o)
		get(h, "/")
		time.Sleep(11 * time.Second)
		for _, want := range []string{"fwd=stale; fwd-status=304; stored", "hit"} {
			r := get(h, "/")
			body, _ := io.ReadAll(r.Body)
			if got := told(r); got != want || r.Header.Get("X-Run") != "2" || r.Header.Get("Content-Encoding") != "" || string(body) != "body" {
				t.Errorf("%s: %q with %v, want %s: the body with X-Run: 2", got, body, r.Header, want)
			}
		}
	})
}

// Fields that no-cache or private name are for the one who asked (RFC 9111
// §5.2.2.4, §5.2.2.7).
func TestNamedFieldsAreNotStored(t *testing.T) {
	h := open(t, memoryStore(t), httpcache.Config{}).Handler(&origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", `max-age=60, no-cache="x-a, Set-Cookie", private="X-B"`)
		for _, name := range []string{"Set-Cookie", "X-A", "X-B", "X-C"} {
			w.Header().Set(name, "set")
		}
	}})
	for i, want := range []struct{ told, named string }{{"fwd=uri-miss; stored", "set"}, {"hit", ""}} {
		r := get(h, "/")
		for _, name := range []string{"Set-Cookie", "X-A", "X-B"} {
			if got := r.Header.Get(name); told(r) != want.told || got != want.named || r.Header.Get("X-C") != "set" {
				t.Errorf("request %d: %s = %q (%s), X-C %q, want %q (%s) and X-C", i+1, name, got, told(r), r.Header.Get("X-C"), want.named, want.told)
			}
		}
	}
}
