package httpcache_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/httpcache"
)

// TestKey says which two requests are for the same: the second is a hit then.
func TestKey(t *testing.T) {
	ignore := httpcache.Policy{Query: httpcache.Query{Ignore: []string{"utm_*", "fbclid"}}}
	allow := httpcache.Policy{Query: httpcache.Query{Allow: []string{"page"}}}
	tests := []struct {
		name   string
		policy httpcache.Policy
		vary   string
		a, b   string // a target, then fields by newlines
		same   bool
	}{
		{name: "the same", a: "/a", b: "/a", same: true},
		{name: "path", a: "/a", b: "/b"},
		{name: "RFC 3986 §6.2.2.1: case of the path", a: "/a", b: "/A"},
		{name: "an escaped slash", a: "/a/b", b: "/a%2Fb"},
		{name: "host", a: "http://a/", b: "http://b/"},
		{name: "RFC 3986 §6.2.2.1: case of the host", a: "http://a/", b: "http://A/", same: true},
		{name: "port", a: "http://a:1/", b: "http://a:2/"},
		{name: "query", a: "/?a=1", b: "/?a=2"},
		{name: "order of the query", a: "/?a=1&b=2", b: "/?b=2&a=1", same: true},
		{name: "order of one name", a: "/?a=1&a=2", b: "/?a=2&a=1"},
		{name: "a parameter twice", a: "/?a=1", b: "/?a=1&a=1"},
		{name: "empty parameters", a: "/?a=1&", b: "/?&&a=1", same: true},
		{name: "a value that looks like a parameter", a: "/?a=1%26b=2", b: "/?a=1&b=2"},
		{name: "ignored", policy: ignore, a: "/?a=1&utm_source=x", b: "/?fbclid=1&a=1&utm_medium=y", same: true},
		{name: "not ignored in other spelling", policy: ignore, a: "/?utm%5Fsource=x", b: "/?utm%5Fsource=y"},
		{name: "allowed", policy: allow, a: "/?page=1&x=1", b: "/?x=2&page=1", same: true},
		{name: "allowed, and another value", policy: allow, a: "/?page=1", b: "/?page=2"},
		{name: "RFC 9110 §9.3.2: HEAD is answered from GET", a: "/", b: "/\nHEAD", same: true},
		{name: "and not GET from HEAD", a: "/\nHEAD", b: "/"},
		{name: "a chosen field", policy: httpcache.Policy{Headers: []string{"x-plan"}}, a: "/\nX-Plan: free", b: "/\nX-Plan: paid"},
		{name: "RFC 9111 §4.1: Vary", vary: "X", a: "/\nX: 1", b: "/\nX: 2"},
		{name: "RFC 9111 §4.1: Vary, the same", vary: "X", a: "/\nX: 1", b: "/\nX: 1", same: true},
		{name: "RFC 9111 §4.1: Vary, absent and empty", vary: "X", a: "/", b: "/\nX: "},
		{name: "RFC 9111 §4.1: Vary, white space and lines", vary: "X", a: "/\nX: 1,2", b: "/\nX: 1\nX:  2", same: true},
		{name: "RFC 9111 §4.1: Vary, values that join", vary: "X, Y", a: "/\nX: a\nY: b", b: "/\nX: a, b"},
		{name: "RFC 9110 §12.5.4: order and case of languages", vary: "Accept-Language", a: "/\nAccept-Language: en, de;q=0.5", b: "/\nAccept-Language: DE;q=0.5,en", same: true},
		{name: "RFC 9110 §5.1: case of a name in Vary", vary: "accept-LANGUAGE", a: "/\nAccept-Language: en", b: "/\nAccept-Language: de"},
	}
	for _, tt := range tests {
		eachStoreOf(t, tt.name, func(t *testing.T, store func() cache.Store) {
			o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "max-age=60")
				if tt.vary != "" {
					w.Header().Set("Vary", tt.vary)
				}
				_, _ = io.WriteString(w, "body")
			}}
			h := open(t, store(), httpcache.Config{Default: tt.policy}).Handler(o)
			ask := func(s string) string {
				parts := strings.Split(s, "\n")
				return told(get(h, parts[0], parts[1:]...))
			}
			ask(tt.a)
			if got := ask(tt.b); (got == "hit") != tt.same {
				t.Errorf("%q after %q: %q, want a hit = %t", tt.b, tt.a, got, tt.same)
			}
			if tt.a != tt.b && !strings.Contains(tt.a, "HEAD") {
				if got := ask(tt.a); got != "hit" {
					t.Errorf("%q again: %q, want a hit", tt.a, got)
				}
			}
		})
	}
}

// TestIgnoredParametersAreNotShown: what is not in the key could otherwise be
// put by one client into what others get.
func TestIgnoredParametersAreNotShown(t *testing.T) {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = fmt.Fprint(w, r.URL.Query())
	}}
	h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{Query: httpcache.Query{Ignore: []string{"utm_*"}}}}).Handler(o)
	body, _ := io.ReadAll(get(h, "/?utm_source=<script>&a=1").Body)
	if got, want := string(body), "map[a:[1]]"; got != want {
		t.Errorf("the handler saw %s, want %s", got, want)
	}
}

// TestMountedHandlers: two handlers see the same path, below different ones.
func TestMountedHandlers(t *testing.T) {
	hc := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{TTL: 60e9}})
	mux := http.NewServeMux()
	for _, name := range []string{"a", "b"} {
		mux.Handle("/"+name+"/", http.StripPrefix("/"+name, hc.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }))))
	}
	for range 2 {
		for _, name := range []string{"a", "b"} {
			if body, _ := io.ReadAll(get(mux, "/"+name+"/x").Body); string(body) != name {
				t.Errorf("/%s/x = %q, want %q", name, body, name)
			}
		}
	}
}

// TestJunkQueries: 10,000 of them do not cost what is asked for often.
func TestJunkQueries(t *testing.T) {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		_, _ = io.WriteString(w, strings.Repeat("x", 16<<10))
	}}
	h := open(t, memoryStore(t), httpcache.Config{}).Handler(o)
	popular := func() (hits int) {
		for i := range 50 {
			if told(get(h, fmt.Sprintf("/popular?p=%d", i))) == "hit" {
				hits++
			}
		}
		return hits
	}
	for range 5 {
		popular()
	}
	for i := range 10_000 {
		get(h, fmt.Sprintf("/popular?junk=%d", i))
		if i%100 == 0 {
			popular()
		}
	}
	if got := popular(); got < 48 {
		t.Errorf("%d of 50 popular responses are hits after the junk, want 48", got)
	}
}

// TestHitAllocations: what a hit costs, and that its body is not copied.
func TestHitAllocations(t *testing.T) {
	body := []byte(strings.Repeat("x", 5<<10))
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}}
	h := open(t, memoryStore(t), httpcache.Config{}).Handler(o)
	get(h, "/items?a=1&b=2")
	get(h, "/items?a=1&b=2")
	r := httptest.NewRequest(http.MethodGet, "/items?a=1&b=2", http.NoBody)
	w := &keeper{header: make(http.Header)}
	allocs := testing.AllocsPerRun(200, func() {
		clear(w.header)
		h.ServeHTTP(w, r)
	})
	if w.header.Get("Cache-Status") == "" || !strings.HasPrefix(w.header.Get("Cache-Status"), "hone; hit") {
		t.Fatalf("Cache-Status = %q, want a hit", w.header.Get("Cache-Status"))
	}
	if allocs > 6 {
		t.Errorf("a hit allocates %v times, want at most 6", allocs)
	}
	t.Logf("%v allocations", allocs)
	first := &w.last[0]
	h.ServeHTTP(w, r)
	if &w.last[0] != first {
		t.Error("two hits write two copies of the body")
	}
}

// keeper is a writer that keeps what was last written.
type keeper struct {
	header http.Header
	last   []byte
}

func (k *keeper) Header() http.Header         { return k.header }
func (k *keeper) Write(p []byte) (int, error) { k.last = p; return len(p), nil }
func (k *keeper) WriteHeader(int)             {}
