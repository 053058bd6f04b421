package httpcache_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/store/memory"
)

// newExampleCache returns a cache.Cache in the memory of this process.
func newExampleCache() *cache.Cache {
	store, err := memory.New(memory.Config{})
	if err != nil {
		log.Fatal(err)
	}
	c, err := cache.New(store, cache.Config{Namespace: "shop", Near: cache.Near{MaxBytes: 16 << 20}})
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// show asks a handler and prints what came of it.
func show(h http.Handler, target string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	fmt.Println(w.Body, "-", w.Header().Get("Cache-Status"))
}

// The service says by Cache-Control what may be kept; nothing else is.
func ExampleNew() {
	c := newExampleCache()
	defer c.Close()
	encoder, err := encode.New(encode.Config{})
	if err != nil {
		log.Fatal(err)
	}
	responses, err := httpcache.New(c, httpcache.Config{Encoder: encoder})
	if err != nil {
		log.Fatal(err)
	}
	service := http.NewServeMux()
	service.HandleFunc("/products", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = io.WriteString(w, "products")
	})
	service.HandleFunc("/account", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "private")
		_, _ = io.WriteString(w, "account")
	})
	handler := responses.Handler(service)
	show(handler, "/products?page=1&sort=price")
	show(handler, "/products?sort=price&page=1")
	show(handler, "/account")
	// Output:
	// products - hone; fwd=uri-miss; ttl=60; stored
	// products - hone; hit; ttl=60
	// account - hone; fwd=uri-miss; detail=private
}

// A view that says nothing of it is kept for a minute.
func ExampleHTTPCache_Cached() {
	c := newExampleCache()
	defer c.Close()
	responses, err := httpcache.New(c, httpcache.Config{Default: httpcache.Policy{Jitter: -1}})
	if err != nil {
		log.Fatal(err)
	}
	runs := 0
	report := responses.Cached(time.Minute)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		runs++
		fmt.Fprint(w, "report ", runs)
	}))
	show(report, "/report")
	show(report, "/report")
	// Output:
	// report 1 - hone; fwd=uri-miss; ttl=60; stored
	// report 1 - hone; hit; ttl=60
}

// What depends on a product is gone when the product has changed, whatever its
// URL.
func ExampleHTTPCache_Invalidate() {
	c := newExampleCache()
	defer c.Close()
	responses, err := httpcache.New(c, httpcache.Config{Default: httpcache.Policy{Jitter: -1}})
	if err != nil {
		log.Fatal(err)
	}
	price := 10
	page := responses.Cached(time.Minute)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		httpcache.AddTags(w, "product:7")
		fmt.Fprint(w, "price ", price)
	}))
	show(page, "/offers")
	price = 8
	show(page, "/offers")
	if err := responses.Invalidate(context.Background(), "product:7"); err != nil {
		log.Fatal(err)
	}
	show(page, "/offers")
	// Output:
	// price 10 - hone; fwd=uri-miss; ttl=60; stored
	// price 10 - hone; hit; ttl=60
	// price 8 - hone; fwd=uri-miss; ttl=60; stored
}
