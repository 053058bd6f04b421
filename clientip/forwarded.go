package clientip

import (
	"strings"

	"golang.org/x/net/http/httpguts"
)

// An element is one of Forwarded (RFC 7239 §4): what one proxy said. A
// parameter that it has not is "".
type element struct {
	node, proto, host string
}

// parseElement reads an element of Forwarded. White space is allowed around
// its parameters, as proxies write it. It is malformed as a whole if any
// parameter is, or if one that is read comes twice (RFC 7239 §4).
func parseElement(s string) (e element, ok bool) {
	for more := true; more; {
		pair := s
		semicolon := lastUnquoted(s, ';')
		if more = semicolon >= 0; more {
			s, pair = s[:semicolon], s[semicolon+1:]
		}
		if pair = trim(pair); pair == "" {
			continue
		}
		name, value, ok := cutPair(pair)
		if !ok {
			return element{}, false
		}
		var param *string
		switch {
		case strings.EqualFold(name, "for"):
			param = &e.node
		case strings.EqualFold(name, "proto"):
			param = &e.proto
		case strings.EqualFold(name, "host"):
			param = &e.host
		default:
			continue
		}
		if *param != "" || value == "" {
			return element{}, false
		}
		*param = value
	}
	return e, true
}

// cutPair splits a parameter into its name and its value without quotes. A
// backslash within the quotes stays: what is read here has no need of one, and
// is refused with it.
func cutPair(pair string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(pair, "=")
	if !ok || !httpguts.ValidHeaderFieldName(name) { // that is, a token
		return "", "", false
	}
	if httpguts.ValidHeaderFieldName(value) {
		return name, value, true
	}
	if len(value) < 2 || value[0] != '"' {
		return "", "", false
	}
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '"':
			return name, value[1:i], i == len(value)-1
		case '\\':
			i++ // the byte after it is text
		}
	}
	return "", "", false
}
