package measure

import (
	"strconv"
	"strings"
	"time"
)

// maxTimedSpans bounds the Server-Timing header: proxies refuse headers of
// more than a few KiB.
const maxTimedSpans = 16

// timingHook is a request that adds Server-Timing to its response.
type timingHook request

// BeforeHeader adds the header: what was spent until now, since a header
// cannot tell what its own body will cost.
func (h *timingHook) BeforeHeader(int) {
	q := (*request)(h)
	q.writer.Header().Add("Server-Timing", q.serverTiming(time.Now()))
}

// serverTiming returns a Server-Timing value
// (https://www.w3.org/TR/server-timing/#the-server-timing-header-field): a
// list of name;dur=milliseconds;desc="text".
func (q *request) serverTiming(now time.Time) string {
	b := make([]byte, 0, 128)
	b = appendMetric(b, "app", now.Sub(q.Start()), "")
	if sql := q.SQL(now); sql.Statements > 0 {
		b = appendMetric(b, "db", sql.Time, counted(sql.Statements, "statement"))
		if sql.Wait > 0 {
			b = appendMetric(b, "wait", sql.Wait, "for a connection")
		}
	}
	spans := q.Spans()
	for _, s := range spans[:min(len(spans), maxTimedSpans)] {
		desc := counted(s.Count, "call")
		name := token(s.Name)
		if name != s.Name {
			desc = s.Name + ", " + desc
		}
		b = appendMetric(b, name, s.Time, desc)
	}
	return string(b)
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

func appendMetric(b []byte, name string, d time.Duration, desc string) []byte {
	if len(b) > 0 {
		b = append(b, ", "...)
	}
	b = append(b, name...)
	b = append(b, ";dur="...)
	b = strconv.AppendFloat(b, milliseconds(d), 'f', -1, 64)
	if desc != "" {
		b = append(b, ";desc="...)
		b = appendQuoted(b, desc)
	}
	return b
}

// token makes name an RFC 9110 §5.6.2 token.
func token(name string) string {
	if name == "" {
		return "_"
	}
	return strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.ContainsRune("!#$%&'*+-.^_`|~", c) {
			return c
		}
		return '_'
	}, name)
}

// appendQuoted appends s as an RFC 9110 §5.6.4 quoted-string of plain ASCII.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', byte(c))
		case c < ' ' || c > '~':
			b = append(b, '?')
		default:
			b = append(b, byte(c))
		}
	}
	return append(b, '"')
}
