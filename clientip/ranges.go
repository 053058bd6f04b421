package clientip

import (
	_ "embed"
	"net/netip"
	"strings"
	"time"
)

// Ranges are the networks that a provider says its proxies come from.
//
// They are as of a date. A network that was added since is not trusted: those
// clients are taken for the proxy. One that was given up may be somebody
// else's now: refresh lists that are old, with [ParseNetworks]. And a network
// shows that a request came by the provider, not that it came by the
// provider's account of this service: another customer can send requests from
// it as well. Where that matters, have the proxy prove itself (mutual TLS, or a
// secret header that is checked in front).
type Ranges struct {
	Networks []netip.Prefix
	AsOf     time.Time
	Source   string // where the present ones are
}

var (
	//go:embed ranges/cloudflare.txt
	cloudflare string
	//go:embed ranges/cloudfront.txt
	cloudfront string
	//go:embed ranges/fastly.txt
	fastly string
	//go:embed ranges/private.txt
	private string
)

// Cloudflare returns the networks of Cloudflare. With them belongs
// [CloudflareIP] as [Config.Header], or [XForwardedFor].
func Cloudflare() Ranges { return mustRanges(cloudflare) }

// CloudFront returns the networks from which Amazon CloudFront connects to
// origins. It appends to [XForwardedFor].
func CloudFront() Ranges { return mustRanges(cloudfront) }

// Fastly returns the networks of Fastly. It appends to [XForwardedFor].
func Fastly() Ranges { return mustRanges(fastly) }

// Private returns the networks that are not of the internet: loopback, private
// (RFC 1918), shared (RFC 6598), link-local and unique local (RFC 4193). They
// suit a service that clients cannot share a network with; inside of a company
// clients are in them too.
func Private() Ranges { return mustRanges(private) }

// mustRanges reads an embedded list, whose first two lines are source and
// date. A test reads all of them.
func mustRanges(text string) Ranges {
	head := strings.SplitN(text, "\n", 3)
	asOf, err1 := time.Parse("# "+time.DateOnly, head[1])
	list, err2 := ParseNetworks(text)
	if err1 != nil || err2 != nil {
		panic("clientip: an embedded list is malformed")
	}
	return Ranges{Networks: list, AsOf: asOf, Source: strings.TrimPrefix(head[0], "# ")}
}
