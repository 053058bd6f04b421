package clientip

import "net/netip"

// defaultKeyBits is the prefix of an IPv6 address that is one client. Not
// longer: a host has a /64 and takes any of its 2^64 addresses at will. Not
// shorter: next-door customers of a provider can be next /64s.
const defaultKeyBits = 64

// Key returns what a limit for each client should count: an IPv4 address as it
// is, and of an IPv6 address the first v6bits, as in "2001:db8:1:2::/64". Zero
// is 64, since every host has as many addresses; 56 or 48 is what a household
// or a site gets; negative or more than 128 is the whole address. An address
// that stands for an IPv4 one (::ffff:0:0/96, and 64:ff9b::/96, RFC 6052) is
// that one. Key returns "" for the zero Addr: a limit has to say what that
// means.
func Key(addr netip.Addr, v6bits int) string {
	var b [len("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128")]byte
	return string(AppendKey(b[:0], addr, v6bits))
}

// AppendKey is [Key] at the end of b. It does not allocate if b has room: 43
// bytes are enough.
func AppendKey(b []byte, addr netip.Addr, v6bits int) []byte {
	addr = fromNAT64(addr.Unmap().WithZone(""))
	switch {
	case !addr.IsValid():
		return b
	case addr.Is4() || v6bits < 0 || v6bits >= addr.BitLen():
		return addr.AppendTo(b)
	case v6bits == 0:
		v6bits = defaultKeyBits
	}
	prefix, _ := addr.Prefix(v6bits) // fails only for bits out of range
	return prefix.AppendTo(b)
}

// fromNAT64 returns the IPv4 address within one of the well-known prefix of
// translators (RFC 6052 §2.1), or addr. Its first 64 bits are those of all of
// the IPv4 internet.
func fromNAT64(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return addr
	}
	a := addr.As16()
	if [12]byte(a[:12]) != [12]byte{0x00, 0x64, 0xff, 0x9b} {
		return addr
	}
	return netip.AddrFrom4([4]byte(a[12:]))
}
