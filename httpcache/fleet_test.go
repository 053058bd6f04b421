package httpcache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/httpcache"
)

// What one process has stored is a hit in the other, as soon as that asks, and
// is told so (RFC 9211 §2.1).
func TestHitsAreShared(t *testing.T) {
	eachStore(t, func(t *testing.T, store func() cache.Store) {
		o := &origin{serve: text}
		here := open(t, store(), httpcache.Config{}).Handler(o)
		there := open(t, store(), httpcache.Config{}).Handler(o)
		for i, tt := range []struct {
			process http.Handler
			told    string
		}{{here, "fwd=uri-miss; stored"}, {there, "hit"}, {there, "hit"}, {here, "hit"}} {
			r := get(tt.process, "/")
			if body, _ := io.ReadAll(r.Body); told(r) != tt.told || string(body) != longBody+"1" {
				t.Errorf("request %d: %q, want %q and the first body", i+1, told(r), tt.told)
			}
		}
	})
}

// What is stale in the store is served by another process as the response and
// the request allow. An Age makes it stale without waiting.
func TestStaleIsShared(t *testing.T) {
	for _, tt := range []struct {
		name, control, fails string
		told, body           string // of the other process's first answer
		then                 string // what it has in the end
	}{
		{"RFC 9111 §4.3: validated", "max-age=10", "", "fwd=stale; fwd-status=304; stored", "1", "1"},
		{"RFC 5861 §3: stale-while-revalidate", "max-age=10, stale-while-revalidate=60", "", "hit", "1", "1"},
		{"RFC 5861 §4: stale-if-error", "max-age=10, stale-if-error=60", "yes", "fwd=stale; detail=stale-if-error", "1", "1"},
		{"RFC 9111 §5.2.2.2: must-revalidate", "max-age=10, must-revalidate", "yes", "fwd=stale; detail=status", "broken", "broken"},
	} {
		eachStoreOf(t, tt.name, func(t *testing.T, store func() cache.Store) {
			o := &origin{serve: func(run int64, w http.ResponseWriter, r *http.Request) {
				switch {
				case run > 1 && tt.fails != "":
					http.Error(w, "broken", http.StatusBadGateway)
					return
				case run == 1:
					w.Header().Set("Age", "20")
				}
				w.Header().Set("Cache-Control", tt.control)
				w.Header().Set("Etag", `"v1"`)
				if r.Header.Get("If-None-Match") == `"v1"` {
					w.WriteHeader(http.StatusNotModified)
					return
				}
				_, _ = fmt.Fprint(w, run)
			}}
			cfg := httpcache.Config{OnError: func(_ context.Context, err error) { t.Log(err) }}
			get(open(t, store(), cfg).Handler(o), "/")
			h := open(t, store(), cfg).Handler(o)
			r := get(h, "/")
			if body, _ := io.ReadAll(r.Body); told(r) != tt.told || strings.TrimSpace(string(body)) != tt.body {
				t.Errorf("the other process: %q with %q, want %q with %q", told(r), body, tt.told, tt.body)
			}
			eventually(t, func() bool { return o.runs.Load() == 2 }) // it was refreshed or validated
			if body, _ := io.ReadAll(get(h, "/").Body); strings.TrimSpace(string(body)) != tt.then {
				t.Errorf("then: %q, want %q", body, tt.then)
			}
		})
	}
}

// Of many who ask at once in two processes, one has the handler run.
func TestCollapsedAcrossProcesses(t *testing.T) {
	const clients = 40
	eachStore(t, func(t *testing.T, store func() cache.Store) {
		var asking atomic.Int64
		o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
			eventually(t, func() bool { return asking.Load() == clients })
			w.Header().Set("Cache-Control", "max-age=60")
			_, _ = io.WriteString(w, "body")
		}}
		processes := []http.Handler{open(t, store(), httpcache.Config{}).Handler(o), open(t, store(), httpcache.Config{}).Handler(o)}
		var group sync.WaitGroup
		for i := range clients {
			group.Go(func() {
				asking.Add(1)
				if body, _ := io.ReadAll(get(processes[i%2], "/").Body); string(body) != "body" {
					t.Errorf("got %q", body)
				}
			})
		}
		group.Wait()
		if got := o.runs.Load(); got != 1 {
			t.Errorf("the handler ran %d times, want once", got)
		}
	})
}
