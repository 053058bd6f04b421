package httpcache_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/httpcache"
)

// TestHugeBodyStreams: 1 GiB goes through in bounded memory, whether or not it
// says how long it is, and is not stored.
func TestHugeBodyStreams(t *testing.T) {
	const size = 1 << 30
	chunk := bytes.Repeat([]byte("x"), 1<<20)
	for _, announced := range []bool{true, false} {
		o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "max-age=60")
			if announced {
				w.Header().Set("Content-Length", fmt.Sprint(size))
			}
			for range size / len(chunk) {
				_, _ = w.Write(chunk)
			}
		}}
		h := open(t, memoryStore(t), httpcache.Config{}).Handler(o)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := &counter{header: make(http.Header)}
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		runtime.ReadMemStats(&after)
		if w.bytes != size {
			t.Errorf("announced = %t: %d bytes came through, want %d", announced, w.bytes, size)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
			t.Errorf("announced = %t: %d bytes were allocated on the way", announced, grown)
		}
		if got := told(get(h, "/", "HEAD")); got != "fwd=uri-miss" {
			t.Errorf("announced = %t: %q, want it not to be stored", announced, got)
		}
	}
}

// counter is a writer that only counts.
type counter struct {
	header http.Header
	bytes  int
}

func (c *counter) Header() http.Header         { return c.header }
func (c *counter) Write(p []byte) (int, error) { c.bytes += len(p); return len(p), nil }
func (c *counter) WriteHeader(int)             {}

// TestHostileFields: none of them breaks anything, or has a response stored
// that forbids it.
func TestHostileFields(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	for _, field := range []string{
		"Cache-Control: max-age=99999999999999999999999999", "Cache-Control: max-age=-1", `Cache-Control: max-age="60`,
		"Cache-Control: " + strings.Repeat(",", 1<<16), "Cache-Control: " + strings.Repeat("max-age=1,", 1<<14), "Cache-Control: =60, ;",
		`Cache-Control: private="` + long + `"`, `Cache-Control: no-cache="a,b,` + strings.Repeat("c,", 1<<12) + `"`,
		"Vary: " + strings.Repeat("A,", 1<<14), "Vary: " + long, "Vary: \x00\r\n", "Age: 99999999999999999999", "Expires: " + long,
		"Date: Thu, 01 Jan 9999 00:00:00 GMT", "Surrogate-Key: " + long, "Cache-Tag: " + strings.Repeat(`",`, 1<<12), "Last-Modified: 0",
		"Cdn-Cache-Control: " + long + `="`, "Connection: " + strings.Repeat("a,", 1<<12),
	} {
		t.Run(field[:min(len(field), 40)], func(t *testing.T) {
			name, value, _ := strings.Cut(field, ": ")
			o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
				w.Header().Add(name, value)
				w.Header().Add("Cache-Control", "no-store")
				_, _ = io.WriteString(w, "body")
			}}
			h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{TTL: time.Minute}}).Handler(o)
			for range 2 {
				r := get(h, "/", "Cache-Control: max-stale="+value, "Accept: "+value)
				if body, _ := io.ReadAll(r.Body); string(body) != "body" {
					t.Errorf("got %q", body)
				}
			}
			if got := o.runs.Load(); got != 2 {
				t.Errorf("the handler ran %d times, want 2", got)
			}
		})
	}
}

// TestHeaderInjection: what a client sends does not become a field.
func TestHeaderInjection(t *testing.T) {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) { w.Header().Set("Cache-Control", "max-age=60") }}
	h := open(t, memoryStore(t), httpcache.Config{ShowKey: true}).Handler(o)
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.URL.RawQuery, r.Host = "a=\r\nX-Injected: 1\"; hit", "a\"\r\nX: y"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got := w.Header().Get("Cache-Status"); strings.ContainsAny(got, "\r\n") || !strings.Contains(got, `\"; hit"`) {
		t.Errorf("Cache-Status = %q, want the query within a string", got)
	}
}

// TestVariantsAreBounded: a client that makes up variants takes no more than
// its URL's places.
func TestVariantsAreBounded(t *testing.T) {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		w.Header().Set("Vary", "User-Agent")
		_, _ = io.WriteString(w, r.UserAgent())
	}}
	h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{MaxVariants: 8}}).Handler(o)
	const agents = 200
	for range 2 {
		for i := range agents {
			want := fmt.Sprint("agent ", i)
			if body, _ := io.ReadAll(get(h, "/", "User-Agent: "+want).Body); string(body) != want {
				t.Fatalf("got %q, want %q", body, want)
			}
		}
	}
	before := o.runs.Load()
	for i := range agents {
		get(h, "/", fmt.Sprint("User-Agent: agent ", i))
	}
	if hits := agents - (o.runs.Load() - before); hits > 8 {
		t.Errorf("%d variants were kept, want at most 8", hits)
	}
}

// TestCallbacksThatPanic count as having given the cautious answer.
func TestCallbacksThatPanic(t *testing.T) {
	type request = *http.Request
	owner, err := httpcache.OwnedBy(func(request) (int, bool) { panic("owner") })
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]httpcache.Policy{
		"Unless": {Unless: func(request) bool { panic("unless") }},
		"Fresh":  {Fresh: func(request) bool { panic("fresh") }},
		"Keep":   {Keep: func(request, *httpcache.Response) bool { panic("keep") }},
		"Tags":   {Tags: func(request, *httpcache.Response) []string { panic("tags") }},
		"Owner":  {Owner: owner},
	} {
		told := 0
		o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "max-age=60")
			_, _ = io.WriteString(w, "body")
		}}
		h := open(t, memoryStore(t), httpcache.Config{Default: p, OnError: func(context.Context, error) { told++ }}).Handler(o)
		for range 2 {
			if body, _ := io.ReadAll(get(h, "/").Body); string(body) != "body" {
				t.Errorf("%s: got %q", name, body)
			}
		}
		if o.runs.Load() != 2 || told == 0 {
			t.Errorf("%s: the handler ran %d times and OnError %d, want 2 and some", name, o.runs.Load(), told)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	store := memoryStore(t)
	hc := open(t, store, httpcache.Config{})
	_, err := hc.With(httpcache.Policy{
		TTL: -1, Jitter: 2, Statuses: map[int]time.Duration{206: 1, 200: -1}, StaleIfError: -1, MaxBody: 1 << 40, MaxVariants: -1, Beta: 1e9,
	})
	for _, want := range []string{"TTL", "Jitter", "Statuses has 206", "Statuses[200]", "StaleIfError", "MaxBody", "MaxVariants", "Beta"} {
		if err == nil || !strings.Contains(err.Error(), "Policy."+want) {
			t.Errorf("With = %v, want it to name %s", err, want)
		}
	}
}

func FuzzDirectives(f *testing.F) {
	for _, s := range []string{"max-age=60", `private="a,b", s-maxage=1`, "no-cache", "stale-while-revalidate=1;x", "MAX-AGE=1, ,="} {
		f.Add(s, "Accept, *", "a=1&b=2")
	}
	f.Fuzz(func(t *testing.T, control, vary, query string) {
		o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header()["Cache-Control"] = []string{control}
			w.Header()["Cdn-Cache-Control"] = []string{control}
			w.Header()["Vary"] = []string{vary}
			w.Header()["Age"] = []string{control}
			_, _ = io.WriteString(w, "body")
		}}
		h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{Query: httpcache.Query{Ignore: []string{"utm_*"}}}}).Handler(o)
		for range 2 {
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			r.URL.RawQuery = query
			r.Header["Cache-Control"] = []string{control}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got := w.Body.String(); got != "body" && w.Code != http.StatusGatewayTimeout {
				t.Errorf("got %d %q", w.Code, got)
			}
		}
	})
}
