package httpfield

import (
	"iter"
	"strings"
)

// FullWeight is the weight of an element that names none.
const FullWeight = 1000

// Weighted yields the elements of a list such as Accept-Encoding, each with
// its weight (RFC 9110 §12.4.2) in thousandths, 0 to [FullWeight]. An element
// that is not a token with at most a weight after it is passed over, alone:
// "gzip;q=2" says nothing about gzip, and nothing is guessed. Tokens come as
// they were sent; compare them without regard to case.
func Weighted(lines []string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for element := range List(lines) {
			token, weight := element, FullWeight
			if i := strings.IndexByte(element, ';'); i >= 0 {
				token = trim(element[:i])
				var ok bool
				if weight, ok = parseWeight(trim(element[i+1:])); !ok {
					continue
				}
			}
			if IsToken(token) && !yield(token, weight) {
				return
			}
		}
	}
}

// parseWeight reads "q=" and a qvalue: 0 or 1 with at most three decimals, and
// never more than 1.
func parseWeight(s string) (thousandths int, ok bool) {
	if len(s) < 3 || len(s) > len("q=0.000") || s[0]|0x20 != 'q' || s[1] != '=' {
		return 0, false
	}
	whole, decimals := s[2], s[3:]
	if whole != '0' && whole != '1' {
		return 0, false
	}
	thousandths = FullWeight * int(whole-'0')
	if decimals == "" {
		return thousandths, true
	}
	if decimals[0] != '.' {
		return 0, false
	}
	unit := FullWeight / 10
	for _, c := range []byte(decimals[1:]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		thousandths += unit * int(c-'0')
		unit /= 10
	}
	return thousandths, thousandths <= FullWeight
}
