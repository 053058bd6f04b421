package clientip_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/hone-go/hone/clientip"
)

func ExampleResolver_Handler() {
	v, err := clientip.New(clientip.Config{
		Trusted: clientip.Private().Networks, // where this service's proxies are
		Hops:    clientip.Hops{Proto: 1},     // the nearest of them sets it
	})
	if err != nil {
		panic(err)
	}
	handler := v.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		client, _ := clientip.From(r.Context())
		fmt.Println(client.Addr, client.Origin(), clientip.Key(client.Addr, 0))
	}))

	r := httptest.NewRequest(http.MethodGet, "http://shop.example/", http.NoBody)
	r.RemoteAddr = "10.0.0.3:40000"
	// The client sent the first address, the proxy at 10.0.0.2 the second.
	r.Header.Set("X-Forwarded-For", "192.0.2.66, 2001:db8::7, 10.0.0.2")
	r.Header.Set("X-Forwarded-Proto", "https")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	// Output: 2001:db8::7 https://shop.example 2001:db8::/64
}

func ExampleConfig_cloudflare() {
	v, err := clientip.New(clientip.Config{
		Header:  clientip.CloudflareIP,
		Trusted: clientip.Cloudflare().Networks,
	})
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest(http.MethodGet, "http://shop.example/", http.NoBody)
	r.Header.Set("CF-Connecting-IP", "203.0.113.7")
	r.RemoteAddr = "162.158.1.1:40000"
	fmt.Println(v.Resolve(r).Addr)
	r.RemoteAddr = "192.0.2.66:40000" // someone who found the origin
	fmt.Println(v.Resolve(r).Addr, v.Resolve(r).Ignored(clientip.PartFor))
	// Output:
	// 203.0.113.7
	// 192.0.2.66 the peer is not a trusted proxy
}
