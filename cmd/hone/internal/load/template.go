package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// maxRange is the longest text between braces that can be a range: two 64-bit
// integers with signs and the dots between them.
const maxRange = 20 + 2 + 20

// A template is text in which each {a..b} stands for an integer from a to b,
// both included, drawn anew for each request.
type template []piece

// A piece is a literal, or a range if ranged.
type piece struct {
	literal string
	ranged  bool
	low     int64
	span    uint64 // high − low
}

// parseTemplate finds the ranges in s. Braces around anything but two integers
// with two dots between are literal. Cost: linear in s.
func parseTemplate(s string) (template, error) {
	var t template
	start := 0 // of the literal not yet emitted
	for i := 0; i < len(s); {
		if s[i] != '{' {
			i++
			continue
		}
		window := s[i+1 : min(len(s), i+1+maxRange+1)]
		end := strings.IndexByte(window, '}')
		if end < 0 {
			i++
			continue
		}
		p, isRange, err := parseRange(window[:end])
		if err != nil {
			return nil, err
		}
		if !isRange {
			i++
			continue
		}
		if start < i {
			t = append(t, piece{literal: s[start:i]})
		}
		t = append(t, p)
		i += 1 + end + 1
		start = i
	}
	if start < len(s) {
		t = append(t, piece{literal: s[start:]})
	}
	return t, nil
}

// parseRange reads "a..b". It reports false if s does not have that shape.
func parseRange(s string) (p piece, isRange bool, err error) {
	a, b, ok := strings.Cut(s, "..")
	if !ok || !isInteger(a) || !isInteger(b) {
		return piece{}, false, nil
	}
	low, errLow := strconv.ParseInt(a, 10, 64)
	high, errHigh := strconv.ParseInt(b, 10, 64)
	if errors.Join(errLow, errHigh) != nil {
		return piece{}, true, fmt.Errorf("the range {%s} does not fit 64 bits", s)
	}
	if low > high {
		return piece{}, true, fmt.Errorf("the range {%s} is empty: write the smaller number first", s)
	}
	return piece{ranged: true, low: low, span: uint64(high) - uint64(low)}, true, nil
}

func isInteger(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// expand draws a number for each range. With a nil source it takes the lowest.
func (t template) expand(random *rand.Rand) string {
	if len(t) == 1 && !t[0].ranged {
		return t[0].literal
	}
	var b strings.Builder
	for _, p := range t {
		if !p.ranged {
			b.WriteString(p.literal)
			continue
		}
		n := p.low
		if random != nil {
			n = int64(uint64(p.low) + draw(random, p.span))
		}
		b.WriteString(strconv.FormatInt(n, 10))
	}
	return b.String()
}

// draw returns a uniform number from 0 to span, both included.
func draw(random *rand.Rand, span uint64) uint64 {
	if span+1 == 0 { // the whole of uint64: span+1 does not fit
		return random.Uint64()
	}
	return random.Uint64N(span + 1)
}
