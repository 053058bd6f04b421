package httpcache_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/internal/ledger"
)

// accounted asks a handler and returns what the request's ledger has of its
// look-ups.
func accounted(h http.Handler, target string, fields ...string) []ledger.Lookups {
	account := new(ledger.Ledger)
	get(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		account.Open(r.Context(), time.Now())
		h.ServeHTTP(w, r.WithContext(account))
	}), target, fields...)
	lookups := account.Lookups()
	for i := range lookups {
		lookups[i].LoadTime = 0
	}
	return lookups
}

// A request is one look-up, also where its answer is a coding of a variant.
func TestRequestIsOneLookup(t *testing.T) {
	eachStore(t, func(t *testing.T, store func() cache.Store) {
		o := &origin{serve: func(run int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Vary", "Accept-Language")
			text(run, w, r)
		}}
		first := open(t, store(), httpcache.Config{Encoder: newEncoder(t, encode.Config{})}).Handler(o)
		second := open(t, store(), httpcache.Config{Encoder: newEncoder(t, encode.Config{})}).Handler(o)
		miss, hit := ledger.Lookups{Name: "hone", Misses: 1, Loads: 1}, ledger.Lookups{Name: "hone", Hits: 1}
		for i, tt := range []struct {
			process          http.Handler
			language, coding string
			want             ledger.Lookups
		}{
			{first, "de", "gzip", miss},
			{first, "de", "gzip", hit},
			{first, "de", "br", hit},
			{first, "de", "identity", hit},
			{first, "fr", "gzip", miss},
			{first, "fr", "gzip", hit},
			{second, "fr", "gzip", hit},
			{second, "fr", "gzip", hit},
		} {
			got := accounted(tt.process, "/", "Accept-Language: "+tt.language, "Accept-Encoding: "+tt.coding)
			if want := []ledger.Lookups{tt.want}; !reflect.DeepEqual(got, want) {
				t.Errorf("request %d: look-ups = %+v, want %+v", i+1, got, want)
			}
		}
	})
}

func TestStaleHitIsOneLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := httpcache.Policy{StaleWhileRevalidate: time.Minute, Beta: -1}
		handler := open(t, memoryStore(t), httpcache.Config{Default: policy}).Handler(&origin{serve: text})
		get(handler, "/")
		time.Sleep(61 * time.Second)
		want := ledger.Lookups{Name: "hone", Hits: 1, Stale: 1}
		for _, demand := range []string{"max-stale=60", ""} { // taken stale, then refreshed behind it
			got := accounted(handler, "/", "Cache-Control: "+demand)
			synctest.Wait()
			if len(got) != 1 || got[0] != want {
				t.Errorf("look-ups of a stale hit with %q = %+v, want %+v", demand, got, want)
			}
		}
	})
}

// What a router behind the cache has found reaches the layers outside, of hits
// too, through the encoder and in another process.
func TestPatternReachesTheLayersOutside(t *testing.T) {
	eachStore(t, func(t *testing.T, store func() cache.Store) {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /text/{id}", func(w http.ResponseWriter, r *http.Request) { text(1, w, r) })
		mux.HandleFunc("GET /private/{id}", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "private")
		})
		mux.HandleFunc("POST /text/{id}", func(http.ResponseWriter, *http.Request) {})
		cfg := httpcache.Config{Encoder: newEncoder(t, encode.Config{})}
		first, second := open(t, store(), cfg).Handler(mux), open(t, store(), cfg).Handler(mux)
		for _, tt := range []struct {
			name           string
			process        http.Handler
			method, target string
			fields         []string
			want           string
		}{
			{"a miss", first, "GET", "/text/1", nil, "GET /text/{id}"},
			{"a hit", first, "GET", "/text/1", nil, "GET /text/{id}"},
			{"a hit elsewhere", second, "GET", "/text/1", nil, "GET /text/{id}"},
			{"a coded hit", second, "GET", "/text/1", []string{"Accept-Encoding", "gzip"}, "GET /text/{id}"},
			{"a tag of a coding", first, "GET", "/private/1", []string{"If-None-Match", `"v1~gz"`}, "GET /private/{id}"},
			{"a write", first, "POST", "/text/1", nil, "POST /text/{id}"},
			{"alone", first, "HEAD", "/text/2", nil, "GET /text/{id}"},
		} {
			r := httptest.NewRequest(tt.method, tt.target, http.NoBody)
			if tt.fields != nil {
				r.Header.Set(tt.fields[0], tt.fields[1])
			}
			tt.process.ServeHTTP(httptest.NewRecorder(), r)
			if r.Pattern != tt.want {
				t.Errorf("%s: Pattern = %q, want %q", tt.name, r.Pattern, tt.want)
			}
		}
	})
}

// A pattern that a router in front has found stays.
func TestPatternOfARouterInFrontStays(t *testing.T) {
	inner := http.NewServeMux()
	inner.HandleFunc("/list", func(w http.ResponseWriter, r *http.Request) { text(1, w, r) })
	handler := open(t, memoryStore(t), httpcache.Config{}).Handler(inner)
	get(handler, "/list")
	outer := http.NewServeMux()
	outer.Handle("GET /{page}", handler)
	r := httptest.NewRequest(http.MethodGet, "/list", http.NoBody)
	w := httptest.NewRecorder()
	outer.ServeHTTP(w, r)
	if got := told(w.Result()); got != "hit" || r.Pattern != "GET /{page}" {
		t.Errorf("%s with Pattern %q, want a hit with the outer one's", got, r.Pattern)
	}
}

// Who waits for another's answer has missed, and run nothing.
func TestWaitIsOneLookup(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
	}{{"stored", http.StatusOK}, {"passing", http.StatusBadGateway}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler := open(t, memoryStore(t), httpcache.Config{}).Handler(&origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
					time.Sleep(time.Second)
					if tt.status == http.StatusOK {
						w.Header().Set("Cache-Control", "max-age=60")
					}
					w.WriteHeader(tt.status)
				}})
				go accounted(handler, "/")
				time.Sleep(time.Millisecond)
				want := ledger.Lookups{Name: "hone", Misses: 1}
				if got := accounted(handler, "/"); len(got) != 1 || got[0] != want {
					t.Errorf("look-ups of who waited = %+v, want %+v", got, want)
				}
			})
		})
	}
}
