package clientip_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/clientip"
)

func TestParseNetworks(t *testing.T) {
	got, err := clientip.ParseNetworks("# ours\n10.0.0.0/8, 192.0.2.1\t::1 # one\r\n\n2001:db8::/32")
	want := networks("10.0.0.0/8", "192.0.2.1/32", "::1/128", "2001:db8::/32")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("ParseNetworks = %v, %v, want %v", got, err, want)
	}
	got, err = clientip.ParseNetworks("10.0.0.0/33 10.0.0.0/8 proxy.internal")
	if got != nil || err == nil || !strings.Contains(err.Error(), `"10.0.0.0/33"`) || !strings.Contains(err.Error(), `"proxy.internal"`) {
		t.Errorf("ParseNetworks = %v, %v, want both problems", got, err)
	}
	if got, err = clientip.ParseNetworks(""); len(got) != 0 || err != nil {
		t.Errorf("ParseNetworks of nothing = %v, %v, want nothing", got, err)
	}
}

// A set of networks against asking each of them.
func TestTrustedNetworks(t *testing.T) {
	const seed = 6
	random := rand.New(rand.NewPCG(seed, seed))
	for range 200 {
		var list []netip.Prefix
		for range random.IntN(8) + 1 {
			if p, err := smallAddr(random).Prefix(random.IntN(8) + 1); err == nil {
				list = append(list, p)
			}
		}
		v := resolver(t, clientip.Config{Trusted: list})
		for range 50 {
			addr := smallAddr(random)
			if addr.IsUnspecified() {
				continue
			}
			want := slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(addr) })
			r := request(netip.AddrPortFrom(addr, 80).String(), "X-Forwarded-For", "203.0.113.7")
			if got := v.Resolve(r).Source != ""; got != want {
				t.Fatalf("%v trusted by %v = %t, want %t", addr, list, got, want)
			}
		}
	}
}

// smallAddr returns one of few addresses, so that networks meet.
func smallAddr(random *rand.Rand) netip.Addr {
	first := byte(random.IntN(256))
	if random.IntN(2) == 0 {
		return netip.AddrFrom4([4]byte{first, 0, 0, byte(random.IntN(2))})
	}
	return netip.AddrFrom16([16]byte{0: first, 15: byte(random.IntN(2))})
}

func TestRanges(t *testing.T) {
	tests := []struct {
		name   string
		ranges clientip.Ranges
		count  int
		in     string
		out    string
	}{
		{"Cloudflare", clientip.Cloudflare(), 22, "2606:4700::1", "1.1.1.1"},
		{"CloudFront", clientip.CloudFront(), 47, "130.176.0.1", "3.160.0.1"},
		{"Fastly", clientip.Fastly(), 21, "151.101.1.1", "151.102.1.1"},
		{"Private", clientip.Private(), 9, "fe80::1", "172.32.0.1"},
	}
	for _, tt := range tests {
		list := tt.ranges.Networks
		if len(list) != tt.count || !strings.HasPrefix(tt.ranges.Source, "https://") ||
			tt.ranges.AsOf.Before(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s has %d networks of %v from %q, want %d with date and source",
				tt.name, len(list), tt.ranges.AsOf, tt.ranges.Source, tt.count)
		}
		v := resolver(t, clientip.Config{Trusted: list}) // refuses what is not masked
		for from, want := range map[string]bool{tt.in: true, tt.out: false} {
			r := request(netip.AddrPortFrom(netip.MustParseAddr(from), 80).String(), "X-Forwarded-For", "203.0.113.7")
			if got := v.Resolve(r).Source != ""; got != want {
				t.Errorf("%s trusts %s = %t, want %t", tt.name, from, got, want)
			}
		}
		public := netip.MustParsePrefix("192.0.0.0/8")
		for i, p := range list {
			if slices.ContainsFunc(list[:i], p.Overlaps) || p.Overlaps(public) && p.Bits() < 12 {
				t.Errorf("%s has %v, which overlaps another or is too wide", tt.name, p)
			}
		}
	}
}

func ExampleParseNetworks() {
	trusted, err := clientip.ParseNetworks("10.0.0.0/8, 192.0.2.1")
	if err != nil {
		panic(err)
	}
	fmt.Println(trusted)
	// Output: [10.0.0.0/8 192.0.2.1/32]
}
