package httpcache

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/hone-go/hone/internal/httpfield"
)

// digestBytes is the length of a body's digest. Not shorter: a client that
// meets an equal tag keeps what it has, so whoever can choose a body must not
// find a second one for its tag; 128 bits leave 2^64 trials. Not longer: the
// tag travels in both directions with every request.
const digestBytes = 16

// digest returns the leading bits of the body's SHA-256: the same in every
// process and after every restart, which a seeded hash is not, and beyond
// anyone's choosing, which a fast unseeded one is not. Cost: 1 µs per KB.
func digest(body []byte) [digestBytes]byte {
	sum := sha256.Sum256(body)
	return [digestBytes]byte(sum[:digestBytes])
}

// digestTag returns the strong tag of a body by its digest.
func digestTag(d [digestBytes]byte) httpfield.Tag {
	return httpfield.Tag{Opaque: base64.RawURLEncoding.EncodeToString(d[:])}
}

// userTag returns the tag that a user means: a tag as it stands in a field, or
// any other text, such as a version or a time, which is quoted if a tag can
// hold it and digested if not. Nothing means nothing.
func userTag(s string) (tag httpfield.Tag, ok bool) {
	if s == "" {
		return httpfield.Tag{}, false
	}
	if tag, ok := httpfield.ParseTag(s); ok {
		return tag, true
	}
	if tag, ok := httpfield.ParseTag(`"` + s + `"`); ok {
		return tag, true
	}
	return digestTag(digest([]byte(s))), true
}
