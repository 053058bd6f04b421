//go:build unix

package shop_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/store/memory"
)

// Every machine of the deployment is a loopback address of its own.
const (
	abuser   = "127.0.0.2"
	customer = "127.0.0.5"
	outer    = "127.0.0.3" // the proxy that clients talk to, if there are two
	inner    = "127.0.0.4" // the proxy that the shop talks to
)

// nginx starts an nginx in front of upstream, which it connects to from the
// given address. It adds its peer to X-Forwarded-For, whatever is in there.
func nginx(t *testing.T, from, upstream string) string {
	t.Helper()
	if server.Find("nginx") == "" {
		if os.Getenv(testserver.EnvRequire) == "1" {
			t.Fatalf("nginx is not installed and %s=1: as root, `make test` installs it", testserver.EnvRequire)
		}
		t.Skip("nginx is not installed: as root, `make test` installs it")
	}
	p, url, err := server.Nginx(t.Context(), t.TempDir(), upstream,
		"proxy_bind "+from, "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return url
}

// A deployment is the shop with limits behind two proxies.
type deployment struct {
	inner, outer string                 // URLs, of one proxy and of two
	explained    atomic.Pointer[string] // how the client of the last request was found
}

func deploy(t *testing.T, f *fixture, cfg clientip.Config) *deployment {
	t.Helper()
	store, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	limits, err := f.Limits(store, shop.LimitsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(limits.Close)
	clients, err := clientip.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	limited := clients.Handler(limits.Handler(f.Handler()))
	d := new(deployment)
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := clients.Explain(r).String()
		d.explained.Store(&text)
		limited.ServeHTTP(w, r)
	}))
	t.Cleanup(behind.Close)
	d.inner = nginx(t, inner, behind.URL)
	d.outer = nginx(t, outer, d.inner)
	return d
}

// admitted sends n requests from an address, each with another address in
// X-Forwarded-For, and counts those that are no refusal.
func admitted(t *testing.T, url, from string, n int) (count int) {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))}
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	for i := range n {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/orders/1", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		switch resp.StatusCode {
		case http.StatusOK:
			count++
		case http.StatusTooManyRequests:
		default:
			t.Fatalf("GET /api/orders/1 = %d", resp.StatusCode)
		}
	}
	return count
}

// Behind one proxy and behind two, an abuser is held whatever address it claims
// to have, and nobody pays for it. With a count that is wrong by one, that is
// not so, and the explanation shows it.
func TestLimitsBehindNginx(t *testing.T) {
	trust := clientip.Config{Trusted: []netip.Prefix{netip.MustParsePrefix(outer + "/32"), netip.MustParsePrefix(inner + "/32")}}
	hops := func(n int) clientip.Config { return clientip.Config{Hops: clientip.Hops{For: n}} }
	const held, all, none = 100, 110, 0
	tests := []struct {
		name             string
		config           clientip.Config
		proxies          int
		abuser, customer int    // how many of 110 requests, and then of 3, are admitted
		explained        string // of the customer's last request
	}{
		{"one hop", hops(1), 1, held, 3, "client " + customer},
		{"two hops", hops(2), 2, held, 3, "client " + customer},
		{"one trusted", trust, 1, held, 3, "client " + customer},
		{"two trusted", trust, 2, held, 3, "client " + customer},
		{"a hop too few", hops(1), 2, held, none, "client " + outer},
		{"a hop too many", hops(2), 1, all, 3, "client 198.51.100.2"},
		{"none", clientip.Config{}, 1, held, none, "client " + inner},
	}
	eachSystem(t, asTuned, func(t *testing.T, f *fixture) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				d := deploy(t, f, tt.config)
				url := d.inner
				if tt.proxies == 2 {
					url = d.outer
				}
				if got := admitted(t, url, abuser, all); got != tt.abuser {
					t.Errorf("of %d requests of an abuser, %d admitted, want %d", all, got, tt.abuser)
				}
				if got := admitted(t, url, customer, 3); got != tt.customer {
					t.Errorf("of 3 requests of a customer, %d admitted, want %d", got, tt.customer)
				}
				if got := *d.explained.Load(); !strings.Contains(got, tt.explained+"\n") {
					t.Errorf("explained as\n%s\nwant %s", got, tt.explained)
				}
			})
		}
	})
}
