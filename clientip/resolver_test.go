package clientip_test

import (
	"crypto/tls"
	"reflect"
	"strings"
	"testing"

	"github.com/hone-go/hone/clientip"
)

// The whole of what can be wrong between a header and the address.
func TestAddr(t *testing.T) {
	hops := func(n int) clientip.Config { return clientip.Config{Hops: clientip.Hops{For: n}} }
	trusted := clientip.Config{Trusted: networks("10.0.0.0/8", "fd00::/8")}
	counted := trusted
	counted.Hops.For = 2
	unix := clientip.Config{TrustUnixSocket: true}
	unixTwo := clientip.Config{TrustUnixSocket: true, Hops: clientip.Hops{For: 2}}
	const (
		ten     = "10.0.0.9"
		spoofed = "192.0.2.66"
		client  = "203.0.113.7"
	)
	tests := []struct {
		name   string
		config clientip.Config
		from   string // default peers
		lines  []string
		want   string // default the peer
		why    clientip.Reason
	}{
		{name: "nothing believed, nothing there"},
		{name: "nothing believed", lines: []string{client}, why: clientip.Unconfigured},

		// Counts: the values of ProxyFix's table, and what they should be.
		{name: "one", config: hops(1), lines: []string{client}, want: client},
		{name: "one of two", config: hops(1), lines: []string{spoofed + ", " + client}, want: client},
		{name: "two of two", config: hops(2), lines: []string{client + ", " + ten}, want: client},
		{name: "two of three", config: hops(2), lines: []string{spoofed + "," + client + "," + ten}, want: client},
		{name: "three of two", config: hops(3), lines: []string{client + ", " + ten}, why: clientip.TooFewHops},
		{name: "absent", config: hops(1), why: clientip.Absent},
		{name: "an open quote", config: hops(1), lines: []string{`"abc, ` + client}, want: client},
		{name: "an empty end", config: hops(1), lines: []string{client + ", "}, why: clientip.Malformed},
		{name: "an empty beginning", config: hops(2), lines: []string{", " + client}, why: clientip.Malformed},
		{name: "an empty middle", config: hops(2), lines: []string{spoofed + ",," + client}, why: clientip.Malformed},
		{name: "an empty line", config: hops(2), lines: []string{spoofed, "", client}, why: clientip.Malformed},
		{name: "lines joined", config: hops(2), lines: []string{spoofed, client, ten}, want: client},
		{name: "lines and commas", config: hops(3), lines: []string{spoofed + "," + client, ten + ", " + ten}, want: client},
		{name: "skipped garbage", config: hops(2), lines: []string{client + ", unknown"}, want: client},
		{name: "garbage before", config: hops(1), lines: []string{"<script>, " + client}, want: client},
		{name: "one too many: spoofed", config: hops(2), lines: []string{spoofed + ", " + client}, want: spoofed},
		{name: "one too few: the proxy", config: hops(1), lines: []string{client + ", " + ten}, want: ten},
		{name: "every peer believed, on a socket", config: hops(1), from: "@", lines: []string{client}, want: client},

		// Networks.
		{name: "trusted peer", config: trusted, lines: []string{client}, want: client},
		{name: "trusted peer and proxy", config: trusted, lines: []string{client + ", " + ten}, want: client},
		{name: "the first that is not trusted", config: trusted, lines: []string{spoofed, ten, client, ten}, want: client},
		{name: "peer not trusted", config: trusted, from: "198.51.100.1:1", lines: []string{client}, want: "198.51.100.1", why: clientip.UntrustedPeer},
		{name: "peer not trusted, no header", config: trusted, from: "198.51.100.1:1", want: "198.51.100.1"},
		{name: "all trusted: the furthest", config: trusted, lines: []string{"10.1.1.1, 10.2.2.2"}, want: "10.1.1.1"},
		{name: "trusted, absent", config: trusted, why: clientip.Absent},
		{name: "IPv6 peer in IPv4 form", config: trusted, from: "[::ffff:10.0.0.1]:80", lines: []string{client}, want: client},
		{name: "IPv6 proxies", config: trusted, from: "[fd00::1]:80", lines: []string{"2001:db8::7, fd00::2%eth1"}, want: "2001:db8::7"},
		{name: "malformed behind a proxy", config: trusted, lines: []string{client + ", x, " + ten}, why: clientip.Malformed},
		{name: "hidden behind a proxy", config: trusted, lines: []string{client + ", unknown, " + ten}, why: clientip.Hidden},
		{name: "malformed beyond the client", config: trusted, lines: []string{"x, " + client + ", " + ten}, want: client},
		{name: "32 proxies", config: trusted, lines: append([]string{client}, fill(31, ten)...), want: client},
		{name: "32 trusted alone", config: trusted, lines: fill(32, ten), want: ten},
		{name: "33 trusted", config: trusted, lines: append([]string{client}, fill(32, ten)...), why: clientip.TooManyHops},

		// Networks and a count.
		{name: "both hold", config: counted, lines: []string{spoofed, client, ten}, want: client},
		{name: "both hold, client is trusted", config: counted, lines: []string{ten, ten}, want: ten},
		{name: "a hop short", config: counted, lines: []string{spoofed, client}, why: clientip.UntrustedHop},
		{name: "too few", config: counted, lines: []string{client}, why: clientip.UntrustedHop},
		{name: "too few, trusted", config: counted, lines: []string{ten}, why: clientip.TooFewHops},
		{name: "count, peer not trusted", config: counted, from: "198.51.100.1:1", lines: []string{client, ten}, want: "198.51.100.1", why: clientip.UntrustedPeer},

		// Unix sockets.
		{name: "socket", config: unix, from: "@", lines: []string{spoofed, client}, want: client},
		{name: "socket trusts no network", config: unix, lines: []string{client}, why: clientip.UntrustedPeer},
		{name: "socket and a count", config: unixTwo, from: "@", lines: []string{client, "198.51.100.9"}, want: client},
		{name: "socket not trusted", config: trusted, from: "@", lines: []string{client}, want: "invalid IP", why: clientip.UntrustedPeer},
		{name: "socket, absent", config: unix, from: "@", want: "invalid IP", why: clientip.Absent},
		{name: "not a socket either", config: unix, from: "pipe", lines: []string{client}, want: "invalid IP", why: clientip.UntrustedPeer},

		// Sizes.
		{name: "10,000 elements, count", config: hops(2), lines: []string{strings.Repeat(spoofed+",", 10_000) + client + "," + ten}, want: client},
		{name: "10,000 lines, count", config: hops(2), lines: append(fill(10_000, spoofed), client, ten), want: client},
		{name: "10,000 elements, too few", config: hops(32), lines: []string{strings.Repeat(",", 10_000)}, why: clientip.Malformed},
		{name: "10,000 trusted elements", config: trusted, lines: []string{client + strings.Repeat(","+ten, 10_000)}, why: clientip.TooManyHops},
		{name: "10,000 trusted lines", config: trusted, lines: append([]string{client}, fill(10_000, ten)...), why: clientip.TooManyHops},
		{name: "a long element is skipped by nobody", config: hops(2), lines: []string{client, strings.Repeat("x", 2000)}, why: clientip.TooFewHops},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.from == "" {
				tt.from = peers
			}
			r := request(tt.from)
			if tt.lines != nil {
				r.Header["X-Forwarded-For"] = tt.lines
			}
			c := resolver(t, tt.config).Resolve(r)
			want := tt.want
			if want == "" {
				want = peer
			}
			why := c.Ignored(clientip.PartFor)
			if c.Addr.String() != want || why != tt.why {
				t.Errorf("Resolve = %v, ignored %q, want %v, %q", c.Addr, why, want, tt.why)
			}
			if named := c.Source == "X-Forwarded-For"; named != (c.Hops > 0) || named != (c.Addr != c.Peer) {
				t.Errorf("Source, Hops = %q, %d for %v and the peer %v", c.Source, c.Hops, c.Addr, c.Peer)
			}
		})
	}
}

func TestHops(t *testing.T) {
	v := resolver(t, clientip.Config{Trusted: networks("10.0.0.0/8")})
	for want, list := range []string{"", "203.0.113.7", "203.0.113.7,10.0.0.2", "192.0.2.1,203.0.113.7,10.0.0.3,10.0.0.2"} {
		r := request(peers)
		if list != "" {
			r.Header.Set("X-Forwarded-For", list)
		}
		if got := v.Resolve(r).Hops; got != want {
			t.Errorf("Resolve(%q).Hops = %d, want %d", list, got, want)
		}
	}
}

// A list of RFC 7239 is read from its end too: no quote that a client left
// open reaches what the proxy wrote.
func TestForwardedList(t *testing.T) {
	trusted := clientip.Config{Header: clientip.Forwarded, Trusted: networks("10.0.0.0/8")}
	tests := []struct {
		lines []string
		want  string
		why   clientip.Reason
	}{
		{[]string{"for=192.0.2.66, for=203.0.113.7, for=10.0.0.2"}, "203.0.113.7", 0},
		{[]string{"for=192.0.2.66", "for=203.0.113.7", "for=10.0.0.2"}, "203.0.113.7", 0},
		{[]string{`for="abc, for=203.0.113.7`}, "203.0.113.7", 0},
		{[]string{`for=192.0.2.66;x="`, `for="203.0.113.7:80"`}, "203.0.113.7", 0},
		{[]string{`for=192.0.2.66;x="\`, `for=203.0.113.7`}, "203.0.113.7", 0},
		{[]string{`x=", for=203.0.113.7;y="a,b\"c;d\\"`}, "203.0.113.7", 0},
		{[]string{`for=203.0.113.7;y="`}, "", clientip.Malformed},
		{[]string{"for=203.0.113.7, for=_proxy, for=10.0.0.2"}, "", clientip.Hidden},
		{[]string{"for=203.0.113.7, by=10.0.0.3, for=10.0.0.2"}, "", clientip.Malformed},
	}
	for _, tt := range tests {
		r := request(peers)
		r.Header["Forwarded"] = tt.lines
		check(t, tt.lines, resolver(t, trusted).Resolve(r), tt.want, tt.why)
	}
	c := resolver(t, clientip.Config{}).Resolve(request(peers, "Forwarded", "for=203.0.113.7"))
	check(t, "without trust", c, "", clientip.Unconfigured)
}

func TestSingleHeader(t *testing.T) {
	const client = "203.0.113.7"
	config := clientip.Config{Header: "cf-connecting-ip", Trusted: clientip.Cloudflare().Networks}
	const edge, elsewhere = "[2606:4700::1]:443", "10.0.0.1:443"
	tests := []struct {
		from  string
		lines []string
		ok    bool
		why   clientip.Reason
	}{
		{edge, []string{client}, true, 0},
		{edge, []string{" " + client + " "}, true, 0},
		{edge, nil, false, clientip.Absent},
		{edge, []string{client, client}, false, clientip.Repeated},
		{edge, []string{client + ", " + client}, false, clientip.Malformed},
		{edge, []string{""}, false, clientip.Malformed},
		{edge, []string{strings.Repeat(" ", 2000) + client}, false, clientip.Malformed},
		{edge, []string{"unknown"}, false, clientip.Hidden},
		{elsewhere, []string{client}, false, clientip.UntrustedPeer},
		{elsewhere, nil, false, 0},
	}
	for _, tt := range tests {
		r := request(tt.from, "X-Forwarded-For", "192.0.2.66")
		if tt.lines != nil {
			r.Header["Cf-Connecting-Ip"] = tt.lines
		}
		c := resolver(t, config).Resolve(r)
		want := c.Peer.String()
		if tt.ok {
			want = client
		}
		if c.Addr.String() != want || c.Ignored(clientip.PartFor) != tt.why || (c.Source == "Cf-Connecting-Ip") != tt.ok {
			t.Errorf("Resolve(%q from %s) = %v by %q, ignored %q, want %s, %q",
				tt.lines, tt.from, c.Addr, c.Source, c.Ignored(clientip.PartFor), want, tt.why)
		}
	}
}

// Proto, Host, Port and Prefix.
func TestOrigin(t *testing.T) {
	all := clientip.Hops{For: 1, Proto: 1, Host: 1, Port: 1, Prefix: 1}
	one := clientip.Config{Hops: all}
	byPeer := clientip.Config{Trusted: networks("192.0.2.0/24"), Hops: all}
	rfc := clientip.Config{Header: clientip.Forwarded, Hops: clientip.Hops{For: 1}}
	const direct = "http://backend.internal:8080"
	tests := []struct {
		name   string
		config clientip.Config
		fields []string
		want   string // origin and prefix
		why    [5]clientip.Reason
	}{
		{name: "nothing", config: clientip.Config{}, want: direct},
		{
			name: "not configured", config: clientip.Config{}, want: direct,
			fields: []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "a.b", "X-Forwarded-Port", "1", "X-Forwarded-Prefix", "/p"},
			why:    [5]clientip.Reason{0, clientip.Unconfigured, clientip.Unconfigured, clientip.Unconfigured, clientip.Unconfigured},
		},
		{
			name: "peer not trusted", config: byPeer, want: direct,
			fields: []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "a.b", "X-Forwarded-Port", "1", "X-Forwarded-Prefix", "/p"},
			why:    [5]clientip.Reason{0, clientip.UntrustedPeer, clientip.UntrustedPeer, clientip.UntrustedPeer, clientip.UntrustedPeer},
		},
		{
			name: "absent", config: one, want: direct,
			why: [5]clientip.Reason{clientip.Absent, clientip.Absent, clientip.Absent, clientip.Absent, clientip.Absent},
		},
		{
			name: "all", config: one, want: "https://a.b:8443/p",
			fields: []string{"X-Forwarded-For", "1.1.1.1", "X-Forwarded-Proto", "HTTPS", "X-Forwarded-Host", "a.b", "X-Forwarded-Port", "8443", "X-Forwarded-Prefix", "/p/"},
		},
		{
			name: "the last of each", config: one, want: "https://a.b:8443/p",
			fields: []string{"X-Forwarded-For", "1.1.1.1", "X-Forwarded-Proto", "http", "X-Forwarded-Proto", "ws, https", "X-Forwarded-Host", "evil, a.b", "X-Forwarded-Port", "1,8443", "X-Forwarded-Prefix", "/evil, /p"},
		},
		{
			name: "a count for each", want: "https://b:2/b", config: clientip.Config{Hops: clientip.Hops{Proto: 1, Host: 2, Port: 3, Prefix: 2}},
			fields: []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "b,c", "X-Forwarded-Port", "2,3,4", "X-Forwarded-Prefix", "/b,/c"},
		},
		{
			name: "too few", want: direct, config: clientip.Config{Hops: clientip.Hops{Proto: 2, Host: 2, Port: 2, Prefix: 2}},
			fields: []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "b", "X-Forwarded-Port", "2", "X-Forwarded-Prefix", "/b"},
			why:    [5]clientip.Reason{0, clientip.TooFewHops, clientip.TooFewHops, clientip.TooFewHops, clientip.TooFewHops},
		},
		{
			name: "malformed", config: one, want: direct,
			fields: []string{"X-Forwarded-For", "1", "X-Forwarded-Proto", "javascript", "X-Forwarded-Host", "a/b", "X-Forwarded-Port", "x", "X-Forwarded-Prefix", "p"},
			why:    [5]clientip.Reason{clientip.Malformed, clientip.Malformed, clientip.Malformed, clientip.Malformed, clientip.Malformed},
		},
		{
			name: "empty", config: one, want: direct,
			fields: []string{"X-Forwarded-For", "", "X-Forwarded-Proto", "", "X-Forwarded-Host", "", "X-Forwarded-Port", "", "X-Forwarded-Prefix", ""},
			why:    [5]clientip.Reason{clientip.Malformed, clientip.Malformed, clientip.Malformed, clientip.Malformed, clientip.Malformed},
		},
		{
			name: "the port of the host", want: "http://[2001:db8::1]:81", config: clientip.Config{Hops: clientip.Hops{Host: 1}},
			fields: []string{"X-Forwarded-Host", "[2001:db8::1]:81"},
		},
		{
			name: "the usual port", want: "https://[2001:db8::1]", config: clientip.Config{Hops: clientip.Hops{Host: 1, Proto: 1, Port: 1}},
			fields: []string{"X-Forwarded-Host", "[2001:db8::1]:81", "X-Forwarded-Proto", "https", "X-Forwarded-Port", "443"},
		},
		{
			name: "one element", config: rfc, want: "https://shop.example:8443",
			fields: []string{"Forwarded", `for=1.1.1.1;host=evil, for=1.1.1.1;proto=https;host="shop.example:8443"`},
		},
		{
			name: "one element, malformed", config: rfc, want: direct,
			fields: []string{"Forwarded", `for=1.1.1.1;proto=gopher;host="a@b"`},
			why:    [5]clientip.Reason{0, clientip.Malformed, clientip.Malformed},
		},
		{
			name: "a hidden element says nothing", config: rfc, want: direct,
			fields: []string{"Forwarded", `for=unknown;proto=https;host=a`},
			why:    [5]clientip.Reason{clientip.Hidden},
		},
		{
			name: "a count wins", want: "https://b:8080", config: clientip.Config{Header: "Forwarded", Hops: clientip.Hops{For: 1, Proto: 1, Host: 1, Port: 1}},
			fields: []string{"Forwarded", `for=1.1.1.1;proto=http;host=a`, "X-Forwarded-Proto", "https", "X-Forwarded-Host", "b", "X-Forwarded-Port", "8080"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := resolver(t, tt.config).Resolve(request(peers, tt.fields...))
			if got := c.Origin() + c.Prefix; got != tt.want {
				t.Errorf("Origin+Prefix = %q, want %q", got, tt.want)
			}
			for p, want := range tt.why {
				if got := c.Ignored(clientip.Part(p)); got != want {
					t.Errorf("Ignored(%d) = %q, want %q", p, got, want)
				}
			}
		})
	}
}

func TestOriginOfConnection(t *testing.T) {
	r := request(peers)
	r.TLS = &tls.ConnectionState{}
	r.Host = "shop.example"
	c := resolver(t, clientip.Config{}).Resolve(r)
	if got, want := c.Origin(), "https://shop.example"; got != want || c.Port != 443 {
		t.Errorf("Origin = %q, Port %d, want %q and 443", got, c.Port, want)
	}
	for _, host := range []string{"", "a b", "a:b", "a@b", "a:0", "[::1", "[1.2.3.4]", "[fe80::1%25eth0]", "a:1:2", strings.Repeat("a", 256)} {
		r.Host = host
		if c := resolver(t, clientip.Config{}).Resolve(r); c.Host != "" || c.Origin() != "" {
			t.Errorf("Host %.20q = %q, %q, want nothing", host, c.Host, c.Origin())
		}
	}
}

func TestPrefix(t *testing.T) {
	tests := []struct {
		in, want string
		ok       bool
	}{
		{"/", "", true},
		{"/api", "/api", true},
		{"/api//", "/api", true},
		{"/a/b%20c~d/...", "/a/b%20c~d/...", true},
		{"api", "", false},
		{"//evil.example", "", false},
		{"/a//b", "", false},
		{"/..", "", false},
		{"/a/../b", "", false},
		{"/a/.", "", false},
		{`/\evil`, "", false},
		{"/a b", "", false},
		{"/a?b", "", false},
		{"/a#b", "", false},
		{"/<a>", "", false},
		{"/\x7f", "", false},
		{"/é", "", false},
		{"https://evil.example", "", false},
	}
	v := resolver(t, clientip.Config{Hops: clientip.Hops{Prefix: 1}})
	for _, tt := range tests {
		c := v.Resolve(request(peers, "X-Forwarded-Prefix", tt.in))
		if ok := c.Ignored(clientip.PartPrefix) == clientip.NotIgnored; c.Prefix != tt.want || ok != tt.ok {
			t.Errorf("Prefix of %q = %q, %t, want %q, %t", tt.in, c.Prefix, ok, tt.want, tt.ok)
		}
	}
}

func TestResolveChangesNothing(t *testing.T) {
	r := request(peers, "X-Forwarded-For", "a, 203.0.113.7", "X-Forwarded-Host", "x")
	before := r.Header.Clone()
	resolver(t, clientip.Config{Hops: clientip.Hops{For: 1, Host: 1}}).Resolve(r)
	if !reflect.DeepEqual(r.Header, before) || r.RemoteAddr != peers || r.Host != "backend.internal:8080" {
		t.Errorf("after Resolve, RemoteAddr %q, Host %q, header %v, want what they were", r.RemoteAddr, r.Host, r.Header)
	}
}
