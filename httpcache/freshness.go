package httpcache

import (
	"net/http"
	"time"

	"github.com/hone-go/hone/internal/httpfield"
)

// rules are what a stored response allows those who answer with it.
type rules struct {
	noCache    bool // every use must be validated
	strict     bool // nothing stale: must-revalidate and its like
	authorized bool // may answer requests with Authorization
	immutable  bool
	swr, sie   time.Duration
}

// A freshness says what may be done with a stored response for a request.
type freshness uint8

const (
	fresh      freshness = iota
	early                // fresh, and due for being fetched anew
	allowed              // stale, and the request takes it
	background           // stale; to be served while it is fetched anew
	outdated             // to be validated first; may be served if that fails
	strict               // to be validated first, without exception
)

// age is how old the response is (RFC 9111 §4.2.3).
func (p *Response) age(now time.Time) time.Duration {
	return p.Age + max(0, now.Sub(p.Received))
}

// judge says what may be done with the response. dueEarly decides on an early
// refresh, given what is left of its freshness.
func (p *Response) judge(now time.Time, d demand, dueEarly func(took, left time.Duration) bool) freshness {
	age := p.age(now)
	left := p.Lifetime - age
	demanded := d.noCache || d.maxAge != unset && age > d.maxAge || d.minFresh != unset && left < d.minFresh
	if demanded && p.rules.immutable && left > 0 && d.maxAge == 0 && !d.noCache {
		demanded = false // a reload of what never changes (RFC 8246)
	}
	switch {
	case p.rules.noCache || left <= 0 && p.rules.strict:
		return strict
	case demanded && d.noCache:
		return strict
	case demanded:
		return p.failing(left, d)
	case left > 0:
		if dueEarly(p.Took, left) {
			return early
		}
		return fresh
	case d.maxStale != unset && -left <= d.maxStale:
		return allowed
	case -left < p.rules.swr && d.maxStale == unset:
		return background
	}
	return p.failing(left, d)
}

// failing says whether the response may be served if it cannot be validated.
func (p *Response) failing(left time.Duration, d demand) freshness {
	if p.rules.strict && left <= 0 {
		return strict
	}
	if -left < max(p.rules.sie, d.staleIfError) || left > 0 {
		return outdated
	}
	return strict
}

// lifetime computes how long a response is fresh (RFC 9111 §4.2.1) from what
// it says of itself, and whether it says anything.
func (c control) lifetime(h http.Header, date time.Time) (life time.Duration, explicit bool) {
	switch {
	case c.sharedAge != unset:
		return c.sharedAge, true
	case c.maxAge != unset:
		return c.maxAge, true
	}
	lines := h["Expires"]
	if len(lines) == 0 {
		return 0, false
	}
	at, err := http.ParseTime(lines[0])
	if err != nil || len(lines) > 1 { // "0" and its like are in the past (RFC 9111 §5.3)
		return 0, true
	}
	return max(0, at.Sub(date)), true
}

// heuristic is a tenth of the time since the response last changed, at most
// the given bound (RFC 9111 §4.2.2).
func heuristic(h http.Header, date time.Time, bound time.Duration) time.Duration {
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		return 0
	}
	return min(max(0, date.Sub(modified)/10), bound)
}

// initialAge is the corrected_initial_age of RFC 9111 §4.2.3, of a response
// that was asked for at one time and received at another.
func initialAge(h http.Header, date, asked, received time.Time) time.Duration {
	var stated int64
	if lines := h["Age"]; len(lines) > 0 {
		var ok bool
		if stated, ok = httpfield.DeltaSeconds(lines[0]); !ok || len(lines) > 1 {
			return maxLife // of unknown age: not fresh
		}
	}
	return max(0, received.Sub(date), time.Duration(stated)*time.Second+received.Sub(asked))
}

// dateOf is the time at which a response says it was made, or else that at
// which it was received (RFC 9110 §6.6.1).
func dateOf(h http.Header, received time.Time) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return received
}
