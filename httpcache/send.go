package httpcache

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/internal/httpfield"
)

// shownHit are the fields that a hit adds, which stay the same for a second.
// Nobody changes them.
type shownHit struct {
	second              int64 // the age that they tell
	age, length, status []string
	again               atomic.Bool // there has been a hit with them
}

// show returns the fields of a hit at a given age.
func (p *Response) show(h *HTTPCache, age time.Duration) *shownHit {
	second := int64(max(0, age) / time.Second)
	if s := p.shown.Load(); s != nil && s.second == second {
		return s
	}
	plain := status{hit: true}
	seconds := strconv.FormatInt(second, 10)
	lines := make([]string, 2, 2+1+len(p.Header["Cache-Status"]))
	lines[0], lines[1] = seconds, strconv.Itoa(len(p.Body))
	lines = append(append(lines, p.Header["Cache-Status"]...), plain.line(h, p, age, ""))
	s := &shownHit{second: second, age: lines[0:1:1], length: lines[1:2:2], status: lines[2:len(lines):len(lines)]}
	p.shown.Store(s)
	return s
}

// send answers the request with a complete response: with all of it, a part, or
// the news that the client has it. others are fields that are not stored.
func (t *turn) send(p *Response, others http.Header, now time.Time) {
	age := p.age(now)
	shown := p.show(t.h, age)
	a := t.answer(p, shown)
	if t.prepared != nil && t.status == (status{hit: true}) {
		t.prepare(p, &a, shown, now)
	}
	h := t.w.Header()
	merge(h, a.header)
	if t.status.hit || t.status.collapsed || p.Age >= time.Second || t.status.forwardStatus == 0 {
		h["Age"] = shown.age
	}
	if others != nil {
		merge(h, others)
		if len(others["Age"]) == 0 && t.status.forwardStatus == 0 {
			h["Age"] = shown.age
		}
	}
	if t.status.hit && t.status.detail == "" && !t.h.cfg.ShowKey && !t.h.cfg.HideStatus {
		h["Cache-Status"] = shown.status
	} else {
		t.status.show(t, h, p, age)
	}
	a.write(t.w, t.r)
}

// An answer is what a request gets of a stored response.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	length  []string   // Content-Length
	coded   *codedBody // has the body, if that is coded
	coding  encode.Coding
	outcome outcome
	tag     []string // for a 304: the one of those that the client has
	ranges  []byteRange
	part    bool // of the body: ranges, which may be none
}

// answer finds what the request gets: by the conditions first, which hold for
// the response whatever its coding, then a part of the body as it is, then all
// of it in the coding that suits the client best.
func (t *turn) answer(p *Response, shown *shownHit) answer {
	a := answer{status: p.Status, header: p.Header, body: p.Body, length: shown.length}
	var negotiation encode.Negotiation
	plan := t.h.planOf(p)
	if plan != nil {
		negotiation = t.h.negotiate(t.r.Header["Accept-Encoding"])
		a.header = plan.Header(encode.Identity)
	}
	if p.Status == http.StatusOK && conditional(t.r.Header) {
		v, made := validatorsOf(p.Header), dateOf(p.Header, p.Received)
		if v.modified.IsZero() {
			v.modified = made // RFC 9111 §4.3.2
		}
		if lines := t.r.Header["If-None-Match"]; plan != nil && v.tagged && len(lines) > 0 {
			if tag, ok := negotiation.Match(lines, v.tag.String()); ok {
				v.tag, _ = httpfield.ParseTag(tag)
				a.tag = []string{tag}
			}
		}
		if a.outcome = v.evaluate(t.r); a.outcome != proceed {
			return a
		}
		if a.ranges, a.part = v.ranges(t.r, len(p.Body), made); a.part {
			return a
		}
	}
	if plan == nil {
		return a
	}
	if c := plan.Coding(t.r, negotiation); c != encode.Identity {
		if b := t.coded(p, c); b != nil {
			a.header, a.body, a.length = plan.Header(c), b.bytes, b.length
			a.coding, a.coded = c, b
		}
	}
	return a
}

// write sends the answer. Its header is that of w.
func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if a.tag != nil {
		h["Etag"] = a.tag
	}
	switch {
	case a.outcome.write(w, r):
		return
	case a.part:
		_ = serveRanges(w, r, a.body, a.ranges) // an error means that the client is gone
		return
	}
	if bodyAllowed(a.status) {
		h["Content-Length"] = a.length
	}
	w.WriteHeader(a.status)
	if len(a.body) > 0 && r.Method != http.MethodHead && bodyAllowed(a.status) {
		_, _ = w.Write(a.body)
	}
}

// conditional reports whether a request asks for anything but the whole.
func conditional(h http.Header) bool {
	return len(h["If-None-Match"]) > 0 || len(h["If-Modified-Since"]) > 0 || len(h["Range"]) > 0
}

// merge puts the fields of a response among those that are there. What stands
// around the cache may have added to Vary.
func merge(dst, src http.Header) {
	for name, lines := range src {
		if name == "Vary" {
			mergeVary(dst, lines)
			continue
		}
		dst[name] = lines
	}
}

func mergeVary(dst http.Header, lines []string) {
	if there := dst["Vary"]; len(there) > 0 {
		lines = append(there[:len(there):len(there)], lines...)
	}
	dst["Vary"] = lines
}

// updated is a stored header after the handler has said that the response is
// still good (RFC 9111 §3.2).
func updated(stored, news http.Header) http.Header {
	h := stored.Clone()
	delete(h, "Date") // or the response would be as old as before
	for name, lines := range news {
		switch name {
		case "Content-Length", "Content-Encoding", "Content-Range", "Content-Md5", "Etag":
			// They are about the bytes of the body, which have not changed.
		default:
			h[name] = lines
		}
	}
	return h
}

// canonicalise renames fields that were set under another spelling: a set-cookie
// must not go unseen.
func canonicalise(h http.Header) {
	for name, lines := range h {
		if canonical := http.CanonicalHeaderKey(name); canonical != name {
			delete(h, name)
			h[canonical] = append(h[canonical][:len(h[canonical]):len(h[canonical])], lines...)
		}
	}
}

func contentLength(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// bodyAllowed reports whether a response of that status can have a body (RFC
// 9110 §6.4.1).
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
