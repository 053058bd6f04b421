package encode

import (
	"net/http"

	"github.com/hone-go/hone/internal/httpfield"
)

// Encodable reports whether a response with this status and header may be
// encoded, as far as they tell: its type is one of Config.Types, it has a body
// that is whole and not encoded already, no Cache-Control: no-transform (RFC
// 9111 §5.2.2.6), and no digest of the bytes that would change (RFC 9530).
// The body's size is left to the caller; see [Config.MinSize].
func (e *Encoder) Encodable(status int, h http.Header) bool {
	return e.encodable(status, h, first(h["Content-Type"]))
}

// encodable is Encodable of a body of that type, stated or not.
func (e *Encoder) encodable(status int, h http.Header, contentType string) bool {
	return e.types.has(contentType) && transformable(status, h)
}

// transformable is Encodable but for the type.
func transformable(status int, h http.Header) bool {
	if !hasBody(status) || status == http.StatusPartialContent {
		return false
	}
	for _, name := range [...]string{"Content-Encoding", "Content-Range", "Content-Digest", "Repr-Digest", "Digest", "Content-Md5"} {
		if h[name] != nil {
			return false
		}
	}
	if lines := h["Cache-Control"]; lines != nil {
		_, no := httpfield.Directive(lines, "no-transform")
		return !no
	}
	return true
}

// hasBody reports whether a response with the status may have one (RFC 9110
// §6.4.1; for 205 §15.3.6).
func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusResetContent && status != http.StatusNotModified
}

// MinSize returns the size in bytes from which a body is encoded.
func (e *Encoder) MinSize() int { return max(e.config.MinSize, 1) }

// least is the size in bytes from which a body is encoded for one client.
func (e *Encoder) least(n Negotiation) int {
	if n.Accepts(Identity) {
		return e.MinSize()
	}
	return 1
}

// choose returns the coding of the answer to r with an encodable body.
func (e *Encoder) choose(r *http.Request, n Negotiation, h http.Header, contentType string, size int64) Coding {
	if n.Coding == Identity || size < int64(e.least(n)) || e.config.Guard.guards(r, h, contentType) {
		return Identity
	}
	return n.Coding
}

// varies reports whether another Accept-Encoding could have got another
// response: then caches must know (RFC 9110 §12.5.5). A 304 and a 206 have
// the Vary of the 200 in whose place they are (§15.4.5, §15.3.7); a type that
// is not known yet could be any.
func (e *Encoder) varies(status int, h http.Header) bool {
	if status == http.StatusNotModified || status == http.StatusPartialContent {
		return true
	}
	if lines, typed := h["Content-Type"]; typed && !e.types.has(first(lines)) {
		return false
	}
	return transformable(status, h)
}

// lines is room for those that describe adds to a header.
type lines struct{ vary, coding [1]string }

// describe makes the header of a response that of its form in a coding.
func describe(h http.Header, varies bool, c Coding, l *lines) {
	switch {
	case !varies:
	case h["Vary"] == nil:
		l.vary[0] = "Accept-Encoding"
		h["Vary"] = l.vary[:]
	default:
		httpfield.AddVary(h, "Accept-Encoding")
	}
	if c == Identity {
		return
	}
	l.coding[0] = c.String()
	h["Content-Encoding"] = l.coding[:]
	if etag := first(h["Etag"]); etag != "" {
		h["Etag"] = []string{TagFor(etag, c)}
	}
	delete(h, "Content-Length")
	delete(h, "Accept-Ranges") // a range of the encoded bytes is not to be had
}
