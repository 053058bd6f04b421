package clientip

import (
	"net/netip"
	"strconv"
	"strings"
)

// parsePeer reads the RemoteAddr of a request: the address, or the zero Addr,
// and whether it is one of a Unix socket.
func parsePeer(remote string) (addr netip.Addr, unix bool) {
	node := remote
	if host, zero := strings.CutSuffix(remote, ":0"); zero && (strings.HasPrefix(host, "[") || !strings.Contains(host, ":")) {
		node = host // as SetRemoteAddr of a resolver further out has it
	}
	addr, why := parseNode(node)
	if why == NotIgnored {
		return addr, false
	}
	return netip.Addr{}, remote == "" || remote[0] == '@' || remote[0] == '/'
}

// parseNode reads the address of a node as X-Forwarded-For has it: an address,
// in brackets or not if it is IPv6, and perhaps a port.
func parseNode(s string) (netip.Addr, Reason) {
	host, port, bracketed, ok := splitNode(s)
	switch {
	case !ok || port != "" && !isPort(port):
		return netip.Addr{}, Malformed
	case !bracketed && (strings.EqualFold(host, "unknown") || isIdentifier(host)):
		return netip.Addr{}, Hidden
	}
	addr := parseAddr(host, bracketed)
	if !addr.IsValid() {
		return netip.Addr{}, Malformed
	}
	return addr, NotIgnored
}

// parseForwardedNode reads a node as RFC 7239 §6 has it: IPv6 must be in
// brackets, and the port may be an identifier.
func parseForwardedNode(s string) (netip.Addr, Reason) {
	if s == "" || s[0] != '[' && strings.Count(s, ":") > 1 {
		return netip.Addr{}, Malformed
	}
	if colon := strings.LastIndexByte(s, ':'); colon >= 0 && isIdentifier(s[colon+1:]) {
		s = s[:colon]
	}
	return parseNode(s)
}

// splitNode splits s at its port, if it has one, and removes brackets.
func splitNode(s string) (host, port string, bracketed, ok bool) {
	if s != "" && s[0] == '[' {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", "", true, false
		}
		host, port = s[1:end], s[end+1:]
		if port == "" {
			return host, "", true, true
		}
		return host, port[1:], true, port[0] == ':' && len(port) > 1
	}
	if strings.Count(s, ":") != 1 {
		return s, "", false, true
	}
	host, port, _ = strings.Cut(s, ":")
	return host, port, false, port != ""
}

// parseAddr returns the address without its zone, IPv4 as such, or the zero
// Addr if it is none. A zone means something on one machine only. No node
// can have the unspecified address.
func parseAddr(s string, bracketed bool) netip.Addr {
	s, zone, zoned := strings.Cut(s, "%")
	addr, err := netip.ParseAddr(s)
	switch {
	case err != nil, addr.IsUnspecified(),
		addr.Is4() && (bracketed || zoned),
		zoned && zone == "":
		return netip.Addr{}
	}
	return addr.Unmap()
}

// isPort reports whether s is the number of a port.
func isPort(s string) bool {
	_, ok := parsePort(s)
	return ok
}

// parsePort reads the number of a port: one to five digits, not 0.
func parsePort(s string) (uint16, bool) {
	if len(s) > 5 || s == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n > 0
}

// isIdentifier reports whether s is an obfuscated identifier (RFC 7239 §6.3).
func isIdentifier(s string) bool {
	if len(s) < 2 || s[0] != '_' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if !isNameByte(s[i]) {
			return false
		}
	}
	return true
}

// isNameByte reports whether c may stand in a host name or an identifier.
func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '.' || c == '_' || c == '-'
}
