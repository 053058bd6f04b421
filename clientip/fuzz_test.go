package clientip_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/hone-go/hone/clientip"
)

// The grammars as regular expressions.
var (
	slowNode = regexp.MustCompile(`^(?:\[([^\]]*)\]|([^\[:][^:]*))(?::([0-9]{1,5}))?$`)
	slowName = regexp.MustCompile(`^(?:(?i:unknown)|_[A-Za-z0-9._-]+)$`)
	slowPair = "[!#$%&'*+.^_|~0-9A-Za-z\\x60-]+=(?:[!#$%&'*+.^_|~0-9A-Za-z\\x60-]+|\"(?:[^\"\\\\]|\\\\(?s:.))*\")"
	slowItem = regexp.MustCompile(`(?s)^[ \t]*(?:` + slowPair + `)?(?:[ \t]*;[ \t]*(?:` + slowPair + `)?)*[ \t]*$`)
	slowOne  = regexp.MustCompile(`(?s)` + slowPair)
	slowID   = regexp.MustCompile(`:_[A-Za-z0-9._-]+$`)
)

// slowAddr reads a node without hurry.
func slowAddr(s string) (netip.Addr, clientip.Reason) {
	text, port, bracketed := s, "", strings.HasPrefix(s, "[")
	if bracketed || strings.Count(s, ":") < 2 {
		m := slowNode.FindStringSubmatch(s)
		if m == nil {
			return netip.Addr{}, clientip.Malformed
		}
		text, port = m[1]+m[2], m[3]
	}
	if port != "" {
		p, err := netip.ParseAddrPort("1.1.1.1:" + port)
		if err != nil || p.Port() == 0 {
			return netip.Addr{}, clientip.Malformed
		}
	}
	if !bracketed && slowName.MatchString(text) {
		return netip.Addr{}, clientip.Hidden
	}
	text, zone, zoned := strings.Cut(text, "%")
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.IsUnspecified() || zoned && (zone == "" || addr.Is4()) || bracketed && addr.Is4() {
		return netip.Addr{}, clientip.Malformed
	}
	return addr.Unmap(), clientip.NotIgnored
}

// slowElement reads an element of Forwarded.
func slowElement(s string) (netip.Addr, clientip.Reason) {
	if !slowItem.MatchString(s) {
		return netip.Addr{}, clientip.Malformed
	}
	got := map[string]string{}
	for _, pair := range slowOne.FindAllString(s, -1) {
		name, value, _ := strings.Cut(pair, "=")
		name = strings.ToLower(name)
		if strings.HasPrefix(value, `"`) {
			value = value[1 : len(value)-1]
		}
		if name != "for" && name != "proto" && name != "host" {
			continue
		}
		if got[name] != "" || value == "" {
			return netip.Addr{}, clientip.Malformed
		}
		got[name] = value
	}
	node := got["for"]
	if !strings.HasPrefix(node, "[") && strings.Count(node, ":") > 1 {
		return netip.Addr{}, clientip.Malformed
	}
	return slowAddr(slowID.ReplaceAllString(node, ""))
}

// slowSplit cuts the last element from a list: of an element of Forwarded, the
// shortest end, after a comma or of a line, that is one; or of any list, what
// is after the last comma.
func slowSplit(lines []string, forwarded bool) (before []string, element string) {
	last := lines[len(lines)-1]
	for i := len(last) - 1; i >= 0; i-- {
		if last[i] == ',' && (!forwarded || slowItem.MatchString(last[i+1:])) {
			return append(lines[:len(lines)-1:len(lines)-1], last[:i]), last[i+1:]
		}
	}
	return lines[:len(lines)-1], last
}

// slowWalk finds the client without hurry.
func slowWalk(lines []string, config clientip.Config) (addr netip.Addr, hops int, why clientip.Reason) {
	forwarded, count := config.Header == clientip.Forwarded, config.Hops.For
	var all []netip.Addr
	trusted := func(addr netip.Addr) bool {
		for _, p := range config.Trusted {
			if p.Contains(addr) {
				return true
			}
		}
		return false
	}
	for len(lines) > 0 {
		var text string
		lines, text = slowSplit(lines, forwarded)
		if len(config.Trusted) == 0 && len(all)+1 < count {
			if forwarded && !slowItem.MatchString(text) {
				return netip.Addr{}, -1, 0 // nobody can say where it began
			}
			all = append(all, netip.Addr{})
			continue
		}
		if text = strings.Trim(text, " \t"); forwarded {
			addr, why = slowElement(text)
		} else {
			addr, why = slowAddr(text)
		}
		if why != clientip.NotIgnored {
			return netip.Addr{}, 0, why
		}
		all = append(all, addr)
		switch {
		case len(all) > 32:
			return netip.Addr{}, 0, clientip.TooManyHops
		case len(all) == count, count == 0 && !trusted(addr):
			return addr, len(all), clientip.NotIgnored
		case !trusted(addr):
			return netip.Addr{}, 0, clientip.UntrustedHop
		}
	}
	if count > 0 {
		return netip.Addr{}, 0, clientip.TooFewHops
	}
	return addr, len(all), clientip.NotIgnored
}

// FuzzAddr compares with the slow reading, for every way to trust.
func FuzzAddr(f *testing.F) {
	for _, seed := range []struct{ first, second string }{
		{"192.0.2.66, 203.0.113.7", "10.0.0.9"},
		{`for="abc, for=203.0.113.7`, `for="[2001:db8::7]:4711";proto=https, for=10.0.0.9`},
		{`for=unknown;x="a,\"b;c\\"`, "for=_hidden"},
		{"unknown:80,,[::1]:80", "fe80::1%eth0, ::ffff:10.0.0.1"},
		{`for=1.1.1.1;for=2.2.2.2, for="1.1.1.1:_p"`, ""},
		{`a="`, `b=",c="`},
	} {
		f.Add(seed.first, seed.second)
	}
	var configs []clientip.Config
	for _, header := range []string{clientip.XForwardedFor, clientip.Forwarded} {
		for count := range 4 {
			for _, trusted := range [][]netip.Prefix{nil, networks("10.0.0.0/8", "fe80::/10")} {
				if count > 0 || trusted != nil {
					configs = append(configs, clientip.Config{Header: header, Trusted: trusted, Hops: clientip.Hops{For: count}})
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		if len(first)+len(second) > 1000 || strings.ContainsAny(first+second, "\r\n") {
			t.Skip("elements that long are not read, and a header has no line ends")
		}
		lines := []string{first, second}
		for _, config := range configs {
			addr, hops, why := slowWalk(lines, config)
			if hops < 0 {
				continue
			}
			r := request(peers)
			r.Header[config.Header] = lines
			c := resolver(t, config).Resolve(r)
			if !addr.IsValid() {
				addr = c.Peer
			}
			if got := c.Ignored(clientip.PartFor); c.Addr != addr || c.Hops != hops || got != why {
				t.Errorf("Resolve(%q), %s, count %d, trusted %v = %v, %d hops, %q, want %v, %d, %q",
					lines, config.Header, config.Hops.For, config.Trusted, c.Addr, c.Hops, got, addr, hops, why)
			}
		}
	})
}

// FuzzOrigin checks that whatever a proxy says makes a link to the host that
// it says, or none.
func FuzzOrigin(f *testing.F) {
	f.Add("https", "shop.example:8443", "443", "/api/")
	f.Add("javascript", "[::1]:80", "0", "//evil")
	f.Add("ws", "user@evil", "65536", "/a/../b?c#d")
	v := resolver(f, clientip.Config{Hops: clientip.Hops{Proto: 1, Host: 1, Port: 1, Prefix: 1}})
	link := regexp.MustCompile(`^(?:(?:http|ws)s?://(?:[a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::[1-9][0-9]{0,4})?)(?:/[!$%&'()*+,:;=@A-Z\[\]_a-z~0-9.-]+)*$`)
	f.Fuzz(func(t *testing.T, proto, host, port, prefix string) {
		c := v.Resolve(request(peers, "X-Forwarded-Proto", proto, "X-Forwarded-Host", host, "X-Forwarded-Port", port, "X-Forwarded-Prefix", prefix))
		if got := c.Origin() + c.Prefix; !link.MatchString(got) || strings.Contains(c.Prefix+"/", "/../") {
			t.Errorf("Origin+Prefix of %q, %q, %q, %q = %q, want a link", proto, host, port, prefix, got)
		}
		if ok := c.Ignored(clientip.PartHost) == clientip.NotIgnored; ok && !strings.HasPrefix(strings.TrimLeft(host[strings.LastIndexByte(host, ',')+1:], " \t"), c.Host) {
			t.Errorf("Host of %q = %q, want its last", host, c.Host)
		}
	})
}
