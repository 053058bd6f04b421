package httpfield

import (
	"iter"
	"math"
	"strings"
)

// Directives yields the directives of Cache-Control, or of a field of the same
// form such as CDN-Cache-Control (RFC 9111 §5.2), in the order they stand: the
// name as it was sent and the argument, without quotes, or "". An element that
// does not follow the grammar is passed over.
func Directives(lines []string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for element := range List(lines) {
			name, argument, has := strings.Cut(element, "=")
			if !IsToken(name) {
				continue
			}
			if has && !IsToken(argument) {
				var ok bool
				if argument, ok = unquote(argument); !ok {
					continue
				}
			}
			if !yield(name, argument) {
				return
			}
		}
	}
}

// Directive returns the argument of the first directive of that name, in
// whatever case, and whether there is one.
func Directive(lines []string, name string) (argument string, ok bool) {
	for n, argument := range Directives(lines) {
		if strings.EqualFold(n, name) {
			return argument, true
		}
	}
	return "", false
}

// unquote returns the text of a quoted string (RFC 9110 §5.6.4).
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	s = s[1 : len(s)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s, strings.IndexByte(s, '"') < 0
	}
	text := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return "", false
		case '\\':
			if i++; i == len(s) {
				return "", false // the last quote was escaped
			}
		}
		text = append(text, s[i])
	}
	return string(text), true
}

// maxDeltaSeconds is what RFC 9111 §1.2.2 has a cache use for any greater number.
const maxDeltaSeconds = math.MaxInt32

// DeltaSeconds reads a number of seconds (RFC 9111 §1.2.2): digits alone. A
// number beyond 2^31−1 is that, 68 years.
func DeltaSeconds(s string) (seconds int64, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		seconds = min(seconds*10+int64(c-'0'), maxDeltaSeconds)
	}
	return seconds, s != ""
}
