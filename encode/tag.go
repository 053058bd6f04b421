package encode

import (
	"net/http"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/httpfield"
)

// TagFor returns the entity tag of a body in coding c, where etag is the tag
// of the body itself. A strong tag stands for exact bytes (RFC 9110 §8.8.1),
// so each coding has its own: "v7" becomes "v7~gz", "v7~br" or "v7~zst". A
// weak tag, and what is no tag at all, stays as it is.
//
// The tilde is there because the suffixes that others use, such as -gzip, may
// come from the service itself and would be taken off on the way in.
func TagFor(etag string, c Coding) string {
	tag, ok := httpfield.ParseTag(etag)
	if !ok || tag.Weak || c == Identity || c >= codings {
		return etag
	}
	tag.Opaque += suffixes[c]
	return tag.String()
}

// SplitTag undoes [TagFor]: it returns the tag of the body itself and the
// coding that the suffix names, or etag and Identity. A weak tag with a suffix
// was strong when it left, and weakened on the way: its suffix goes too.
func SplitTag(etag string) (string, Coding) {
	tag, ok := httpfield.ParseTag(etag)
	if !ok {
		return etag, Identity
	}
	body, c := split(tag)
	if c == Identity {
		return etag, Identity
	}
	return body.String(), c
}

func split(tag httpfield.Tag) (httpfield.Tag, Coding) {
	for c := Gzip; c < codings; c++ {
		if opaque, ok := strings.CutSuffix(tag.Opaque, suffixes[c]); ok {
			tag.Opaque = opaque
			return tag, c
		}
	}
	return tag, Identity
}

// Match looks in the lines of If-None-Match for the body with the tag etag, as
// it is or in a coding that the client accepts, by weak comparison (RFC 9110
// §13.1.2). It returns the tag that a 304 must repeat, so that the client
// knows which of its responses is still good (RFC 9111 §4.3.4): the negotiated
// coding's if the client has it, else another's, else etag. "*" matches etag.
func (n Negotiation) Match(ifNoneMatch []string, etag string) (tag string, ok bool) {
	body, valid := httpfield.ParseTag(etag)
	if !valid {
		return "", false
	}
	if httpfield.AnyTag(ifNoneMatch) {
		return etag, true
	}
	found := codings
	for presented := range httpfield.Tags(ifNoneMatch) {
		c := Identity
		if !presented.MatchWeak(body) {
			if presented, c = split(presented); !presented.MatchWeak(body) || c == Identity {
				continue
			}
		}
		switch {
		case c != Identity && (!n.Accepts(c) || body.Weak):
		case c == n.Coding, found == codings, found == Identity:
			found = c
		}
		if found == n.Coding {
			break
		}
	}
	if found == codings {
		return "", false
	}
	return TagFor(etag, found), true
}

// conditions returns the request's header with the tags of coded bodies made
// understandable to a handler that knows its bodies only as they are: each is
// preceded by the tag without suffix. It returns nil if there is none.
//
// If-None-Match: only codings that the client still accepts, since a 304 means
// that it goes on using what it has. If-Match: every coding, since it asks
// about the state of the resource; but not on a request for a range, which
// the client would join to a coded body. If-Range: none, for the same reason:
// no match there means that the whole body is sent.
func (n Negotiation) conditions(r *http.Request) http.Header {
	noneMatch := withSplit(r.Header["If-None-Match"], n.Accepts)
	var match string
	if r.Header["Range"] == nil {
		match = withSplit(r.Header["If-Match"], func(Coding) bool { return true })
	}
	if noneMatch == "" && match == "" {
		return nil
	}
	h := make(http.Header, len(r.Header))
	for name, lines := range r.Header {
		h[name] = slices.Clip(lines) // an append must not reach the original
	}
	if noneMatch != "" {
		h["If-None-Match"] = []string{noneMatch}
	}
	if match != "" {
		h["If-Match"] = []string{match}
	}
	return h
}

// withSplit returns the lines as one, behind the tags that they have with a
// suffix of a wanted coding, without it. One line, and in that order, since
// many handlers read the first line alone and stop at what they do not
// understand. It returns "" if there is no such tag.
func withSplit(lines []string, wanted func(Coding) bool) string {
	var found []string
	for tag := range httpfield.Tags(lines) {
		if body, c := split(tag); c != Identity && wanted(c) {
			found = append(found, body.String())
		}
	}
	if found == nil {
		return ""
	}
	return strings.Join(append(found, lines...), ", ")
}
