package clientip_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hone-go/hone/clientip"
)

// commonRequest is one that came through a CDN's edge and an ingress.
func commonRequest() *http.Request {
	return request("10.0.0.1:41234",
		"X-Forwarded-For", "192.0.2.66, 2001:db8:1:2:3:4:5:6, 10.0.0.9",
		"X-Forwarded-Proto", "https", "X-Forwarded-Host", "shop.example")
}

var benchCases = []struct {
	name    string
	config  clientip.Config
	request func() *http.Request
}{
	{"peer", clientip.Config{}, func() *http.Request { return request("203.0.113.7:41234") }},
	{"count", clientip.Config{Hops: clientip.Hops{For: 2, Proto: 1, Host: 1}}, commonRequest},
	{"networks", clientip.Config{Trusted: clientip.Private().Networks, Hops: clientip.Hops{Proto: 1, Host: 1}}, commonRequest},
	{
		"forwarded",
		clientip.Config{Header: clientip.Forwarded, Trusted: clientip.Private().Networks},
		func() *http.Request {
			return request("10.0.0.1:41234", "Forwarded",
				`for=192.0.2.66, for="[2001:db8::7]:4711";proto=https;host=shop.example, for=10.0.0.9`)
		},
	},
	{
		"cloudflare",
		clientip.Config{Header: clientip.CloudflareIP, Trusted: clientip.Cloudflare().Networks},
		func() *http.Request { return request("162.158.1.1:443", "CF-Connecting-IP", "203.0.113.7") },
	},
	{
		"hostile",
		clientip.Config{Trusted: clientip.Private().Networks},
		func() *http.Request {
			return request("10.0.0.1:41234", "X-Forwarded-For", strings.Repeat("10.0.0.1,", 100_000)+"203.0.113.7, 10.0.0.9")
		},
	},
}

func TestResolveDoesNotAllocate(t *testing.T) {
	for _, bc := range benchCases {
		v, r := resolver(t, bc.config), bc.request()
		if n := testing.AllocsPerRun(100, func() { v.Resolve(r) }); n != 0 {
			t.Errorf("%s: Resolve allocates %v times, want 0", bc.name, n)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	for _, bc := range benchCases {
		b.Run("case="+bc.name, func(b *testing.B) {
			v, r := resolver(b, bc.config), bc.request()
			b.ReportAllocs()
			for b.Loop() {
				v.Resolve(r)
			}
		})
	}
}
