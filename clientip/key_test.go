package clientip_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/hone-go/hone/clientip"
)

func TestKey(t *testing.T) {
	tests := []struct {
		addr string
		bits int
		want string
	}{
		{"203.0.113.7", 0, "203.0.113.7"},
		{"203.0.113.7", 8, "203.0.113.7"},
		{"::ffff:203.0.113.7", 0, "203.0.113.7"},
		{"64:ff9b::203.0.113.7", 0, "203.0.113.7"},
		{"64:ff9b:1::203.0.113.7", 0, "64:ff9b:1::/64"},
		{"2001:db8:1:2:3:4:5:6", 0, "2001:db8:1:2::/64"},
		{"2001:db8:1:2:ffff:ffff:ffff:ffff", 0, "2001:db8:1:2::/64"},
		{"2001:db8:1:3::", 0, "2001:db8:1:3::/64"},
		{"2001:db8:1:2fff::", 56, "2001:db8:1:2f00::/56"},
		{"2001:db8:1:2::1", 48, "2001:db8:1::/48"},
		{"2001:db8::1", 1, "::/1"},
		{"2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6"},
		{"2001:db8:1:2:3:4:5:6", -1, "2001:db8:1:2:3:4:5:6"},
		{"2001:db8:1:2:3:4:5:6", 129, "2001:db8:1:2:3:4:5:6"},
		{"fe80::1%eth0", 0, "fe80::/64"},
		{"fe80::1%eth0", -1, "fe80::1"},
	}
	for _, tt := range tests {
		addr := netip.MustParseAddr(tt.addr)
		if got := clientip.Key(addr, tt.bits); got != tt.want {
			t.Errorf("Key(%s, %d) = %q, want %q", tt.addr, tt.bits, got, tt.want)
		}
		if got, want := string(clientip.AppendKey([]byte("k:"), addr, tt.bits)), "k:"+tt.want; got != want {
			t.Errorf("AppendKey(k:, %s, %d) = %q, want %q", tt.addr, tt.bits, got, want)
		}
	}
	if got := clientip.Key(netip.Addr{}, 0); got != "" {
		t.Errorf("Key(zero) = %q, want nothing", got)
	}
}

func TestAppendKeyDoesNotAllocate(t *testing.T) {
	longest := netip.MustParseAddr(strings.TrimSuffix(strings.Repeat("ffff:", 8), ":"))
	for _, bits := range []int{-1, 0, 127} {
		b := make([]byte, 0, 43)
		if n := testing.AllocsPerRun(100, func() { clientip.AppendKey(b, longest, bits) }); n != 0 {
			t.Errorf("AppendKey(%v, %d) allocates %v times, want 0", longest, bits, n)
		}
	}
}
