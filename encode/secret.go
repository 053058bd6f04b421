package encode

import (
	"net/http"
	"strings"

	"github.com/hone-go/hone/internal/httpfield"
)

// A Guard says which responses are sent as they are because their compressed
// size could tell a secret; see the package comment on BREACH. Responses
// marked by [Secret] are never encoded, whatever the guard.
type Guard uint8

const (
	// GuardCrossSite, the default, guards what a foreign page had a user's
	// browser ask for in that user's name: the request carries credentials
	// that browsers add by themselves (a cookie, Basic, Digest or Negotiate
	// authorization, a client certificate) and its Sec-Fetch-Site is
	// cross-site, except for a click of the user (Sec-Fetch-User), which no
	// page can repeat a thousand times. Where Sec-Fetch-Site is missing the
	// client is an old browser or none: then only HTML is guarded. A response
	// with Cache-Control: public says that it has no secret.
	GuardCrossSite Guard = iota

	// GuardCredentials guards every response to a request with a cookie, any
	// Authorization or a client certificate, save public ones: for services
	// that trust no page, not even their own.
	GuardCredentials

	// GuardMarked guards only the responses marked by [Secret].
	GuardMarked
)

// Secret marks a response that must not be encoded because it holds a secret
// next to text that an attacker chooses. It adds no-transform to
// Cache-Control, which also binds the proxies in front, so call it after
// setting Cache-Control and before the first write.
func Secret(w http.ResponseWriter) {
	h := w.Header()
	if _, ok := httpfield.Directive(h["Cache-Control"], "no-transform"); !ok {
		h.Add("Cache-Control", "no-transform")
	}
}

// guards reports whether the response to r with the header h and of that type
// is sent as it is.
func (g Guard) guards(r *http.Request, h http.Header, contentType string) bool {
	if g == GuardMarked || !g.credentials(r) {
		return false
	}
	if _, public := httpfield.Directive(h["Cache-Control"], "public"); public {
		return false
	}
	if g == GuardCredentials {
		return true
	}
	switch first(r.Header["Sec-Fetch-Site"]) {
	case "same-origin", "same-site", "none":
		return false
	case "":
		mediaType := essence(contentType)
		return mediaType == "text/html" || mediaType == "application/xhtml+xml"
	}
	return first(r.Header["Sec-Fetch-User"]) != "?1"
}

// credentials reports whether r carries any; for GuardCrossSite, any that a
// browser adds to a request of a foreign page.
func (g Guard) credentials(r *http.Request) bool {
	if len(r.Header["Cookie"]) > 0 || r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return true
	}
	authorization := first(r.Header["Authorization"])
	if authorization == "" || g == GuardCredentials {
		return authorization != ""
	}
	scheme, _, _ := strings.Cut(authorization, " ")
	for _, ambient := range []string{"Basic", "Digest", "Negotiate", "NTLM"} {
		if strings.EqualFold(scheme, ambient) {
			return true
		}
	}
	return false
}
