package clientip_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/hone-go/hone/clientip"
)

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		config clientip.Config
		want   []string // each in the error; none: it is right
	}{
		{clientip.Config{}, nil},
		{clientip.Config{Hops: clientip.Hops{For: 32, Proto: 32, Host: 32, Port: 32, Prefix: 32}}, nil},
		{clientip.Config{Header: "x-forwarded-for", TrustUnixSocket: true}, nil},
		{clientip.Config{Header: clientip.FlyIP, TrustUnixSocket: true}, nil},
		{clientip.Config{Trusted: networks("128.0.0.0/1", "10.0.0.1/32", "::1/128")}, nil},
		{
			clientip.Config{Hops: clientip.Hops{For: -1, Proto: 33, Host: -1, Port: 33, Prefix: -1}},
			[]string{"Hops.For is -1", "Hops.Proto is 33", "Hops.Host is -1", "Hops.Port is 33", "Hops.Prefix is -1, want 0 to 32"},
		},
		{clientip.Config{Header: "a b"}, []string{`Header is "a b"`}},
		{clientip.Config{Header: clientip.TrueClientIP}, []string{"True-Client-Ip, which needs Trusted"}},
		{
			clientip.Config{Header: clientip.TrueClientIP, Hops: clientip.Hops{For: 1}},
			[]string{"needs Trusted", "Hops.For is 1 with Header True-Client-Ip, want 0"},
		},
		{
			clientip.Config{Trusted: append(networks("10.0.0.1/8", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104"), netip.Prefix{})},
			[]string{
				"Trusted[0] is 10.0.0.1/8, want 10.0.0.0/8", "Trusted[1] is 0.0.0.0/0: every", "Trusted[2] is ::/0: every",
				"Trusted[3] is ::ffff:10.0.0.0/104, want its IPv4 form", "Trusted[4] is not a network",
			},
		},
	}
	for _, tt := range tests {
		v, err := clientip.New(tt.config)
		if (err == nil) != (len(tt.want) == 0) || (v == nil) != (err != nil) {
			t.Errorf("New(%+v) = %v, %v, want problems: %q", tt.config, v, err, tt.want)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), "clientip: Config.") || !strings.Contains(err.Error(), want) {
				t.Errorf("New(%+v) = %v, want %q in it", tt.config, err, want)
			}
		}
	}
}

func TestNewKeepsItsOwnNetworks(t *testing.T) {
	list := networks("192.0.2.0/24", "10.0.0.0/8")
	v := resolver(t, clientip.Config{Trusted: list})
	if list[0] != netip.MustParsePrefix("192.0.2.0/24") {
		t.Errorf("after New the list is %v, want it in its order", list)
	}
	list[1] = netip.MustParsePrefix("198.51.100.0/24")
	if c := v.Resolve(request(peers, "X-Forwarded-For", "203.0.113.7")); c.Source == "" {
		t.Error("a network changed after New is not trusted any more, want that it is")
	}
}
