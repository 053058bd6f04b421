package respond

import (
	"strconv"
	"strings"
)

// Media types that an error can be answered in.
const (
	problemJSON = "application/problem+json"
	textHTML    = "text/html"
	textPlain   = "text/plain"
)

// maxAcceptBytes bounds what is read of an Accept header. Not smaller: browsers
// send 200 bytes. Not larger: nothing longer has a meaning for three types.
const maxAcceptBytes = 4096

// negotiate returns the offered media type that the client wants most, by the
// Accept fields of its request (RFC 9110 §12.5.1). Among equals the first offer
// wins. It is the first offer, too, if the client wants none: an error in
// another form is better than none.
func negotiate(accept []string, offers ...string) string {
	header := strings.Join(accept, ",")
	if len(header) > maxAcceptBytes {
		return offers[0]
	}
	best, bestQuality := offers[0], 0.0
	for _, offer := range offers {
		if q := quality(header, offer); q > bestQuality {
			best, bestQuality = offer, q
		}
	}
	return best
}

// quality returns how much an Accept header wants a media type: the weight of
// the most specific range that covers it. A malformed range covers nothing.
func quality(header, offer string) float64 {
	weight, specificity := 0.0, 0
	for element := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(element, ";")
		s := covers(strings.ToLower(strings.Trim(name, " \t")), offer)
		if q, ok := qvalue(params); ok && s > specificity {
			weight, specificity = q, s
		}
	}
	return weight
}

// covers returns 0 if a media range does not cover a type, and more the
// narrower it is. A client that reads application/json reads a problem.
func covers(mediaRange, offer string) int {
	kind, _, _ := strings.Cut(offer, "/")
	switch {
	case mediaRange == offer:
		return 4
	case mediaRange == "application/json" && offer == problemJSON:
		return 3
	case mediaRange == kind+"/*":
		return 2
	case mediaRange == "*/*":
		return 1
	default:
		return 0
	}
}

// qvalue returns the weight among the parameters of a range, 1 if there is
// none (RFC 9110 §12.4.2).
func qvalue(params string) (q float64, ok bool) {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.Trim(param, " \t"), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		if len(value) > len("0.000") || strings.Trim(value, "0123456789.") != "" {
			return 0, false
		}
		q, err := strconv.ParseFloat(value, 64)
		return q, err == nil && q <= 1
	}
	return 1, true
}
