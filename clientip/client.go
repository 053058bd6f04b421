package clientip

import (
	"net/netip"
	"strconv"
)

// A Client is what is known of who sent a request and what it asked for. Its
// strings are parts of the request's header.
type Client struct {
	// Addr is the client's address, IPv4 never in its IPv6 form, without a
	// zone. It is the zero Addr if the client is a peer on a Unix socket.
	Addr netip.Addr

	// Peer is the address of the other end of the connection, in the same
	// form. It is the zero Addr on a Unix socket.
	Peer netip.Addr

	// Source is the header that names Addr, or "" if Addr is Peer.
	Source string

	// Hops is the number of proxies between the client and this process: the
	// peer and those that Source lists. It is 0 if Addr is Peer.
	Hops int

	// Proto is what the client speaks: "http", "https", "ws" or "wss".
	Proto string

	// Host is the name or address that the client asked for, without a port;
	// an IPv6 address is in brackets. It is "" if the request names none that
	// is well formed.
	Host string

	// Port is the one the client asked for: that of X-Forwarded-Port, of the
	// host, or the usual one of Proto.
	Port uint16

	// Prefix is the path that a proxy removed from the front of the URL's, ""
	// or "/" and more, without a slash at the end.
	Prefix string

	ignored [parts]Reason
}

// Ignored says why that part of the request's headers was not used, or
// [NotIgnored].
func (c Client) Ignored(p Part) Reason {
	if p >= parts {
		return NotIgnored
	}
	return c.ignored[p]
}

// Origin returns scheme, host and, unless it is the usual one, port, as in
// "https://example.com:8443", or "" without a host. A link that the client can
// follow begins with it and Prefix.
func (c Client) Origin() string {
	if c.Host == "" {
		return ""
	}
	origin := c.Proto + "://" + c.Host
	if c.Port != usualPort(c.Proto) {
		origin += ":" + strconv.Itoa(int(c.Port))
	}
	return origin
}

// set takes a part from the text of its header, if it is well formed.
func (c *Client) set(p Part, text string) (ok bool) {
	switch p {
	case PartProto:
		var proto string
		if proto, ok = parseProto(text); ok {
			c.Proto = proto
		}
	case PartHost:
		var host string
		var port uint16
		if host, port, ok = parseHost(text); ok {
			c.Host, c.Port = host, port
		}
	case PartPort:
		var port uint16
		if port, ok = parsePort(text); ok {
			c.Port = port
		}
	case PartPrefix:
		var prefix string
		if prefix, ok = parsePrefix(text); ok {
			c.Prefix = prefix
		}
	}
	return ok
}

// A Part is one of the things that forwarding headers say.
type Part uint8

// The parts, with the headers that say them.
const (
	PartFor    Part = iota // the header with the client's address
	PartProto              // X-Forwarded-Proto, or Forwarded
	PartHost               // X-Forwarded-Host, or Forwarded
	PartPort               // X-Forwarded-Port
	PartPrefix             // X-Forwarded-Prefix
	parts
)

// A Reason says why a part of the headers was not used: Addr is then the peer,
// and the other parts are as the connection and the request line have them.
type Reason uint8

// The reasons.
const (
	NotIgnored    Reason = iota // it was used, or there was nothing to use
	Unconfigured                // it is there, and Config does not say that a proxy writes it
	UntrustedPeer               // it is there, and the peer is none of Config.Trusted
	Absent                      // a believed proxy did not send it
	TooFewHops                  // it has fewer values than Config.Hops
	TooManyHops                 // after 32 trusted addresses there are still more
	UntrustedHop                // a proxy within Config.Hops is not in Config.Trusted
	Hidden                      // a proxy withholds the address: unknown, or an identifier
	Repeated                    // a header that can be there once is there more often
	Malformed                   // it is not what it should be
)

// String returns the reason in words, or "" for NotIgnored.
func (r Reason) String() string {
	switch r {
	case NotIgnored:
		return ""
	case Unconfigured:
		return "Config does not say that a proxy writes it"
	case UntrustedPeer:
		return "the peer is not a trusted proxy"
	case Absent:
		return "the proxy did not send it"
	case TooFewHops:
		return "it has fewer values than there should be proxies"
	case TooManyHops:
		return "it names more than " + strconv.Itoa(maxHops) + " trusted proxies"
	case UntrustedHop:
		return "it passed through a proxy that is not trusted"
	case Hidden:
		return "a proxy withholds the address"
	case Repeated:
		return "it is there more than once"
	case Malformed:
		return "it is malformed"
	default:
		return "Reason(" + strconv.Itoa(int(r)) + ")"
	}
}
