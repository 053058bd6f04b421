package httpcache_test

import (
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

// A hit in a coding is one look-up, most times; some ask for the coding, so
// that the near cache sees that it is used: each second if hits are prepared.
func TestCodedHitsAskSeldom(t *testing.T) {
	const seconds, hits = 16, 100
	for _, tt := range []struct {
		name        string
		policy      httpcache.Policy
		least, most int64
	}{
		{"prepared", httpcache.Policy{}, seconds, 5 * seconds},
		{"not prepared", httpcache.Policy{Unless: func(*http.Request) bool { return false }}, seconds * hits / 16 / 3, seconds * hits / 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, c := openCache(t, memoryStore(t), httpcache.Config{Encoder: newEncoder(t, encode.Config{}), Default: tt.policy})
				handler := h.Handler(&origin{serve: text})
				asked := func() (n int64) {
					for _, s := range c.Stats() {
						if s.Name == "hone.codings" {
							n = s.Hits + s.Misses
						}
					}
					return n
				}
				for range 10 {
					get(handler, "/", "Accept-Encoding: gzip")
				}
				before := asked()
				for range seconds {
					time.Sleep(time.Second)
					for range hits {
						if r := get(handler, "/", "Accept-Encoding: gzip"); r.Header.Get("Content-Encoding") != "gzip" {
							t.Fatalf("%v, want gzip", r.Header)
						}
					}
				}
				if got := asked() - before; got < tt.least || got > tt.most {
					t.Errorf("%d of %d hits in %d s asked for the coding, want %d to %d", got, seconds*hits, seconds, tt.least, tt.most)
				}
			})
		})
	}
}

// A response keeps no coding alive that the near cache has given up.
func TestResponseKeepsNoCodingAlive(t *testing.T) {
	var slot httpcache.CodedSlot
	slot.Put("coded")
	eventually(t, func() bool {
		runtime.GC()
		for range 1000 {
			if _, ok := slot.Take(); ok {
				return false
			}
		}
		return true
	})
}
