package httpcache_test

import (
	"runtime"
	"testing"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

// A hit in a coding is one look-up, most times; some ask for the coding, so
// that the near cache sees that it is used.
func TestCodedHitsAskSeldom(t *testing.T) {
	const hits = 1600
	h, c := openCache(t, memoryStore(t), httpcache.Config{Encoder: newEncoder(t, encode.Config{})})
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
	for range hits {
		if r := get(handler, "/", "Accept-Encoding: gzip"); r.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%v, want gzip", r.Header)
		}
	}
	if got := asked() - before; got < hits/16/3 || got > hits/4 {
		t.Errorf("%d of %d hits asked for the coding, want about a sixteenth", got, hits)
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
