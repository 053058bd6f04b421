package clientip

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// An Explanation is how the client of a request was found.
type Explanation struct {
	Client Client
	// Steps are sentences for people, from the peer outwards and then for each
	// further part. They quote the headers.
	Steps []string
}

// String returns the steps, one a line, and then the result.
func (e Explanation) String() string {
	c := e.Client
	who := "unknown: a peer on a Unix socket"
	if c.Addr.IsValid() {
		who = c.Addr.String()
	}
	return fmt.Sprintf("%s\nclient %s\nasked for %s%s\nlimited as %q\n",
		strings.Join(e.Steps, "\n"), who, c.Origin(), c.Prefix, Key(c.Addr, 0))
}

// Explain resolves a request and says how it came to the result. It is for
// people who set up a deployment, not for every request.
func (v *Resolver) Explain(r *http.Request) Explanation {
	e := Explanation{Client: v.Resolve(r)}
	step := func(format string, args ...any) { e.Steps = append(e.Steps, fmt.Sprintf(format, args...)) }
	peer, unix := parsePeer(r.RemoteAddr)
	name := peer.String()
	if unix {
		name = "on a Unix socket"
	}
	switch {
	case !v.config.choosesPeers() && v.hops == [parts]int{}:
		step("peer %s: Config trusts no proxy", name)
	case !v.config.choosesPeers():
		step("peer %s: believed, since Config trusts every peer", name)
	case v.believes(peer, unix):
		step("peer %s: a trusted proxy", name)
	default:
		step("peer %s: not a trusted proxy", name)
	}
	if why := e.Client.Ignored(PartFor); why != NotIgnored {
		header := v.config.Header
		if why == Unconfigured && len(r.Header[header]) == 0 {
			header = Forwarded
		}
		step("%s", ignored(header, r.Header[header], why))
	} else if v.config.isList() {
		v.explainList(e.Client, r.Header[v.config.Header], step)
	} else if e.Client.Source != "" {
		step("%s %s: the client", e.Client.Source, quoted(r.Header[e.Client.Source]))
	}
	for p := PartProto; p < parts; p++ {
		lines, why := r.Header[v.headers[p]], e.Client.Ignored(p)
		switch {
		case why == Malformed && v.hops[p] == 0: // without a count only Forwarded says it
			step("%s", ignored("one part of "+Forwarded, r.Header[Forwarded], why))
		case why != NotIgnored:
			step("%s", ignored(v.headers[p], lines, why))
		case v.hops[p] > 0 && len(lines) > 0:
			step("%s %s: %d from the end", v.headers[p], quoted(lines), v.hops[p])
		}
	}
	return e
}

// explainList goes through the elements that led to the client.
func (v *Resolver) explainList(c Client, lines []string, step func(string, ...any)) {
	cur := cursor{lines: lines, quoted: v.config.Header == Forwarded}
	for hops := 1; hops <= c.Hops; hops++ {
		text, _ := cur.next()
		switch {
		case hops == c.Hops && v.hops[PartFor] == 0 && v.networks.contains(c.Addr):
			step("%s, %d from the end, %q: the client, since no address is before it", v.config.Header, hops, text)
		case hops == c.Hops:
			step("%s, %d from the end, %q: the client", v.config.Header, hops, text)
		case len(v.networks) == 0:
			step("%s, %d from the end, %q: a proxy, by the count", v.config.Header, hops, text)
		default:
			step("%s, %d from the end, %q: a trusted proxy", v.config.Header, hops, text)
		}
	}
	if _, more := cur.next(); more && c.Hops > 0 {
		step("what comes before it anyone can have written")
	}
}

// ignored says why a header was not used.
func ignored(header string, lines []string, why Reason) string {
	if why == Absent {
		return fmt.Sprintf("%s: %v", header, why)
	}
	return fmt.Sprintf("%s %s is ignored: %v", header, quoted(lines), why)
}

// quoted returns a header's lines for people: joined, quoted, and of a long
// one the end, which proxies wrote.
func quoted(lines []string) string {
	const longest = 200
	text := strings.Join(lines, ", ")
	if len(text) > longest {
		return "…" + strconv.Quote(text[len(text)-longest:])
	}
	return strconv.Quote(text)
}
