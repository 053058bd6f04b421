package httpcache_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/hone-go/hone/httpcache"
)

// A client that has version 7 gets no body, and the database is not asked for
// more than the version.
func ExampleCheck() {
	updated := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		if httpcache.Check(w, r, "7", updated) {
			return
		}
		fmt.Println("render the page")
		_, _ = io.WriteString(w, "<p>page")
	})

	r := httptest.NewRequest(http.MethodGet, "/", nil)
	first := httptest.NewRecorder()
	handler.ServeHTTP(first, r)
	fmt.Println(first.Code, first.Header().Get("ETag"))

	r.Header.Set("If-None-Match", first.Header().Get("ETag"))
	second := httptest.NewRecorder()
	handler.ServeHTTP(second, r)
	fmt.Println(second.Code, second.Body.Len(), "bytes")
	// Output:
	// render the page
	// 200 "7"
	// 304 0 bytes
}

// A write that says which version it has seen does not overwrite another.
func ExampleCheck_write() {
	version := "8" // somebody was faster
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if httpcache.Check(w, r, version, time.Time{}) {
			return
		}
		fmt.Println("update")
	})

	r := httptest.NewRequest(http.MethodPut, "/", nil)
	r.Header.Set("If-Match", `"7"`)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("ETag"))
	// Output: 412 "8"
}

// Every page gets a tag made of its body.
func ExampleConditional_Handler() {
	conditional, err := httpcache.NewConditional(httpcache.ConditionalConfig{})
	if err != nil {
		log.Fatal(err)
	}
	handler := conditional.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<p>page")
	}))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Println(w.Code, w.Header().Get("ETag"))
	// Output: 200 "FPe_9ID5wVzgOQ0WnaGiHw"
}
