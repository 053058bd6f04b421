package httpcache_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/httpcache"
)

// TestStored says which responses are stored, by what they say and by policy:
// a second request is answered with the first one's response, or it is not.
func TestStored(t *testing.T) {
	const (
		stored = "fwd=uri-miss; stored"
		hit    = "hit"
	)
	not := func(reason string) string { return "fwd=uri-miss; detail=" + reason }
	past := time.Now().Add(-10 * time.Hour).UTC().Format(http.TimeFormat)
	tests := []struct {
		name     string
		policy   httpcache.Policy
		status   int    // 200 if it is 0
		response string // fields, by newlines
		request  string
		first    string
		second   string
	}{
		{name: "RFC 9111 §3: a response that says nothing", first: not("no-lifetime"), second: not("no-lifetime")},
		{name: "RFC 9111 §5.2.2.1: max-age", response: "Cache-Control: max-age=60", first: stored, second: hit},
		{name: "RFC 9111 §5.2.2.10: s-maxage over max-age", response: "Cache-Control: max-age=0, s-maxage=60", first: stored, second: hit},
		{name: "RFC 9111 §5.2.2.10: s-maxage=0", response: "Cache-Control: max-age=60, s-maxage=0", first: not("no-lifetime"), second: not("no-lifetime")},
		{name: "RFC 9111 §5.3: Expires", response: "Expires: " + time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), first: stored, second: hit},
		{name: "RFC 9111 §5.3: Expires: 0", response: "Expires: 0", first: not("no-lifetime"), second: not("no-lifetime")},
		{name: "RFC 9111 §4.2.2: heuristic", response: "Last-Modified: " + past, first: stored, second: hit},
		{name: "RFC 9111 §4.2.2: heuristic, off", policy: httpcache.Policy{Heuristic: -1}, response: "Last-Modified: " + past, first: not("no-lifetime"), second: not("no-lifetime")},
		{name: "RFC 9111 §4.2.3: Age", response: "Cache-Control: max-age=60\nAge: 61", first: not("no-lifetime"), second: not("no-lifetime")},
		{name: "RFC 9111 §4.2.3: no Age that is understood", response: "Cache-Control: max-age=60\nAge: new", first: not("no-lifetime"), second: not("no-lifetime")},
		{name: "RFC 9111 §4.2.1: a max-age that is no number", response: "Cache-Control: max-age=a60", first: not("no-lifetime"), second: not("no-lifetime")},
		{name: "RFC 9111 §5.2.2.5: no-store", response: "Cache-Control: max-age=60, No-Store", first: not("no-store"), second: not("no-store")},
		{name: "RFC 9111 §5.2.2.7: private", response: "Cache-Control: max-age=60, private", first: not("private"), second: not("private")},
		{name: "RFC 9111 §5.2.2.3: must-understand", response: "Cache-Control: max-age=60, no-store, must-understand", first: stored, second: hit},
		{name: "RFC 9111 §5.2.2.3: must-understand, and it is not", status: 299, response: "Cache-Control: max-age=60, must-understand", first: not("status"), second: not("status")},
		{name: "RFC 9111 §7.3: Set-Cookie", response: "Cache-Control: max-age=60\nSet-Cookie: a=b", first: not("set-cookie"), second: not("set-cookie")},
		{name: "RFC 9110 §12.5.5: Vary: *", response: "Cache-Control: max-age=60\nVary: A, *", first: not("vary"), second: not("vary")},
		{name: "too many in Vary", response: "Cache-Control: max-age=60\nVary: " + strings.Repeat("A, ", 17), first: not("vary"), second: not("vary")},
		{name: "RFC 9111 §3.5: Authorization", request: "Authorization: Bearer x", response: "Cache-Control: max-age=60", first: not("authorization"), second: not("authorization")},
		{name: "RFC 9111 §3.5: Authorization, public", request: "Authorization: Bearer x", response: "Cache-Control: max-age=60, public", first: stored, second: hit},
		{name: "RFC 9111 §5.2.1.5: no-store of the request", request: "Cache-Control: no-store", response: "Cache-Control: max-age=60", first: "fwd=uri-miss", second: "fwd=uri-miss"},
		{name: "a cookie", request: "Cookie: session=1", response: "Cache-Control: max-age=60", first: "fwd=bypass; detail=cookie", second: "fwd=bypass; detail=cookie"},
		{
			name: "a cookie that is declared harmless", policy: httpcache.Policy{Cookies: []string{"_ga*", "theme"}}, request: "Cookie: _ga_1=2; theme=dark",
			response: "Cache-Control: max-age=60", first: stored + "; detail=cookies-ignored", second: hit + "; detail=cookies-ignored",
		},
		{
			name: "a harmless cookie and another", policy: httpcache.Policy{Cookies: []string{"_ga*"}}, request: "Cookie: _ga=1; session=2",
			response: "Cache-Control: max-age=60", first: "fwd=bypass; detail=cookie", second: "fwd=bypass; detail=cookie",
		},
		{
			name: "a cookie without a name", policy: httpcache.Policy{Cookies: []string{"a"}}, request: "Cookie: =secret; a=1",
			response: "Cache-Control: max-age=60", first: "fwd=bypass; detail=cookie", second: "fwd=bypass; detail=cookie",
		},
		{name: "RFC 9213: CDN-Cache-Control over Cache-Control", response: "Cache-Control: no-store\nCDN-Cache-Control: max-age=60", first: stored, second: hit},
		{name: "RFC 9213 §2.1: one that is no dictionary", response: "Cache-Control: no-store\nCDN-Cache-Control: MAX-AGE=60", first: not("no-store"), second: not("no-store")},
		{name: "RFC 9213 §2.1: one with half a string", response: "Cache-Control: no-store\nCDN-Cache-Control: max-age=60, a=\"b", first: not("no-store"), second: not("no-store")},
		{name: "RFC 9213 §2.2: Expires does not count", response: "Expires: " + time.Now().Add(time.Hour).UTC().Format(http.TimeFormat) + "\nCDN-Cache-Control: foo", first: not("no-lifetime"), second: not("no-lifetime")},
		{name: "TTL", policy: httpcache.Policy{TTL: time.Minute}, first: stored, second: hit},
		{name: "TTL, and no-store", policy: httpcache.Policy{TTL: time.Minute}, response: "Cache-Control: no-store", first: not("no-store"), second: not("no-store")},
		{name: "TTL: 404, for a short time", policy: httpcache.Policy{TTL: time.Minute}, status: 404, first: stored, second: hit},
		{name: "a 5xx is not stored on a guess: 501", policy: httpcache.Policy{TTL: time.Minute}, status: 501, response: "Last-Modified: " + past, first: not("status"), second: not("status")},
		{name: "RFC 9111 §4.2.2: heuristic, of a 5xx that is public", status: 503, response: "Cache-Control: public\nLast-Modified: " + past, first: stored, second: hit},
		{name: "a 5xx is not stored to be validated", status: 501, response: "Cache-Control: no-cache\nEtag: \"a\"", first: not("status"), second: not("status")},
		{name: "a 5xx that says how long", status: 503, response: "Cache-Control: max-age=60", first: stored, second: hit},
		{name: "Statuses: a 5xx", policy: httpcache.Policy{Statuses: map[int]time.Duration{501: time.Minute}}, status: 501, first: stored, second: hit},
		{name: "TTL: 500 is never stored", policy: httpcache.Policy{TTL: time.Minute}, status: 500, first: not("status"), second: not("status")},
		{name: "TTL: 302 is not", policy: httpcache.Policy{TTL: time.Minute}, status: 302, first: not("status"), second: not("status")},
		{name: "Statuses", policy: httpcache.Policy{Statuses: map[int]time.Duration{302: time.Minute}}, status: 302, first: stored, second: hit},
		{name: "Statuses: 0 is not at all", policy: httpcache.Policy{TTL: time.Minute, Statuses: map[int]time.Duration{404: 0}}, status: 404, first: not("no-lifetime"), second: not("no-lifetime")},
		{name: "206", status: 206, response: "Cache-Control: max-age=60", first: not("status"), second: not("status")},
		{name: "an event stream", response: "Cache-Control: max-age=60\nContent-Type: text/event-stream; charset=utf-8", first: not("stream"), second: not("stream")},
		{name: "a body that is too large", policy: httpcache.Policy{MaxBody: 3}, response: "Cache-Control: max-age=60", first: not("too-large"), second: not("too-large")},
		{name: "a body that says it is too large", policy: httpcache.Policy{MaxBody: 3}, response: "Cache-Control: max-age=60\nContent-Length: 4", first: not("too-large"), second: not("too-large")},
		{name: "a body that is shorter than it says", response: "Cache-Control: max-age=60\nContent-Length: 5", first: not("incomplete"), second: not("incomplete")},
		{name: "Keep", policy: httpcache.Policy{Keep: func(*http.Request, *httpcache.Response) bool { return false }}, response: "Cache-Control: max-age=60", first: not("filter"), second: not("filter")},
		{name: "Unless", policy: httpcache.Policy{Unless: func(*http.Request) bool { return true }}, response: "Cache-Control: max-age=60", first: "fwd=bypass; detail=unless", second: "fwd=bypass; detail=unless"},
		{name: "Fresh", policy: httpcache.Policy{Fresh: func(*http.Request) bool { return true }}, response: "Cache-Control: max-age=60", first: stored, second: "fwd=request; stored"},
		{name: "too many tags", response: "Cache-Control: max-age=60\nSurrogate-Key: " + strings.Repeat("a ", 100), first: not("tags"), second: not("tags")},
	}
	for _, tt := range tests {
		eachStoreOf(t, tt.name, func(t *testing.T, store func() cache.Store) {
			o := &origin{serve: func(run int64, w http.ResponseWriter, _ *http.Request) {
				for line := range strings.Lines(tt.response) {
					name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
					w.Header().Add(name, value)
				}
				if tt.status != 0 {
					w.WriteHeader(tt.status)
				}
				_, _ = w.Write([]byte("run" + strconv.FormatInt(run, 10)))
			}}
			h := open(t, store(), httpcache.Config{Default: tt.policy}).Handler(o)
			var request []string
			if tt.request != "" {
				request = []string{tt.request}
			}
			for i, want := range []string{tt.first, tt.second} {
				if got := told(get(h, "/", request...)); got != want {
					t.Errorf("request %d: Cache-Status says %q, want %q", i+1, got, want)
				}
			}
			want := int64(2)
			if strings.HasPrefix(tt.second, "hit") {
				want = 1
			}
			if got := o.runs.Load(); got != want {
				t.Errorf("the handler ran %d times, want %d", got, want)
			}
		})
	}
}
