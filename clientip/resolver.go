package clientip

import (
	"net/http"
	"net/netip"
)

// A Resolver finds the clients of requests. It is safe for concurrent use.
type Resolver struct {
	config   Config
	networks networks
	// How each part is read.
	headers [parts]string
	hops    [parts]int
}

// New returns a Resolver, or an error that joins every problem of the Config.
func New(c Config) (*Resolver, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	return &Resolver{
		config:   c,
		networks: newNetworks(c.Trusted),
		headers: [parts]string{
			c.Header, "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix",
		},
		hops: [parts]int{c.Hops.For, c.Hops.Proto, c.Hops.Host, c.Hops.Port, c.Hops.Prefix},
	}, nil
}

// Resolve returns the client of a request. It changes nothing. Cost: no
// allocation for headers as proxies write them, and time that does not grow
// with what a client puts before them.
func (v *Resolver) Resolve(r *http.Request) Client {
	var c Client
	peer, unix := parsePeer(r.RemoteAddr)
	c.Addr, c.Peer = peer, peer
	c.Proto = protoOf(r)
	c.Host, c.Port, _ = parseHost(r.Host)

	believed := v.believes(peer, unix)
	f := v.findAddr(r.Header, believed)
	if f.addr.IsValid() {
		c.Addr, c.Hops, c.Source = f.addr, f.hops, v.config.Header
	}
	c.ignored[PartFor] = f.why
	for p := PartProto; p < parts; p++ {
		text, why := v.value(p, r.Header, believed)
		if v.hops[p] == 0 && f.says(p) != "" {
			text, why = f.says(p), NotIgnored
		}
		if why == NotIgnored && text != "" && !c.set(p, text) {
			why = Malformed
		}
		c.ignored[p] = why
	}
	if c.Port == 0 {
		c.Port = usualPort(c.Proto)
	}
	return c
}

// believes reports whether a peer's headers count.
func (v *Resolver) believes(peer netip.Addr, unix bool) bool {
	if !v.config.choosesPeers() {
		return true
	}
	return unix && v.config.TrustUnixSocket || peer.IsValid() && v.networks.contains(peer)
}

// found is what the header with the client's address says.
type found struct {
	addr    netip.Addr // the zero Addr if it was not found
	hops    int
	element element // of Forwarded, that names addr
	why     Reason  // it was not found
}

// says returns what the element of Forwarded has on a part, or "".
func (f *found) says(p Part) string {
	switch p {
	case PartProto:
		return f.element.proto
	case PartHost:
		return f.element.host
	default:
		return ""
	}
}

func (v *Resolver) findAddr(h http.Header, believed bool) found {
	lines := h[v.config.Header]
	switch {
	case v.hops[PartFor] == 0 && !v.config.choosesPeers():
		if len(h[XForwardedFor])+len(h[Forwarded]) > 0 {
			return found{why: Unconfigured}
		}
		return found{}
	case !believed && len(lines) > 0:
		return found{why: UntrustedPeer}
	case !believed:
		return found{}
	case len(lines) == 0:
		return found{why: Absent}
	case v.config.isList():
		return v.walk(lines)
	case len(lines) > 1:
		return found{why: Repeated}
	case len(lines[0]) > maxElement:
		return found{why: Malformed}
	}
	addr, why := parseNode(trim(lines[0]))
	return found{addr: addr, hops: 1, why: why}
}

// walk follows a list from its end to the client: to the count, if there is
// one, and otherwise to the first address that is not trusted.
func (v *Resolver) walk(lines []string) found {
	count := v.hops[PartFor]
	cur := cursor{lines: lines, quoted: v.config.Header == Forwarded}
	var last found
	for hops := 1; hops <= maxHops; hops++ {
		text, ok := cur.next()
		switch {
		case !ok && count > 0:
			return found{why: TooFewHops}
		case !ok:
			return last // everybody is trusted: it is the furthest
		case hops < count && len(v.networks) == 0:
			continue // nobody asked who it is
		}
		last = v.read(text)
		last.hops = hops
		switch {
		case last.why != NotIgnored || hops == count:
			return last
		case v.networks.contains(last.addr):
		case count > 0:
			return found{why: UntrustedHop}
		default:
			return last
		}
	}
	if _, more := cur.next(); !more {
		return last
	}
	return found{why: TooManyHops}
}

// read reads one element of the list.
func (v *Resolver) read(text string) (f found) {
	if v.config.Header != Forwarded {
		f.addr, f.why = parseNode(text)
		return f
	}
	e, ok := parseElement(text)
	if !ok {
		return found{why: Malformed}
	}
	if f.addr, f.why = parseForwardedNode(e.node); f.why == NotIgnored {
		f.element = e
	}
	return f
}

// value returns the value of a part's own header that counts, "" if there is
// none, and why.
func (v *Resolver) value(p Part, h http.Header, believed bool) (string, Reason) {
	lines := h[v.headers[p]]
	switch {
	case len(lines) == 0 && (v.hops[p] == 0 || !believed):
		return "", NotIgnored
	case len(lines) == 0:
		return "", Absent
	case v.hops[p] == 0:
		return "", Unconfigured
	case !believed:
		return "", UntrustedPeer
	}
	cur := cursor{lines: lines}
	for hops := 1; ; hops++ {
		text, ok := cur.next()
		switch {
		case !ok:
			return "", TooFewHops
		case hops < v.hops[p]:
		case text == "":
			return "", Malformed
		default:
			return text, NotIgnored
		}
	}
}
