package httpcache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

// askAll has 20 clients ask two processes at once.
func askAll(processes [2]http.Handler, fields ...string) []*http.Response {
	all := make([]*http.Response, 20)
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() { all[i] = get(processes[i%2], "/", fields...) })
	}
	group.Wait()
	return all
}

// A failing handler is asked once per process by all who ask at once, and they
// share its answer if that says nothing of who asks. The next asks anew.
func TestFailureIsShared(t *testing.T) {
	for _, tt := range []struct {
		name, field, value string
		runs               int64
	}{
		{"plain", "X", "y", 2},
		{"varies", "Vary", "Accept-Language", 2},
		{"RFC 9111 §5.2.2.7: private", "Cache-Control", "private", 20},
		{"RFC 9111 §5.2.2.5: no-store", "Cache-Control", "no-store", 20},
		{"sets a cookie", "Set-Cookie", "a=b", 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &origin{serve: func(run int64, w http.ResponseWriter, _ *http.Request) {
					time.Sleep(time.Second)
					w.Header().Set(tt.field, tt.value)
					w.WriteHeader(http.StatusServiceUnavailable)
					_, _ = fmt.Fprint(w, longBody, run)
				}}
				store, cfg := memoryStore(t), httpcache.Config{Encoder: newEncoder(t, encode.Config{})}
				processes := [2]http.Handler{open(t, store, cfg).Handler(o), open(t, store, cfg).Handler(o)}
				seen := map[string]int64{}
				for _, r := range askAll(processes, "Accept-Language: en", "Accept-Encoding: gzip") {
					if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Content-Encoding") != "gzip" || r.Header.Get(tt.field) != tt.value && tt.field != "Vary" {
						t.Errorf("%d %v, want the handler's 503", r.StatusCode, r.Header)
					}
					seen[plain(t, r)]++
				}
				if got := o.runs.Load(); got != tt.runs || int64(len(seen)) != tt.runs {
					t.Errorf("the handler ran %d times and %d answers were seen, want %d", got, len(seen), tt.runs)
				}
				if r := get(processes[0], "/"); o.runs.Load() != tt.runs+1 || strings.Contains(told(r), "stored") {
					t.Errorf("the next: %q after %d runs, want one more", told(r), o.runs.Load())
				}
			})
		})
	}
}

// RFC 5861 §4: where a stale response may stand in for a failure, it does so
// for all who wait.
func TestStaleStandsInForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{serve: func(run int64, w http.ResponseWriter, _ *http.Request) {
			if run > 1 {
				time.Sleep(time.Second)
				panic("broken")
			}
			w.Header().Set("Cache-Control", "max-age=10, stale-if-error=60")
			_, _ = io.WriteString(w, "body")
		}}
		store, cfg := memoryStore(t), httpcache.Config{OnError: func(context.Context, error) {}}
		processes := [2]http.Handler{open(t, store, cfg).Handler(o), open(t, store, cfg).Handler(o)}
		get(processes[0], "/")
		get(processes[1], "/")
		time.Sleep(11 * time.Second)
		for _, r := range askAll(processes) {
			if body, _ := io.ReadAll(r.Body); string(body) != "body" || !strings.Contains(told(r), "detail=stale-if-error") {
				t.Errorf("%q with %q, want the stale body", told(r), body)
			}
		}
		if got := o.runs.Load(); got != 3 {
			t.Errorf("the handler ran %d times, want 3: once, and once per process", got)
		}
	})
}

// A URL is known to vary as long as a variant of it is kept, and not much
// longer: the marker's life is the policy's.
func TestMarkerLivesWithItsVariants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{serve: func(_ int64, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age="+r.Header.Get("X-Life"))
			w.Header().Set("Vary", "X-Name")
		}}
		h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{Retain: -1}}).Handler(o)
		start := time.Now()
		for _, tt := range []struct {
			at         time.Duration
			name, life string
			want       string
		}{
			{0, "a", "10", "fwd=uri-miss; stored"},
			{time.Second, "long", "100", "fwd=vary-miss; stored"},
			{99 * time.Second, "long", "100", "hit"}, // found by a marker that was made for 10 s
			{99 * time.Second, "b", "10", "fwd=vary-miss; stored"},
			{102 * time.Second, "long", "10", "fwd=vary-miss; stored"},
			{400 * time.Second, "a", "10", "fwd=uri-miss; stored"}, // nothing is left of it
		} {
			time.Sleep(tt.at - time.Since(start))
			if got := told(get(h, "/", "X-Name: "+tt.name, "X-Life: "+tt.life)); got != tt.want {
				t.Errorf("%s at %v: %q, want %q", tt.name, tt.at, got, tt.want)
			}
		}
	})
}

// A request that is over before it is looked at begins no fetch: it would go on
// without the time limit, for nobody.
func TestRequestThatIsOverBeginsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
		defer cancel()
		left, leave := context.WithCancel(t.Context())
		leave()
		o := &origin{serve: func(_ int64, w http.ResponseWriter, r *http.Request) {
			if r.Context().Err() != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			text(1, w, r)
		}}
		handler := open(t, memoryStore(t), httpcache.Config{}).Handler(o)
		ask := func(ctx context.Context) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody).WithContext(ctx))
			synctest.Wait() // for what was begun
			return w
		}
		if w := ask(late); w.Code != http.StatusServiceUnavailable {
			t.Errorf("past its deadline = %d, want the handler's 503", w.Code)
		}
		if w := ask(left); w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("whose client left = %v, want nothing", w)
		}
		if got := o.runs.Load(); got != 1 {
			t.Errorf("the handler ran %d times, want once: for the late one alone", got)
		}
	})
}
