package encode_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hone-go/hone/encode"
)

func ExampleEncoder_Handler() {
	encoder, err := encode.New(encode.Config{})
	if err != nil {
		panic(err)
	}
	handler := encoder.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Etag", `"v7"`)
		fmt.Fprint(w, "["+strings.Repeat(`{"id":1},`, 999)+`{"id":1}]`)
	}))
	r := httptest.NewRequest(http.MethodGet, "/products", http.NoBody)
	r.Header.Set("Accept-Encoding", "gzip, br;q=0.9")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Header().Get("Content-Encoding"), w.Header().Get("Etag"), w.Header().Get("Vary"))
	fmt.Println(w.Body.Len() < 200)
	// Output:
	// gzip "v7~gz" Accept-Encoding
	// true
}

func ExampleEncoder_Negotiate() {
	encoder, err := encode.New(encode.Config{})
	if err != nil {
		panic(err)
	}
	n := encoder.Negotiate([]string{"gzip, zstd;q=0.5, identity;q=0"})
	fmt.Println(n.Coding, n.Accepts(encode.Zstd), n.Accepts(encode.Identity))
	fmt.Println(n.Match([]string{`"v6~gz", "v7~gz"`}, `"v7"`))
	// Output:
	// gzip true false
	// "v7~gz" true
}
