package httpcache

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A status is what Cache-Status says of a request (RFC 9211 §2).
type status struct {
	hit           bool
	forward       string // why the handler was asked; "" if it was not
	forwardStatus int    // what it answered; 0 if that is the response's
	stored        bool
	collapsed     bool   // another request's answer was waited for
	detail        string // a token of this package
}

// What forward is (RFC 9211 §2.2).
const (
	forwardBypass   = "bypass"
	forwardMethod   = "method"
	forwardMiss     = "uri-miss"
	forwardVaryMiss = "vary-miss"
	forwardStale    = "stale"
	forwardRequest  = "request"
)

// setForward notes why the handler is asked. The first reason stands.
func (s *status) setForward(reason string) {
	if s.forward == "" {
		s.forward = reason
	}
}

// show adds a line to Cache-Status. p is what is sent, if it is stored.
func (s *status) show(t *turn, h http.Header, p *Response, age time.Duration) {
	if t.h.cfg.HideStatus {
		return
	}
	var k string
	if t.h.cfg.ShowKey {
		k = t.key.String()
	}
	lines := h["Cache-Status"]
	h["Cache-Status"] = append(lines[:len(lines):len(lines)], s.line(t.h, p, age, k))
}

func (s *status) line(h *HTTPCache, p *Response, age time.Duration, k string) string {
	var b strings.Builder
	b.WriteString(h.cfg.Name)
	if s.hit {
		b.WriteString("; hit")
	} else {
		b.WriteString("; fwd=")
		b.WriteString(s.forward)
		if s.forwardStatus != 0 && p != nil && s.forwardStatus != p.Status {
			b.WriteString("; fwd-status=")
			b.WriteString(strconv.Itoa(s.forwardStatus))
		}
	}
	if p != nil && (s.hit || s.stored || s.collapsed) {
		b.WriteString("; ttl=")
		b.WriteString(strconv.FormatInt(int64(p.Lifetime/time.Second)-int64(age/time.Second), 10))
	}
	if s.stored {
		b.WriteString("; stored")
	}
	if s.collapsed {
		b.WriteString("; collapsed")
	}
	if k != "" {
		b.WriteString("; key=")
		b.WriteString(quoted(k))
	}
	if s.detail != "" {
		b.WriteString("; detail=")
		b.WriteString(s.detail)
	}
	return b.String()
}

// quoted is a string of RFC 8941 §3.3.3. What cannot stand in one is left out.
func quoted(s string) string {
	b := append(make([]byte, 0, len(s)+2), '"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ' && c <= '~':
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// String shows the key to a person. An owner is not shown.
func (k key) String() string {
	s := k.Host + k.Path
	if k.Inner != "" {
		s += " as " + k.Inner
	}
	if k.Query != "" {
		s += "?" + k.Query
	}
	if k.Place != 0 {
		s += " variant " + strconv.FormatUint(uint64(k.Place), 10)
	}
	return s
}
