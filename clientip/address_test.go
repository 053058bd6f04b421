package clientip_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/clientip"
)

const (
	peer  = "10.0.0.1"
	peers = "10.0.0.1:4000"
)

// What one element of X-Forwarded-For can be.
func TestNode(t *testing.T) {
	tests := []struct {
		in   string
		want string // the address, or "" for the peer
		why  clientip.Reason
	}{
		{"203.0.113.7", "203.0.113.7", 0},
		{" \t203.0.113.7 ", "203.0.113.7", 0},
		{"203.0.113.7:5678", "203.0.113.7", 0},
		{"2001:db8::7", "2001:db8::7", 0},
		{"[2001:db8::7]", "2001:db8::7", 0},
		{"[2001:db8::7]:5678", "2001:db8::7", 0},
		{"2001:DB8:0:0::7", "2001:db8::7", 0},
		{"::ffff:203.0.113.7", "203.0.113.7", 0},
		{"[::ffff:cb00:7107]:1", "203.0.113.7", 0},
		{"fe80::1%eth0", "fe80::1", 0},
		{"[fe80::1%eth0]:80", "fe80::1", 0},
		{"::ffff:203.0.113.7%eth0", "203.0.113.7", 0},

		{"", "", clientip.Malformed},
		{",", "", clientip.Malformed},
		{"203.0.113.7,", "", clientip.Malformed},
		{"203.0.113", "", clientip.Malformed},
		{"203.0.113.07", "", clientip.Malformed},
		{"203.0.113.256", "", clientip.Malformed},
		{"3405803783", "", clientip.Malformed},
		{"0xcb.0.0x71.7", "", clientip.Malformed},
		{"203.0.113.7:", "", clientip.Malformed},
		{"203.0.113.7:0", "", clientip.Malformed},
		{"203.0.113.7:65536", "", clientip.Malformed},
		{"203.0.113.7:000080", "", clientip.Malformed},
		{"203.0.113.7:+80", "", clientip.Malformed},
		{"203.0.113.7:_p", "", clientip.Malformed},
		{"203.0.113.7:http", "", clientip.Malformed},
		{"203.0.113.7/32", "", clientip.Malformed},
		{"203.0.113.7 1.2.3.4", "", clientip.Malformed},
		{"203.0.113.7%eth0", "", clientip.Malformed},
		{"[203.0.113.7]", "", clientip.Malformed},
		{"[203.0.113.7]:80", "", clientip.Malformed},
		{"fe80::1%", "", clientip.Malformed},
		{"[2001:db8::7", "", clientip.Malformed},
		{"2001:db8::7]", "", clientip.Malformed},
		{"[2001:db8::7]80", "", clientip.Malformed},
		{"[2001:db8::7]:", "", clientip.Malformed},
		{"[2001:db8::7]x:80", "", clientip.Malformed},
		{"[]", "", clientip.Malformed},
		{"[]:80", "", clientip.Malformed},
		{":80", "", clientip.Malformed},
		{"0.0.0.0", "", clientip.Malformed},
		{"::", "", clientip.Malformed},
		{"localhost", "", clientip.Malformed},
		{`"203.0.113.7"`, "", clientip.Malformed},
		{"203.0.113.7\x00", "", clientip.Malformed},
		{"٢٠٣.0.113.7", "", clientip.Malformed},
		{strings.Repeat("1", 1<<20), "", clientip.Malformed},
		{strings.Repeat(" ", 1<<20) + "203.0.113.7", "", clientip.Malformed},

		{"unknown", "", clientip.Hidden},
		{"Unknown:80", "", clientip.Hidden},
		{"_hidden", "", clientip.Hidden},
		{"_", "", clientip.Malformed},
		{"_hid den", "", clientip.Malformed},
		{"[unknown]", "", clientip.Malformed},
		{"unknown:0", "", clientip.Malformed},
	}
	v := resolver(t, clientip.Config{Hops: clientip.Hops{For: 1}})
	for _, tt := range tests {
		c := v.Resolve(request(peers, "X-Forwarded-For", tt.in))
		check(t, tt.in, c, tt.want, tt.why)
	}
}

// check compares what X-Forwarded-For or Forwarded came to.
func check(t *testing.T, in any, c clientip.Client, want string, why clientip.Reason) {
	t.Helper()
	source := c.Source
	if want == "" {
		want = peer
		if source != "" || c.Hops != 0 {
			t.Errorf("Resolve(%.80q) has Source %q, Hops %d, want none: it is the peer", in, source, c.Hops)
		}
	} else if source == "" || c.Hops == 0 {
		t.Errorf("Resolve(%.80q) has Source %q, Hops %d, want them: it is not the peer", in, source, c.Hops)
	}
	if c.Addr.String() != want || c.Ignored(clientip.PartFor) != why {
		t.Errorf("Resolve(%.80q) = %v, ignored %q, want %v, %q", in, c.Addr, c.Ignored(clientip.PartFor), want, why)
	}
}

// RFC 7239 §4 and §6, with the examples of both.
func TestForwardedElement(t *testing.T) {
	tests := []struct {
		in   string
		want string
		why  clientip.Reason
	}{
		{"for=192.0.2.60", "192.0.2.60", 0},
		{`for="192.0.2.60"`, "192.0.2.60", 0},
		{`For="[2001:db8:cafe::17]:4711"`, "2001:db8:cafe::17", 0},
		{`for="[2001:db8:cafe::17]"`, "2001:db8:cafe::17", 0},
		{"for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60", 0},
		{"by=203.0.113.43; FOR=192.0.2.60 ;host=a", "192.0.2.60", 0},
		{`for="192.0.2.43:47011"`, "192.0.2.43", 0},
		{`for="192.0.2.43:_port"`, "192.0.2.43", 0},
		{`for="[2001:db8::1]:_port"`, "2001:db8::1", 0},
		{";for=192.0.2.60;;", "192.0.2.60", 0},
		{`secret="a,\";for=1.1.1.1,\\";for=192.0.2.60`, "192.0.2.60", 0},
		{`for=192.0.2.60;secret="for=1.1.1.1, for=2.2.2.2"`, "192.0.2.60", 0},

		{"for=unknown", "", clientip.Hidden},
		{`for="unknown:80"`, "", clientip.Hidden},
		{`for="_gazonk"`, "", clientip.Hidden},
		{"for=_SEVKISEK", "", clientip.Hidden},
		{`for="_hidden:_port"`, "", clientip.Hidden},

		{"", "", clientip.Malformed},
		{"192.0.2.60", "", clientip.Malformed},
		{"for", "", clientip.Malformed},
		{"for=", "", clientip.Malformed},
		{`for=""`, "", clientip.Malformed},
		{"for =192.0.2.60", "", clientip.Malformed},
		{"for= 192.0.2.60", "", clientip.Malformed},
		{"by=192.0.2.60", "", clientip.Malformed},
		{"for=192.0.2.60:80", "", clientip.Malformed},
		{"for=[2001:db8::1]", "", clientip.Malformed},
		{"for=2001:db8::1", "", clientip.Malformed},
		{`for="2001:db8::1"`, "", clientip.Malformed},
		{`for="192.0.2.60:_"`, "", clientip.Malformed},
		{`for="192.0.2.60:_p q"`, "", clientip.Malformed},
		{`for="192.0.2.\60"`, "", clientip.Malformed},
		{"for=192.0.2.60;for=192.0.2.61", "", clientip.Malformed},
		{"for=192.0.2.60;=x", "", clientip.Malformed},
		{"for=192.0.2.60;x", "", clientip.Malformed},
		{"for=192.0.2.60;host=a b", "", clientip.Malformed},
		{`for="192.0.2.60`, "", clientip.Malformed},
		{`for="192.0.2.60"x`, "", clientip.Malformed},
		{`for="192.0.2.60\"`, "", clientip.Malformed},
		{"for='192.0.2.60'", "", clientip.Malformed},
		{"for=192.0.2.60," + strings.Repeat("x", 2000), "", clientip.Malformed},
	}
	v := resolver(t, clientip.Config{Header: "forwarded", Hops: clientip.Hops{For: 1}})
	for _, tt := range tests {
		c := v.Resolve(request(peers, "Forwarded", tt.in))
		check(t, tt.in, c, tt.want, tt.why)
	}
}

// What RemoteAddr can be.
func TestPeer(t *testing.T) {
	tests := []struct{ in, want string }{
		{"203.0.113.7:1234", "203.0.113.7"},
		{"203.0.113.7", "203.0.113.7"},
		{"[2001:db8::7]:1234", "2001:db8::7"},
		{"[::ffff:203.0.113.7]:1234", "203.0.113.7"},
		{"[fe80::1%eth0]:1234", "fe80::1"},
		{"203.0.113.7:0", "203.0.113.7"}, // as SetRemoteAddr has it
		{"[2001:db8::7]:0", "2001:db8::7"},
		{"2001:db8::0", "2001:db8::"},
		{":0", "invalid IP"},
		{"@", "invalid IP"},
		{"", "invalid IP"},
		{"/run/socket", "invalid IP"},
		{"pipe", "invalid IP"},
	}
	v := resolver(t, clientip.Config{})
	for _, tt := range tests {
		c := v.Resolve(request(tt.in))
		if c.Addr != c.Peer || c.Addr.String() != tt.want || c.Ignored(clientip.PartFor) != 0 {
			t.Errorf("Resolve from %q = %v, peer %v, ignored %q, want %v", tt.in, c.Addr, c.Peer, c.Ignored(clientip.PartFor), tt.want)
		}
	}
}
