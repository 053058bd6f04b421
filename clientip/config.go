package clientip

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"golang.org/x/net/http/httpguts"
)

// Values for [Config.Header]. The last three are written by a provider's edge
// in place of whatever the client sent.
const (
	XForwardedFor = "X-Forwarded-For"
	Forwarded     = "Forwarded"        // RFC 7239
	CloudflareIP  = "CF-Connecting-IP" // Cloudflare
	FlyIP         = "Fly-Client-IP"    // Fly.io
	TrueClientIP  = "True-Client-IP"   // Akamai, Cloudflare
)

// Config says what to believe. The zero value believes nobody: every client is
// the peer of its connection.
type Config struct {
	// Header names the field with the client's address. Default
	// [XForwardedFor]. That and [Forwarded] are lists that each proxy appends
	// to; any other field has to be one address, alone. Such a field needs
	// Trusted or TrustUnixSocket: it does not show who wrote it, and a proxy
	// that does not know it passes on what the client sent.
	Header string

	// Trusted are the networks of the deployment's own proxies, such as
	// [Private] or [Cloudflare]. Only a peer in one of them is believed. With
	// no count in Hops.For, the client is the first address, from the peer
	// outwards, that is in none; where all are trusted, the last of them.
	// Not wider than needed: a client within a trusted network can choose its
	// address. A network of all addresses is refused.
	Trusted []netip.Prefix

	// TrustUnixSocket believes a peer on a Unix socket, as Trusted does one on
	// the network. Only processes of this machine can be one.
	TrustUnixSocket bool

	// Hops counts, for each header, the proxies that append to it or set it.
	// Without Trusted and TrustUnixSocket every peer is believed: then nobody
	// must be able to reach the service but through that many proxies.
	Hops Hops

	// SetRemoteAddr has [Resolver.Handler] set RemoteAddr of the request that
	// the next handler sees, if the client is not the peer: the address with
	// port 0. It is for code that looks there and cannot be changed.
	SetRemoteAddr bool
}

// Hops is a count of proxies for each header, 0 to 32. The value that counts
// is so many from the end of the header: 1 is the last. Zero ignores the
// header, except that Config.Trusted has the address found without a count,
// and that an element of [Forwarded] which names the client says its proto and
// host as well.
type Hops struct {
	For    int // Config.Header
	Proto  int // X-Forwarded-Proto
	Host   int // X-Forwarded-Host
	Port   int // X-Forwarded-Port
	Prefix int // X-Forwarded-Prefix
}

// maxHops bounds how many elements of a list are read. Not smaller: a CDN, a
// load balancer, an ingress and a mesh with a sidecar on both sides are six,
// and some append twice. Not larger: whoever is within a trusted network could
// have a request cost more.
const maxHops = 32

// withDefaults returns a copy in which zero is replaced by the default.
func (c Config) withDefaults() Config {
	if c.Header == "" {
		c.Header = XForwardedFor
	}
	c.Header = http.CanonicalHeaderKey(c.Header)
	return c
}

// isList reports whether proxies append to the header.
func (c Config) isList() bool { return c.Header == XForwardedFor || c.Header == Forwarded }

// choosesPeers reports whether not every peer is believed.
func (c Config) choosesPeers() bool { return len(c.Trusted) > 0 || c.TrustUnixSocket }

func (c Config) validate() error {
	var errs []error
	problem := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("clientip: Config."+format, args...))
	}
	if !httpguts.ValidHeaderFieldName(c.Header) {
		problem("Header is %q, want the name of a header", c.Header)
	} else if !c.isList() {
		if !c.choosesPeers() {
			problem("Header is %s, which needs Trusted or TrustUnixSocket: any client can send it", c.Header)
		}
		if c.Hops.For != 0 {
			problem("Hops.For is %d with Header %s, want 0: it is one address, not a list", c.Hops.For, c.Header)
		}
	}
	for i, p := range c.Trusted {
		switch {
		case !p.IsValid():
			problem("Trusted[%d] is not a network", i)
		case p.Addr().Is4In6():
			problem("Trusted[%d] is %v, want its IPv4 form", i, p)
		case p != p.Masked():
			problem("Trusted[%d] is %v, want %v or a longer prefix", i, p, p.Masked())
		case p.Bits() == 0:
			problem("Trusted[%d] is %v: every client could choose its address", i, p)
		}
	}
	for _, h := range []struct {
		field string
		hops  int
	}{
		{"For", c.Hops.For},
		{"Proto", c.Hops.Proto},
		{"Host", c.Hops.Host},
		{"Port", c.Hops.Port},
		{"Prefix", c.Hops.Prefix},
	} {
		if h.hops < 0 || h.hops > maxHops {
			problem("Hops.%s is %d, want 0 to %d", h.field, h.hops, maxHops)
		}
	}
	return errors.Join(errs...)
}
