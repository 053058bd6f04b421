package httpcache

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/httpfield"
)

// A verdict says whether a response is stored, and why not.
type verdict struct {
	reason   string // why not; "" if it is
	lifetime time.Duration
	keep     time.Duration
	rules    rules
	vary     []string
	private  []string // fields that are not stored
}

// reasons why a response is not stored, as Cache-Status gives them in detail.
const (
	reasonNoStore       = "no-store"
	reasonPrivate       = "private"
	reasonSetCookie     = "set-cookie"
	reasonVary          = "vary"
	reasonStatus        = "status"
	reasonAuthorization = "authorization"
	reasonNoLifetime    = "no-lifetime"
	reasonStream        = "stream"
	reasonTooLarge      = "too-large"
	reasonIncomplete    = "incomplete"
	reasonFilter        = "filter"
	reasonTags          = "tags"
)

// A candidate is a response whose header is complete.
type candidate struct {
	request  *http.Request
	owned    bool // its key is its owner's
	status   int
	header   http.Header
	ttl      time.Duration // by SetTTL; unset if not
	received time.Time
	age      time.Duration
}

// judge decides whether a response may be stored (RFC 9111 §3).
func (p *Policy) judge(c candidate) verdict {
	cc, targeted := p.control(c.header)
	v := verdict{private: slices.Concat(cc.privateFields, cc.noCacheFields)}
	authorized := cc.public || cc.mustRevalidate || cc.sharedAge != unset
	if cc.understood && understood[c.status] {
		cc.noStore = false
	}
	var usable bool
	v.vary, usable = varyOf(c.header)
	mediaType, _, _ := strings.Cut(c.header.Get("Content-Type"), ";")
	switch {
	case cc.noStore:
		v.reason = reasonNoStore
	case cc.private && !c.owned:
		v.reason = reasonPrivate
	case len(c.header["Set-Cookie"]) > 0 && !slices.Contains(v.private, "Set-Cookie"):
		v.reason = reasonSetCookie
	case !usable:
		v.reason = reasonVary
	case len(c.request.Header["Authorization"]) > 0 && !c.owned && !authorized:
		v.reason = reasonAuthorization // RFC 9111 §3.5
	case c.status < 200, c.status == http.StatusPartialContent, c.status == http.StatusNotModified, cc.understood && !understood[c.status]:
		v.reason = reasonStatus
	case len(c.header["Trailer"]) > 0, strings.EqualFold(strings.TrimSpace(mediaType), "text/event-stream"):
		v.reason = reasonStream
	}
	if v.reason != "" {
		return v
	}
	var known bool
	if v.lifetime, known = p.lifetime(c, cc, targeted); !known {
		v.reason = reasonNoLifetime
		if !heuristicStatus[c.status] && !cc.public {
			v.reason = reasonStatus
		}
		return v
	}
	v.rules = rules{
		noCache:    cc.noCache,
		strict:     cc.mustRevalidate || cc.proxyOne || cc.sharedAge != unset,
		authorized: authorized,
		immutable:  cc.immutable,
		swr:        given(cc.swr, p.StaleWhileRevalidate),
		sie:        given(cc.sie, p.StaleIfError),
	}
	stale := max(0, p.Retain, v.rules.swr, v.rules.sie)
	v.keep = max(0, v.lifetime-c.age) + stale
	validators := len(c.header["Etag"]) > 0 || len(c.header["Last-Modified"]) > 0
	if v.keep <= 0 || (v.lifetime <= c.age || cc.noCache) && !validators && max(v.rules.swr, v.rules.sie) == 0 {
		v.reason = reasonNoLifetime
	}
	return v
}

func given(stated, otherwise time.Duration) time.Duration {
	if stated != unset {
		return stated
	}
	return otherwise
}

// control reads Cache-Control, or the first of the fields that stand in for it.
func (p *Policy) control(h http.Header) (c control, targeted bool) {
	for _, name := range p.Targets {
		strict := strings.HasSuffix(name, "-Cache-Control")
		if lines, ok := dictionary(h[name], strict); ok {
			return parseControl(lines), true
		}
	}
	return parseControl(h["Cache-Control"]), false
}

// dictionary returns the elements of a targeted field without their parameters,
// and whether it counts: it is not empty, and has keys as RFC 8941 §3.2 has them
// (RFC 9213 §2.1). Older fields, such as Surrogate-Control, are not so strict.
func dictionary(lines []string, strict bool) (elements []string, ok bool) {
	for element := range httpfield.List(lines) {
		if !strings.Contains(element, `"`) {
			element, _, _ = strings.Cut(element, ";")
		}
		elements = append(elements, element)
		name, value, has := strings.Cut(element, "=")
		if strict && (strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.*") != "" || has && value == "") {
			return nil, false
		}
	}
	well := 0
	for range httpfield.Directives(elements) {
		well++
	}
	return elements, well > 0 && (!strict || well == len(elements))
}

// lifetime returns how long a response is fresh, and whether there is a reason
// to say so.
func (p *Policy) lifetime(c candidate, cc control, targeted bool) (life time.Duration, known bool) {
	if c.ttl != unset {
		return c.age + p.jittered(c.ttl), true
	}
	date := dateOf(c.header, c.received)
	h := c.header
	if targeted {
		h = nil // Expires does not count either (RFC 9213 §2.1)
	}
	if life, known = cc.lifetime(h, date); known {
		return life, true
	}
	if life, known = p.Statuses[c.status]; known {
		return c.age + p.jittered(life), life > 0
	}
	if p.TTL > 0 {
		switch c.status {
		case http.StatusNotFound, http.StatusGone:
			return c.age + p.jittered(min(p.TTL/10, defaultMissing)), true
		case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNoContent,
			http.StatusMultipleChoices, http.StatusMovedPermanently, http.StatusPermanentRedirect:
			return c.age + p.jittered(p.TTL), true
		}
	}
	if p.Heuristic > 0 && (heuristicStatus[c.status] || cc.public) {
		life = heuristic(c.header, date, p.Heuristic)
	}
	return life, life > 0 || cc.noCache && heuristicStatus[c.status]
}

// jittered moves a life at random, so that what was filled together does not
// expire together.
func (p *Policy) jittered(life time.Duration) time.Duration {
	if p.Jitter <= 0 {
		return life
	}
	return time.Duration(float64(life) * (1 + p.Jitter*(2*rand.Float64()-1)))
}

// heuristicStatus are the statuses that are cacheable by definition (RFC 9110
// §15.1) but 206, and 501: an error of the server's is kept only if the handler
// says so, as the next deployment may have what is missing.
var heuristicStatus = map[int]bool{
	200: true, 203: true, 204: true, 300: true, 301: true, 308: true, 404: true, 405: true, 410: true, 414: true,
}

// understood are the statuses whose meaning for caches is known here, for
// must-understand (RFC 9111 §5.2.2.3).
var understood = map[int]bool{
	200: true, 203: true, 204: true, 300: true, 301: true, 302: true, 303: true, 307: true, 308: true, 400: true, 401: true,
	403: true, 404: true, 405: true, 410: true, 414: true, 500: true, 501: true, 502: true, 503: true, 504: true,
}

// storedHeader returns the fields of a response that are stored (RFC 9111
// §3.1), and the others, which only the one who asked gets.
func storedHeader(h http.Header, private []string) (stored, others http.Header) {
	stored = make(http.Header, len(h))
	named := slices.Collect(httpfield.List(h["Connection"]))
	for name, lines := range h {
		switch {
		case name == "Content-Length" || name == "Age":
		case hopByHop[name], ofOneClient[name], slices.Contains(private, name),
			slices.ContainsFunc(named, func(n string) bool { return strings.EqualFold(n, name) }):
			if others == nil {
				others = make(http.Header)
			}
			others[name] = lines
		default:
			stored[name] = slices.Clip(slices.Clone(lines))
		}
	}
	return stored, others
}

// ofOneClient are the fields that tell a client of its own quota
// (draft-ietf-httpapi-ratelimit-headers, and the older ones): of a limit that
// stands within the cache, where it should stand around it.
var ofOneClient = map[string]bool{
	"Ratelimit": true, "Ratelimit-Policy": true, "Ratelimit-Limit": true, "Ratelimit-Remaining": true,
	"Ratelimit-Reset": true, "X-Ratelimit-Limit": true, "X-Ratelimit-Remaining": true, "X-Ratelimit-Reset": true,
}

// hopByHop are the fields that are about a connection (RFC 9110 §7.6.1, RFC
// 9111 §3.1).
var hopByHop = map[string]bool{
	"Connection": true, "Proxy-Connection": true, "Keep-Alive": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true, "Proxy-Authenticate": true, "Proxy-Authentication-Info": true,
	"Proxy-Authorization": true,
}
