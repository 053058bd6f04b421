package httpcache

import (
	"net/http"
	"time"

	"github.com/hone-go/hone/internal/httpfield"
)

// validators are what a selected representation is recognised by (RFC 9110
// §8.8). The zero value stands for a resource without any representation.
type validators struct {
	tag      httpfield.Tag
	tagged   bool
	modified time.Time // whole seconds; zero if it is not known
}

// validatorsOf reads them from the header of a response. What is not
// understood is not there.
func validatorsOf(h http.Header) (v validators) {
	if lines := h["Etag"]; len(lines) == 1 {
		v.tag, v.tagged = httpfield.ParseTag(lines[0])
	}
	v.modified, _ = dateField(h, "Last-Modified")
	return v
}

// set writes them to the header of a response.
func (v validators) set(h http.Header) {
	if v.tagged {
		h["Etag"] = []string{v.tag.String()}
	}
	if !v.modified.IsZero() {
		h["Last-Modified"] = []string{v.modified.UTC().Format(http.TimeFormat)}
	}
}

// outcome is what the conditions of a request demand.
type outcome uint8

const (
	proceed            outcome = iota // as if there were no conditions
	notModified                       // answer 304
	preconditionFailed                // answer 412
)

// evaluate takes the conditions in the order of RFC 9110 §13.2.2, save If-Range,
// which concerns the range alone; see [validators.inRange].
func (v validators) evaluate(r *http.Request) outcome {
	switch r.Method {
	case http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return proceed // §13.2.1: there is no selected representation
	}
	if lines, ok := r.Header["If-Match"]; ok {
		if !v.match(lines) {
			return preconditionFailed
		}
	} else if since, ok := dateField(r.Header, "If-Unmodified-Since"); ok {
		if v.modified.After(since) {
			return preconditionFailed
		}
	}
	if lines, ok := r.Header["If-None-Match"]; ok {
		switch {
		case !v.matchWeak(lines):
			return proceed
		case isRead(r.Method):
			return notModified
		default:
			return preconditionFailed
		}
	}
	if !isRead(r.Method) || v.modified.IsZero() {
		return proceed
	}
	if since, ok := dateField(r.Header, "If-Modified-Since"); ok && !v.modified.After(since) {
		return notModified
	}
	return proceed
}

// exist reports whether there is a representation.
func (v validators) exist() bool { return v.tagged || !v.modified.IsZero() }

// match says whether If-Match holds (§13.1.1): by strong comparison.
func (v validators) match(lines []string) bool {
	if httpfield.AnyTag(lines) {
		return v.exist()
	}
	for tag := range httpfield.Tags(lines) {
		if v.tagged && tag.MatchStrong(v.tag) {
			return true
		}
	}
	return false
}

// matchWeak says whether If-None-Match does not hold (§13.1.2): by weak
// comparison.
func (v validators) matchWeak(lines []string) bool {
	if httpfield.AnyTag(lines) {
		return v.exist()
	}
	for tag := range httpfield.Tags(lines) {
		if v.tagged && tag.MatchWeak(v.tag) {
			return true
		}
	}
	return false
}

// inRange says whether If-Range lets the Range field stand (§13.1.5). A tag
// must be strong, and so must a date: the representation could have changed
// again within the second it names unless the response was made later (§8.8.2.2).
func (v validators) inRange(lines []string, made time.Time) bool {
	if len(lines) == 0 {
		return true
	}
	if len(lines) > 1 {
		return false
	}
	if tag, ok := httpfield.ParseTag(lines[0]); ok {
		return v.tagged && tag.MatchStrong(v.tag)
	}
	date, err := http.ParseTime(lines[0])
	return err == nil && !v.modified.IsZero() && date.Equal(v.modified) && made.Sub(v.modified) >= time.Second
}

// dateField reads a field that is one HTTP date in any of its three forms
// (§5.6.7). Several lines, or anything else, count as no field (§13.1.3).
func dateField(h http.Header, name string) (time.Time, bool) {
	lines := h[name]
	if len(lines) != 1 {
		return time.Time{}, false
	}
	t, err := http.ParseTime(lines[0])
	return t, err == nil
}

func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }
