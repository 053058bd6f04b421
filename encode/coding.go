package encode

import "strings"

// A Coding is a content coding (RFC 9110 §8.4.1).
type Coding uint8

// The codings of this package. Identity is the absence of any.
const (
	Identity Coding = iota
	Gzip
	Brotli
	Zstd
	codings // how many there are
)

// tokens are the names in Accept-Encoding and Content-Encoding; suffixes are
// what a strong entity tag gets, see [TagFor].
var (
	tokens   = [codings]string{Identity: "identity", Gzip: "gzip", Brotli: "br", Zstd: "zstd"}
	suffixes = [codings]string{Gzip: "~gz", Brotli: "~br", Zstd: "~zst"}
)

// String returns the coding's name in HTTP, such as "br".
func (c Coding) String() string {
	if c >= codings {
		return "unknown"
	}
	return tokens[c]
}

// ParseCoding returns the coding of that name, in whatever case; x-gzip is an
// old name of gzip (RFC 9110 §8.4.1.3).
func ParseCoding(token string) (c Coding, ok bool) {
	for c, name := range tokens {
		if strings.EqualFold(token, name) {
			return Coding(c), true
		}
	}
	if strings.EqualFold(token, "x-gzip") {
		return Gzip, true
	}
	return Identity, false
}
