package httpcache_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

var seed = flag.Uint64("seed", 0, "of random tests; 0 is a new one")

// TestUsersNeverSeeEachOther has many users ask for the same few URLs at once,
// with what tells them apart in a cookie, in Authorization, in a field that
// Vary names, or in X-User, which is the Owner, or part of the key: then all of
// these are mixed, and answers are prepared. The handler answers with who asked,
// as it would by mistake: with Cache-Control that lets everyone store it.
func TestUsersNeverSeeEachOther(t *testing.T) {
	owner, err := httpcache.OwnedBy(func(r *http.Request) (string, bool) {
		u := r.Header.Get("X-User")
		return u, u != ""
	})
	if err != nil {
		t.Fatal(err)
	}
	eachStoreOf(t, "X-User=Owner", func(t *testing.T, store func() cache.Store) {
		policy := httpcache.Policy{Owner: owner, MaxVariants: 4, Headers: []string{"X-Nothing"}}
		testUsersNeverSeeEachOther(t, store, policy, false)
	})
	eachStoreOf(t, "X-User=key", func(t *testing.T, store func() cache.Store) {
		policy := httpcache.Policy{MaxVariants: 4, Headers: []string{"X-Nothing", "X-User"}}
		testUsersNeverSeeEachOther(t, store, policy, true)
	})
}

func testUsersNeverSeeEachOther(t *testing.T, store func() cache.Store, policy httpcache.Policy, mixed bool) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed=%d", *seed)
	who := func(r *http.Request) string {
		if c, err := r.Cookie("session"); err == nil {
			return "cookie " + c.Value
		}
		for _, name := range []string{"Authorization", "X-User", "Accept-Language"} {
			if v := r.Header.Get(name); v != "" {
				return name + " " + v
			}
		}
		return "nobody"
	}
	o := &origin{serve: func(run int64, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/vary":
			w.Header().Set("Vary", "Accept-Language")
		case "/late": // a Vary that is not always there
			if run%3 != 0 {
				w.Header().Set("Vary", "accept-language")
			}
			if run%3 == 0 && r.Header.Get("Accept-Language") != "" {
				w.Header().Set("Cache-Control", "private")
			}
		case "/set":
			if run%2 == 0 {
				w.Header()["set-cookie"] = []string{"session=" + who(r)}
			}
		}
		if w.Header().Get("Cache-Control") == "" {
			w.Header().Set("Cache-Control", "max-age="+fmt.Sprint(run%2)+", stale-while-revalidate=1, stale-if-error=60")
		}
		switch run % 11 {
		case 0:
			w.WriteHeader(http.StatusInternalServerError)
		case 1:
			w.(http.Flusher).Flush()
		}
		_, _ = fmt.Fprintf(w, "for %s at %s", who(r), r.URL.Path)
	}}
	var taken atomic.Int64 // answers that were prepared
	processes := make([]http.Handler, 2)
	for i := range processes {
		h := open(t, store(), httpcache.Config{Encoder: newEncoder(t, encode.Config{MinSize: -1}), Default: policy, OnError: func(context.Context, error) {}})
		prepared, _ := httpcache.Ways(h, o)
		handler := h.Handler(o)
		processes[i] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if prepared(w, r) {
				taken.Add(1)
				return
			}
			handler.ServeHTTP(w, r)
		})
	}
	hits := make([]int, 16)
	var group sync.WaitGroup
	for user := range hits {
		group.Go(func() {
			rnd := rand.New(rand.NewPCG(*seed, uint64(user)))
			for range 300 {
				path := []string{"/plain", "/vary", "/late", "/set"}[rnd.IntN(4)]
				var fields []string
				name := fmt.Sprintf("u%du", user) // the hashes of prepared answers are the same for many
				only := rnd.IntN(5)
				for i, field := range []string{"Cookie: session=", "Authorization: ", "X-User: ", "Accept-Language: "} {
					if field == "Accept-Language: " && path != "/vary" && path != "/late" {
						continue
					}
					if i == only || mixed && rnd.IntN(8) == 0 {
						fields = append(fields, field+name)
					}
				}
				want := who(requestOf("/", fields...))
				if rnd.IntN(8) == 0 {
					fields = append(fields, "Cache-Control: no-cache")
				}
				if coding := rnd.IntN(4); coding > 0 {
					fields = append(fields, "Accept-Encoding: "+encode.Coding(coding).String())
				}
				r := get(processes[rnd.IntN(2)], "http://a"+path, fields...)
				body := plain(t, r)
				// A response without Vary is for all, as that for nobody is at /late.
				got := body
				if got != "for "+want+" at "+path && (path != "/late" || got != "for nobody at /late") {
					t.Errorf("%q with %q got %q (%s)", path, fields, got, r.Header.Get("Cache-Status"))
				}
				if strings.Contains(r.Header.Get("Cache-Status"), "; hit") {
					hits[user]++
					if len(r.Header["Set-Cookie"]) > 0 {
						t.Errorf("%q with %q got %q from the cache", path, fields, r.Header.Get("Set-Cookie"))
					}
				}
			}
		})
	}
	group.Wait()
	total := 0
	for _, n := range hits {
		total += n
	}
	if total < 100 || mixed && taken.Load() < 100 {
		t.Errorf("%d hits, %d of them prepared, want many: the test shows nothing", total, taken.Load())
	}
}

func TestOwner(t *testing.T) {
	type user struct {
		Tenant int
		Name   string
	}
	owner, err := httpcache.OwnedBy(func(r *http.Request) (user, bool) {
		name, _, ok := r.BasicAuth()
		return user{1, name}, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "private, max-age=60")
	}}
	h := open(t, memoryStore(t), httpcache.Config{Default: httpcache.Policy{Owner: owner}}).Handler(o)
	const ann, bob = "Authorization: Basic YW5uOng=", "Authorization: Basic Ym9iOng="
	for i, tt := range []struct{ field, want string }{
		{ann, "fwd=uri-miss; stored"},
		{ann, "hit"},
		{bob, "fwd=uri-miss; stored"},
		{ann, "hit"},
		{"X: y", "fwd=uri-miss; detail=private"},
		{"Authorization: Bearer x", "fwd=uri-miss; detail=private"},
	} {
		if got := told(get(h, "/", tt.field, "Cookie: a=b")); got != tt.want && i < 4 {
			t.Errorf("request %d: %q, want %q", i, got, tt.want)
		}
		if i < 4 {
			continue
		}
		if got := told(get(h, "/", tt.field)); got != tt.want {
			t.Errorf("request %d: %q, want %q", i, got, tt.want)
		}
	}
	type unkeyable struct{ F func() }
	if _, err := httpcache.OwnedBy(func(*http.Request) (*unkeyable, bool) { return nil, false }); err == nil {
		t.Error("OwnedBy took a type whose values cannot be told apart")
	}
}
