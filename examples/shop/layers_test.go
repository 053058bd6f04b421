package shop_test

import (
	"net/http"
	"testing"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/httpcache"
)

// With all layers, every large answer is encoded, the shared ones are encoded
// once, and who has an answer is not sent it again.
func TestLayers(t *testing.T) {
	eachSystem(t, asCached, func(t *testing.T, f *fixture) {
		encoder, err := encode.New(encode.Config{})
		if err != nil {
			t.Fatal(err)
		}
		tags, err := httpcache.NewConditional(httpcache.ConditionalConfig{})
		if err != nil {
			t.Fatal(err)
		}
		responses, err := httpcache.New(f.cache, httpcache.Config{Name: "encoded", Encoder: encoder})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Use(shop.Layers{Responses: responses, Encoder: encoder, Conditional: tags}); err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"/api/orders", "/search?q=a", "/api/catalog", "/", "/api/export.csv"} {
			plain := f.sent(t, target, "", "")
			coded := f.sent(t, target, "Accept-Encoding", "gzip")
			if got := coded.Header().Get("Content-Encoding"); got != "gzip" || coded.Body.Len() >= plain.Body.Len() {
				t.Errorf("GET %s = %d bytes as %q, want gzip of less than %d", target, coded.Body.Len(), got, plain.Body.Len())
			}
			tag := coded.Header().Get("ETag")
			if target == "/api/export.csv" {
				if tag != "" {
					t.Errorf("GET %s has the tag %s, want none: it is a stream", target, tag)
				}
				continue
			}
			r := f.sent(t, target, "If-None-Match", plain.Header().Get("ETag"))
			if r.Code != http.StatusNotModified || tag == "" || tag == plain.Header().Get("ETag") {
				t.Errorf("GET %s with its tag = %d, and %q for the coded one, want 304 and another", target, r.Code, tag)
			}
		}
		if w := f.sent(t, "/api/orders", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Cache-Status")[:12] != "encoded; hit" {
			t.Errorf("GET /api/orders again = %v, want a hit in gzip", w.Header())
		}
	})
}
