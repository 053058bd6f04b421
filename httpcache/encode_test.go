package httpcache_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

func newEncoder(t testing.TB, cfg encode.Config) *encode.Encoder {
	t.Helper()
	e, err := encode.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// plain returns the body of a response without its coding.
func plain(t testing.TB, r *http.Response) string {
	t.Helper()
	var body io.Reader = r.Body
	var err error
	switch coding := r.Header.Get("Content-Encoding"); coding {
	case "gzip":
		body, err = gzip.NewReader(r.Body)
	case "br":
		body = brotli.NewReader(r.Body)
	case "zstd":
		body, err = zstd.NewReader(r.Body)
	case "":
	default:
		t.Fatalf("Content-Encoding = %q", coding)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var longBody = strings.Repeat("all work and no play ", 200)

// text answers with a tag and a body that is worth a coding.
func text(run int64, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "max-age=60")
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Etag", fmt.Sprintf(`"v%d"`, run))
	w.Header().Set("Surrogate-Key", "text")
	_, _ = io.WriteString(w, longBody+fmt.Sprint(run))
}

// The handler runs once and each coding is made once, however clients spell
// what they take, and in whichever process they ask.
func TestCodingsAreMadeOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, store func() cache.Store) {
		o := &origin{serve: text}
		var processes []http.Handler
		var caches []*cache.Cache
		for range 2 {
			h, c := openCache(t, store(), httpcache.Config{Encoder: newEncoder(t, encode.Config{})})
			processes, caches = append(processes, h.Handler(o)), append(caches, c)
		}
		for i, tt := range []struct{ accept, told, coding, tag string }{
			{"gzip", "fwd=uri-miss; stored", "gzip", `"v1~gz"`},
			{"gzip, deflate", "hit", "gzip", `"v1~gz"`},
			{"gzip;q=0.5", "hit", "gzip", `"v1~gz"`},
			{"br, gzip;q=0.1", "hit", "br", `"v1~br"`},
			{"br", "hit", "br", `"v1~br"`},
			{"identity", "hit", "", `"v1"`},
			{"deflate", "hit", "", `"v1"`},
			{"gzip, deflate, br, zstd", "hit", "zstd", `"v1~zst"`},
			{"zstd", "hit", "zstd", `"v1~zst"`},
			{"identity;q=0, *", "hit", "zstd", `"v1~zst"`},
		} {
			r := get(processes[i%2], "/", "Accept-Encoding: "+tt.accept)
			coding, tag, length := r.Header.Get("Content-Encoding"), r.Header.Get("Etag"), r.ContentLength
			if got := told(r); got != tt.told || coding != tt.coding || tag != tt.tag || r.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("request %d with %q: %q, %q, %q, Vary %q, want %q, %q, %q, Accept-Encoding", i+1, tt.accept,
					got, coding, tag, r.Header.Get("Vary"), tt.told, tt.coding, tt.tag)
			}
			if coding != "" && (length <= 0 || length > int64(len(longBody))/4) {
				t.Errorf("request %d: Content-Length = %d of %d", i+1, length, len(longBody))
			}
			if plain(t, r) != longBody+"1" {
				t.Errorf("request %d: the body is not what was written", i+1)
			}
		}
		responses, codings := sums(caches, "hone"), sums(caches, "hone.codings")
		if o.runs.Load() != 1 || responses.Filled != 1 || codings.Loads != 3 || codings.Filled != 3 {
			t.Errorf("%d runs, %d responses stored, %d codings made and %d stored, want 1, 1, 3, 3",
				o.runs.Load(), responses.Filled, codings.Loads, codings.Filled)
		}
	})
}

// Of many who are the first to want a coding, in two processes, one makes it.
func TestCodingIsMadeOnceForAll(t *testing.T) {
	eachStore(t, func(t *testing.T, store func() cache.Store) {
		o := &origin{serve: text}
		var processes []http.Handler
		var caches []*cache.Cache
		for range 2 {
			h, c := openCache(t, store(), httpcache.Config{Encoder: newEncoder(t, encode.Config{})})
			processes, caches = append(processes, h.Handler(o)), append(caches, c)
		}
		get(processes[0], "/")
		var group sync.WaitGroup
		for i := range 40 {
			group.Go(func() {
				if r := get(processes[i%2], "/", "Accept-Encoding: br"); r.Header.Get("Content-Encoding") != "br" || plain(t, r) != longBody+"1" {
					t.Errorf("%v, want the body in br", r.Header)
				}
			})
		}
		group.Wait()
		if got := sums(caches, "hone.codings").Loads; got != 1 || o.runs.Load() != 1 {
			t.Errorf("br was made %d times in %d runs, want once in 1", got, o.runs.Load())
		}
	})
}

// A coding is kept as long as its response.
func TestCodingLivesWithItsResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, c := openCache(t, memoryStore(t), httpcache.Config{Encoder: newEncoder(t, encode.Config{})})
		handler := h.Handler(&origin{serve: text})
		for _, at := range []time.Duration{0, 30 * time.Second, 29 * time.Second} {
			time.Sleep(at)
			if r := get(handler, "/", "Accept-Encoding: gzip"); r.Header.Get("Etag") != `"v1~gz"` {
				t.Errorf("after another %v: %v", at, r.Header)
			}
		}
		if got := sums([]*cache.Cache{c}, "hone.codings").Loads; got != 1 {
			t.Errorf("gzip was made %d times in 59s, want once", got)
		}
	})
}

// What ends a response ends its codings; what only confirms it does not.
func TestCodingsEndWithTheirResponse(t *testing.T) {
	const accept = "Accept-Encoding: gzip"
	eachStore(t, func(t *testing.T, store func() cache.Store) {
		for _, tt := range []struct {
			name   string
			change func(t *testing.T, h *httpcache.HTTPCache, handler http.Handler)
			want   string // what the next hit has
			made   int64
		}{
			{"invalidated by tag", func(t *testing.T, h *httpcache.HTTPCache, _ http.Handler) {
				if err := h.Invalidate(t.Context(), "text"); err != nil {
					t.Fatal(err)
				}
			}, "2", 2},
			{"invalidated by a write", func(_ *testing.T, _ *httpcache.HTTPCache, handler http.Handler) { get(handler, "/", "POST") }, "3", 2},
			{"fetched anew", func(_ *testing.T, _ *httpcache.HTTPCache, handler http.Handler) {
				get(handler, "/", "Cache-Control: no-cache")
			}, "2", 2},
			{"confirmed", func(_ *testing.T, _ *httpcache.HTTPCache, handler http.Handler) {
				if r := get(handler, "/", "Cache-Control: max-age=0", accept); r.Header.Get("Etag") != `"v1~gz"` {
					t.Errorf("confirmed with the tag %s", r.Header.Get("Etag"))
				}
			}, "1", 1},
		} {
			o := &origin{serve: func(run int64, w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("If-None-Match") == `"v1"` && tt.want == "1" {
					w.Header().Set("Cache-Control", "max-age=60")
					w.WriteHeader(http.StatusNotModified)
					return
				}
				text(run, w, r)
			}}
			h, c := openCache(t, store(), httpcache.Config{Encoder: newEncoder(t, encode.Config{})})
			handler := h.Handler(o)
			at := "/" + strings.ReplaceAll(tt.name, " ", "-")
			mounted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r = r.Clone(r.Context())
				r.URL.Path, r.RequestURI = at, at
				handler.ServeHTTP(w, r)
			})
			for range 2 {
				get(mounted, "/", accept)
			}
			tt.change(t, h, mounted)
			var r *http.Response
			eventually(t, func() bool { // a process hears of a change within milliseconds
				r = get(mounted, "/", accept)
				return r.Header.Get("Etag") == `"v`+tt.want+`~gz"`
			})
			if body := plain(t, r); body != longBody+tt.want || r.Header.Get("Content-Encoding") != "gzip" {
				t.Errorf("%s: %q of run %s, want that of %s in gzip", tt.name, r.Header.Get("Content-Encoding"), body[len(longBody):], tt.want)
			}
			if got := sums([]*cache.Cache{c}, "hone.codings").Loads; got != tt.made {
				t.Errorf("%s: gzip was made %d times, want %d", tt.name, got, tt.made)
			}
		}
	})
}
