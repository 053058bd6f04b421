//go:build unix

package clientip_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

// Every machine of the deployment is a loopback address of its own.
const (
	user  = "127.0.0.2"
	outer = "127.0.0.3" // the proxy that the user talks to
	inner = "127.0.0.4" // the proxy that the service talks to
)

// nginx starts an nginx in front of upstream, which it connects to from the
// given address.
func nginx(t *testing.T, from, upstream string, settings ...string) string {
	t.Helper()
	if server.Find("nginx") == "" {
		if os.Getenv(testserver.EnvRequire) == "1" {
			t.Fatalf("nginx is not installed and %s=1: as root, `make test` installs it", testserver.EnvRequire)
		}
		t.Skip("nginx is not installed: as root, `make test` installs it")
	}
	if from != "" {
		settings = append(settings, "proxy_bind "+from)
	}
	p, url, err := server.Nginx(t.Context(), t.TempDir(), upstream, settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return url
}

// seen is what the service behind the proxies says of a request.
type seen struct {
	Addr, Source, Origin, Prefix string
	Hops                         int
	Why                          [5]string
}

func see(c clientip.Client) seen {
	s := seen{Source: c.Source, Origin: c.Origin(), Prefix: c.Prefix, Hops: c.Hops}
	if c.Addr.IsValid() {
		s.Addr = c.Addr.String()
	}
	for p := range s.Why {
		s.Why[p] = c.Ignored(clientip.Part(p)).String()
	}
	return s
}

// service answers with what it knows of the client.
func service(t *testing.T, config clientip.Config) http.Handler {
	t.Helper()
	return resolver(t, config).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := clientip.From(r.Context())
		if !ok {
			t.Error("From = nothing within Handler")
		}
		if err := json.NewEncoder(w).Encode(see(c)); err != nil {
			t.Error(err)
		}
	}))
}

// ask sends a request from the user's address.
func ask(t *testing.T, url string, header http.Header) seen {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	r.Host = "shop.example:8443"
	dialer := &net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(user), 0))}
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var s seen
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		t.Fatalf("status %d: %v", resp.StatusCode, err)
	}
	return s
}

var appendFor = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for"

func TestBehindNginx(t *testing.T) {
	trust := func(addrs ...string) clientip.Config {
		var c clientip.Config
		for _, a := range addrs {
			c.Trusted = append(c.Trusted, netip.PrefixFrom(netip.MustParseAddr(a), 32))
		}
		return c
	}
	count := func(n int) clientip.Config { return clientip.Config{Hops: clientip.Hops{For: n}} }
	both := trust(outer, inner)
	both.Hops.For = 2
	tests := []struct {
		name   string
		config clientip.Config
		one    string // behind one proxy
		two    string // behind two
	}{
		{"nobody", clientip.Config{}, inner, inner},
		{"both trusted", trust(outer, inner), user, user},
		{"only the inner", trust(inner), user, outer},
		{"only the outer", trust(outer), inner, inner},
		{"one hop", count(1), user, outer}, // behind two: one too few
		{"two hops", count(2), "192.0.2.66", user},
		{"three hops", count(3), "198.51.100.66", "192.0.2.66"}, // one too many: spoofed
		{"both trusted, two hops", both, inner, user},           // behind one: one too many
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			behind := httptest.NewServer(service(t, tt.config))
			t.Cleanup(behind.Close)
			innerURL := nginx(t, inner, behind.URL, appendFor)
			outerURL := nginx(t, outer, innerURL, appendFor)
			spoofed := http.Header{"X-Forwarded-For": {"198.51.100.66", "192.0.2.66"}}
			if got := ask(t, innerURL, spoofed).Addr; got != tt.one {
				t.Errorf("behind one proxy, Addr = %s, want %s", got, tt.one)
			}
			if got := ask(t, outerURL, spoofed).Addr; got != tt.two {
				t.Errorf("behind two proxies, Addr = %s, want %s", got, tt.two)
			}
		})
	}
}

func TestBehindNginxForwarded(t *testing.T) {
	config := clientip.Config{
		Header:  clientip.Forwarded,
		Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.3/32"), netip.MustParsePrefix("127.0.0.4/32")},
		Hops:    clientip.Hops{Prefix: 1},
	}
	behind := httptest.NewServer(service(t, config))
	defer behind.Close()
	innerURL := nginx(t, inner, behind.URL, `proxy_set_header Forwarded "$http_forwarded, for=$remote_addr"`)
	outerURL := nginx(t, outer, innerURL,
		`proxy_set_header Forwarded "$http_forwarded, for=\"$remote_addr:$remote_port\";host=\"$http_host\";proto=https"`,
		"proxy_set_header X-Forwarded-Prefix /api")
	got := ask(t, outerURL+"/x", http.Header{"Forwarded": {`for=192.0.2.66;proto=ftp, for="`}})
	want := seen{
		Addr: user, Source: "Forwarded", Hops: 2, Origin: "https://shop.example:8443", Prefix: "/api",
	}
	if got != want {
		t.Errorf("behind two proxies = %+v, want %+v", got, want)
	}
}

func TestBehindNginxUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	resolving := service(t, clientip.Config{TrustUnixSocket: true, Hops: clientip.Hops{Proto: 1, Host: 1, Port: 1}})
	plain := service(t, clientip.Config{Trusted: clientip.Private().Networks})
	mux := http.NewServeMux()
	mux.Handle("/", resolving)
	mux.Handle("/plain", plain)
	srv := &http.Server{Handler: mux}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // until Close
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	url := nginx(t, "", "http://unix:"+path, appendFor, "proxy_set_header X-Forwarded-Proto https",
		"proxy_set_header X-Forwarded-Host $http_host", "proxy_set_header X-Forwarded-Port 443")
	got := ask(t, url, http.Header{"X-Forwarded-For": {"192.0.2.66"}})
	want := seen{Addr: user, Source: "X-Forwarded-For", Hops: 1, Origin: "https://shop.example"}
	if got != want {
		t.Errorf("on a trusted Unix socket = %+v, want %+v", got, want)
	}
	got = ask(t, url+"/plain", http.Header{})
	if got.Addr != "" || got.Why[clientip.PartFor] != clientip.UntrustedPeer.String() {
		t.Errorf("on a Unix socket that is not trusted = %+v, want no address, and why", got)
	}
}
