package httpfield

import (
	"iter"
	"net/http"
	"slices"
	"strings"
)

// List yields the elements of a comma-separated list (RFC 9110 §5.6.1) without
// the white space around them. Empty elements are passed over; a comma within
// a quoted string separates nothing. A quoted string without an end reaches to
// the end of its line: a line never swallows the next.
func List(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, rest := range lines {
			for rest != "" {
				var element string
				element, rest = cut(rest)
				if element = trim(element); element != "" && !yield(element) {
					return
				}
			}
		}
	}
}

// cut splits s at its first comma outside a quoted string.
func cut(s string) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			quoted = !quoted
		case '\\':
			if quoted {
				i++ // a quoted pair: its second byte is text
			}
		case ',':
			if !quoted {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}

// HasToken reports whether the list has the token, in whatever case.
func HasToken(lines []string, token string) bool {
	for element := range List(lines) {
		if strings.EqualFold(element, token) {
			return true
		}
	}
	return false
}

// AddVary adds a field's name to Vary (RFC 9110 §12.5.5) unless it is there,
// in whatever case, or Vary is "*". It keeps the lines that are there, so that
// a slice shared with another header is not changed.
func AddVary(h http.Header, name string) {
	lines := h["Vary"]
	for element := range List(lines) {
		if element == "*" || strings.EqualFold(element, name) {
			return
		}
	}
	h["Vary"] = append(slices.Clip(lines), name)
}

// trim removes optional white space (RFC 9110 §5.6.3) from both ends.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// IsToken reports whether s is a token (RFC 9110 §5.6.2), as the names of fields
// are.
func IsToken(s string) bool {
	for i := range len(s) {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

var tokenBytes = func() (set [256]bool) {
	const punctuation = "!#$%&'*+-.^_`|~"
	for c := range set {
		b := byte(c)
		set[c] = '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' ||
			strings.IndexByte(punctuation, b) >= 0
	}
	return set
}()
