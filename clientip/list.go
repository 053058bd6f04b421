package clientip

import "strings"

// maxElement is the length in bytes up to which an element of a list is read.
// Not smaller: an element of Forwarded has a host of up to 255 bytes, two
// nodes, and extensions. Not larger: it bounds, with maxHops, what one request
// can cost, and nothing that a proxy writes is longer.
const maxElement = 1024

// A cursor reads the elements of a list from its end, the lines joined in
// order (RFC 9110 §5.3). Each comma separates two elements, also where one of
// them is empty: dropping it would move the elements before it, which a client
// may have written, nearer to the end.
type cursor struct {
	lines  []string // those not begun
	rest   string   // what is left of the line at hand
	inside bool     // whether there is such a line: it may be empty
	quoted bool     // whether a comma within a quoted string separates nothing
}

// next returns the element before those that were returned, without the white
// space around it. One that is too long to be anything comes as "", and
// nothing after it.
func (c *cursor) next() (element string, ok bool) {
	if !c.inside {
		last := len(c.lines) - 1
		if last < 0 {
			return "", false
		}
		c.rest, c.lines, c.inside = c.lines[last], c.lines[:last], true
	}
	window := c.rest[max(0, len(c.rest)-maxElement):]
	comma := -1
	if c.quoted {
		comma = lastUnquoted(window, ',')
	} else {
		comma = strings.LastIndexByte(window, ',')
	}
	if comma < 0 {
		if len(window) < len(c.rest) {
			*c = cursor{}
			return "", true
		}
		c.inside = false
		return trim(window), true
	}
	c.rest = c.rest[:len(c.rest)-len(window)+comma]
	return trim(window[comma+1:]), true
}

// lastUnquoted returns the index of the last sep that is not within a quoted
// string (RFC 9110 §5.6.4), or -1. It reads from the end, so that a quote
// which a client opened and never closed cannot swallow what a proxy appended:
// the end of s must be well formed for the answer to mean something, its
// beginning need not be.
func lastUnquoted(s string, sep byte) int {
	quoted := false
	for i := len(s) - 1; i >= 0; i-- {
		switch {
		case s[i] == '"' && !(quoted && escaped(s, i)):
			quoted = !quoted
		case s[i] == sep && !quoted:
			return i
		}
	}
	return -1
}

// escaped reports whether an odd number of backslashes stands before s[i].
func escaped(s string, i int) bool {
	n := len(s[:i]) - len(strings.TrimRight(s[:i], `\`))
	return n%2 == 1
}

// trim removes optional white space (RFC 9110 §5.6.3) from both ends.
func trim(s string) string { return strings.Trim(s, " \t") }
