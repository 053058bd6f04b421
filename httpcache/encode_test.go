package httpcache_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

// TestEncoder: each coding is made once, however clients spell what they take,
// and its tag is understood.
func TestEncoder(t *testing.T) {
	encoder, err := encode.New(encode.Config{})
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Repeat("hello ", 1000)
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Etag", `"v1"`)
		_, _ = io.WriteString(w, body)
	}}
	h := open(t, memoryStore(t), httpcache.Config{Encoder: encoder}).Handler(o)
	for i, tt := range []struct{ accept, told, coding, tag string }{
		{"gzip", "fwd=uri-miss; stored", "gzip", `"v1~gz"`},
		{"gzip, deflate", "hit", "gzip", `"v1~gz"`},
		{"gzip;q=0.5", "hit", "gzip", `"v1~gz"`},
		{"br, gzip;q=0.1", "fwd=vary-miss; stored", "br", `"v1~br"`},
		{"br", "hit", "br", `"v1~br"`},
		{"identity", "fwd=vary-miss; stored", "", `"v1"`},
		{"deflate", "hit", "", `"v1"`},
	} {
		r := get(h, "/", "Accept-Encoding: "+tt.accept)
		if got := told(r); got != tt.told || r.Header.Get("Content-Encoding") != tt.coding || r.Header.Get("Etag") != tt.tag {
			t.Errorf("request %d with %q: %q, %q, %q, want %q, %q, %q", i+1, tt.accept,
				got, r.Header.Get("Content-Encoding"), r.Header.Get("Etag"), tt.told, tt.coding, tt.tag)
		}
		if tt.coding == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			if b, _ := io.ReadAll(z); string(b) != body {
				t.Errorf("request %d: the body is not what was written", i+1)
			}
		}
		if r := get(h, "/", "Accept-Encoding: "+tt.accept, "If-None-Match: "+tt.tag); r.StatusCode != http.StatusNotModified {
			t.Errorf("request %d, again with its tag: %d, want 304", i+1, r.StatusCode)
		}
	}
}
