package httpcache_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/httpcache"
)

// TestMissingLivesShortly: what is missing may come, so a 404 lives a tenth of
// TTL and at most ten seconds.
func TestMissingLivesShortly(t *testing.T) {
	for _, tt := range []struct {
		ttl, life time.Duration
	}{{10 * time.Minute, 10 * time.Second}, {50 * time.Second, 5 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }}
			h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{TTL: tt.ttl, Jitter: -1, Beta: -1}}).Handler(o)
			get(h, "/")
			time.Sleep(tt.life - time.Second)
			get(h, "/")
			if got := o.runs.Load(); got != 1 {
				t.Errorf("TTL %s: the handler ran %d times within %s, want once", tt.ttl, got, tt.life)
			}
			time.Sleep(time.Second)
			get(h, "/")
			if got := o.runs.Load(); got != 2 {
				t.Errorf("TTL %s: the handler ran %d times after %s, want twice", tt.ttl, got, tt.life)
			}
		})
	}
}

// TestEarlyRefresh: a response that takes long is fetched anew in the
// background before its end, by few of many readers, who are all served.
func TestEarlyRefresh(t *testing.T) {
	refreshes := func(beta float64) int64 {
		var runs int64
		synctest.Test(t, func(t *testing.T) {
			o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
				time.Sleep(2 * time.Second)
				_, _ = io.WriteString(w, "body")
			}}
			h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{TTL: time.Minute, Jitter: -1, Beta: beta}}).Handler(o)
			get(h, "/")
			for range 550 { // up to 55 of the 60 seconds
				before := time.Now()
				if got := told(get(h, "/")); !strings.HasPrefix(got, "hit") {
					t.Fatalf("Cache-Status = %s, want a hit", got)
				}
				if waited := time.Since(before); waited > 0 {
					t.Fatalf("a reader waited %s, want none to", waited)
				}
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(3 * time.Second) // what is under way ends
			synctest.Wait()
			runs = o.runs.Load()
		})
		return runs
	}
	if got := refreshes(-1); got != 1 {
		t.Errorf("without Beta the handler ran %d times before the end, want once", got)
	}
	// With Δ = 2 s, a reader 5 s before the end refreshes with e^(-5/2): of
	// fifty in those seconds, one is certain enough to be one in 10^20.
	if got := refreshes(4); got < 2 || got > 20 {
		t.Errorf("with Beta 4 the handler ran %d times, want a few", got)
	}
}

// FuzzCookies: a request with a cookie that nobody declared harmless is never
// answered from the cache, however the field is written.
func FuzzCookies(f *testing.F) {
	for _, s := range []string{"theme=dark", "session=1", "theme=dark; session=1", "; =x;theme", " theme = dark ;", "theme=\"a;session=1\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "max-age=60")
			_, _ = io.WriteString(w, "body")
		}}
		h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{Cookies: []string{"theme"}}}).Handler(o)
		get(h, "/")
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header["Cookie"] = []string{line}
		h.ServeHTTP(httptest.NewRecorder(), r)
		harmless := true
		for _, pair := range strings.Split(line, ";") {
			pair = strings.TrimSpace(pair)
			if name, _, _ := strings.Cut(pair, "="); pair != "" && name != "theme" {
				harmless = false // a blank before "=" too: nobody knows how it is read
			}
		}
		if hit := o.runs.Load() == 1; hit != harmless {
			t.Errorf("Cookie: %q was answered from the cache: %v, want %v", line, hit, harmless)
		}
	})
}

// FuzzTags: whatever the fields with tags hold, each word invalidates what
// carries it, or the response is not stored.
func FuzzTags(f *testing.F) {
	f.Add("a b", "c, d")
	f.Add("", ",,")
	f.Add("a\tb  a", `"x,y", z`)
	f.Fuzz(func(t *testing.T, words, list string) {
		o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "max-age=60")
			w.Header()["Surrogate-Key"] = []string{words}
			w.Header()["Cache-Tag"] = []string{list}
			_, _ = io.WriteString(w, "body")
		}}
		c := open(t, memoryStore(t), httpcache.Config{})
		h := c.Handler(o)
		get(h, "/")
		get(h, "/")
		if o.runs.Load() == 2 {
			return // not stored
		}
		tags := strings.Fields(words)
		if i := slices.Index(tags, ""); i >= 0 {
			t.Fatalf("an empty word in %q", words)
		}
		for _, tag := range tags {
			runs := o.runs.Load()
			if err := c.Invalidate(t.Context(), tag); err != nil {
				t.Fatalf("Invalidate(%q) = %v", tag, err)
			}
			if get(h, "/"); o.runs.Load() != runs+1 {
				t.Errorf("the response tagged %q stands after Invalidate(%q)", words, tag)
			}
		}
	})
}
