package measure

import (
	"net/http"
	"time"
)

// maxQueued is the longest believable time in a queue. A proxy's clock that is
// further off, or a client that makes the header up, is not believed.
const maxQueued = time.Hour

// queuedFor returns how long a request that arrived now had waited since the
// proxy in front stamped it, or 0 if there is no believable stamp. Clocks that
// differ between machines shift it by their difference.
func queuedFor(h http.Header, now time.Time) time.Duration {
	stamps := h["X-Request-Start"]
	if len(stamps) == 0 {
		return 0
	}
	at, ok := parseRequestStart(stamps[0])
	if !ok {
		return 0
	}
	// The stamp has no monotonic reading, so this compares wall clocks.
	if d := now.Sub(at); d > 0 && d <= maxQueued {
		return d
	}
	return 0
}

// parseRequestStart reads the forms of X-Request-Start in use: Unix time with
// or without "t=", in seconds (nginx's $msec: 1700000000.123), milliseconds
// (Heroku), microseconds (Apache's %t) or nanoseconds, with or without a
// fraction. The unit follows from the size: it is the one that puts the time
// between 1973 and 5138.
func parseRequestStart(s string) (time.Time, bool) {
	if len(s) > 2 && s[0] == 't' && s[1] == '=' {
		s = s[2:]
	}
	whole, digits, rest := leadingNumber(s)
	if digits == 0 {
		return time.Time{}, false
	}
	var unit int64 // nanoseconds
	switch {
	case whole < 1e8:
		return time.Time{}, false
	case whole < 1e11:
		unit = 1e9
	case whole < 1e14:
		unit = 1e6
	case whole < 1e17:
		unit = 1e3
	default:
		unit = 1
	}
	var fraction int64 // nanoseconds
	if rest != "" {
		if rest[0] != '.' {
			return time.Time{}, false
		}
		part, digits, rest := leadingNumber(rest[1:])
		if digits == 0 || rest != "" {
			return time.Time{}, false
		}
		for ; digits > 9; digits-- {
			part /= 10 // finer than a nanosecond
		}
		fraction = part * unit
		for range digits {
			fraction /= 10
		}
	}
	perSecond := 1e9 / unit
	return time.Unix(whole/perSecond, whole%perSecond*unit+fraction), true
}

// leadingNumber reads the digits that s begins with. More than 19, which might
// not fit, count as none.
func leadingNumber(s string) (n int64, digits int, rest string) {
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		if digits == 19 {
			return 0, 0, s
		}
		n = n*10 + int64(s[digits]-'0')
		digits++
	}
	if n < 0 { // 19 digits can be more than 2^63
		return 0, 0, s
	}
	return n, digits, s[digits:]
}
