package httpcache

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/internal/responsewriter"
)

// A recorder is what the handler writes to. When the header is complete it
// decides what becomes of the response.
type recorder struct {
	*turn
	exchange *exchange
	header   http.Header // the handler's own: what is around it is not stored
	ttl      *time.Duration

	state      recording
	known      bool // the client has the body: it was sent a 304
	status     int
	verdict    verdict
	body       []byte
	asked      time.Time
	received   time.Time
	age        time.Duration
	failure    error
	slow       *time.Timer
	delivered  atomic.Bool
	onDelivery func()
}

// recording says what becomes of what the handler writes.
type recording uint8

const (
	unheard    recording = iota
	recorded             // it may be stored
	spilled              // it may be stored, and is sent as it comes: the handler has flushed
	confirming           // a 304 to the conditions of the stored response
	replaced             // an error, for which a stale response stands in
	passed               // it goes straight to the client
)

// sent reports whether the client has got something already.
func (rec *recorder) sent() bool { return rec.state == spilled || rec.state == passed }

func (rec *recorder) Header() http.Header {
	if rec.state == passed {
		return rec.w.Header() // for trailers
	}
	return rec.header
}

// Unwrap returns the writer underneath, for [http.ResponseController].
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.w }

func (rec *recorder) WriteHeader(status int) {
	if rec.state != unheard {
		return
	}
	if status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols {
		merge(rec.w.Header(), rec.header)
		rec.w.WriteHeader(status)
		return
	}
	rec.status, rec.received = status, rec.h.cache.Now()
	canonicalise(rec.header)
	if rec.old != nil && status == http.StatusNotModified && rec.old.validators() {
		rec.header = updated(rec.old.Header, rec.header)
		rec.decide(rec.old.Status, confirming)
		return
	}
	if rec.mayServe && failure[status] {
		rec.state = replaced
		return
	}
	rec.decide(status, recorded)
}

// failure are the statuses that stale-if-error is about (RFC 5861 §4).
var failure = map[int]bool{500: true, 502: true, 503: true, 504: true}

// decide judges the response. One that is not to be stored passes from now on.
func (rec *recorder) decide(status int, next recording) {
	rec.age = initialAge(rec.header, dateOf(rec.header, rec.received), rec.asked, rec.received)
	c := candidate{
		request: rec.r, owned: rec.owned, status: status, header: rec.header, ttl: unset, received: rec.received, age: rec.age,
	}
	if rec.ttl != nil {
		c.ttl = *rec.ttl
	}
	rec.verdict = rec.policy.judge(c)
	if rec.verdict.reason == "" && rec.tooLarge(contentLength(rec.header)) {
		rec.verdict.reason = reasonTooLarge
	}
	rec.state = next
	switch {
	case next == confirming: // the body is there: it is sent, stored or not
		return
	case rec.shared():
		return
	case rec.verdict.reason != "":
		rec.refuse(rec.verdict.reason)
	}
}

// shared reports whether the response goes to all who wait for it although it
// is not stored: an error of the server's that says nothing of who asks. A
// handler that fails is not asked once more by each of them, at the worst time.
func (rec *recorder) shared() bool {
	return rec.status >= 500 && rec.verdict.reason == reasonStatus && rec.exchange.lead != nil
}

func (rec *recorder) tooLarge(size int64) bool { return size > rec.policy.MaxBody }

// refuse lets those who wait go, and sends what there is. The rest passes.
func (rec *recorder) refuse(reason string) {
	rec.deliver(nil, errNotStored)
	if rec.state != spilled {
		rec.turn.status.detail = reason
		rec.open()
	}
	rec.state, rec.body = passed, nil
}

// open sends the header and what has been recorded; or, if what the response
// is recognised by meets the client's conditions, which the handler may not have
// seen, a 304.
func (rec *recorder) open() {
	h := rec.w.Header()
	merge(h, rec.header)
	rec.turn.status.forwardStatus = rec.status
	rec.turn.status.show(rec.turn, h, nil, 0)
	rec.known = rec.status == http.StatusOK && validatorsOf(rec.header).evaluate(rec.r).write(rec.w, rec.r)
	if rec.known {
		return
	}
	rec.w.WriteHeader(rec.status)
	if len(rec.body) > 0 {
		_, _ = rec.w.Write(rec.body) // what is written next fails too
	}
}

// forward sends a part of the body.
func (rec *recorder) forward(p []byte) (int, error) {
	if rec.known {
		return len(p), nil
	}
	return rec.w.Write(p)
}

func (rec *recorder) Write(p []byte) (int, error) {
	if rec.state == unheard {
		rec.sniff(p)
		rec.WriteHeader(http.StatusOK)
	}
	switch rec.state {
	case passed:
		return rec.forward(p)
	case replaced, confirming:
		return len(p), nil
	}
	if !bodyAllowed(rec.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if rec.tooLarge(int64(len(rec.body) + len(p))) {
		rec.refuse(reasonTooLarge)
		return rec.forward(p)
	}
	rec.body = append(rec.body, p...)
	if rec.state == spilled {
		return rec.forward(p)
	}
	return len(p), nil
}

// sniff sets the type of a body as net/http would: what is judged must have it.
func (rec *recorder) sniff(p []byte) {
	_, typed := rec.header["Content-Type"]
	if !typed && len(p) > 0 && rec.header.Get("Content-Encoding") == "" {
		rec.header["Content-Type"] = []string{http.DetectContentType(p)}
	}
}

// FlushError sends what there is. Those who wait for the response are let go
// if the client takes too long to read it.
func (rec *recorder) FlushError() error {
	if rec.state == unheard {
		rec.WriteHeader(http.StatusOK)
	}
	switch rec.state {
	case replaced, confirming:
		return nil
	case recorded:
		if rec.shared() { // those who wait would wait for a stream that is not for them
			rec.refuse(reasonStatus)
			break
		}
		rec.state = spilled
		rec.open()
		rec.slow = time.AfterFunc(slowReader, func() { rec.hand(nil, errNotStored) })
	}
	return http.NewResponseController(rec.w).Flush()
}

// slowReader is how long others wait for a response that is sent to one as it
// comes. Not longer: that one may read a byte a minute. Not shorter: a page
// that is written in parts takes as long.
const slowReader = 2 * time.Second

// Flush implements [http.Flusher].
func (rec *recorder) Flush() { _ = rec.FlushError() }

// Hijack takes the connection over: there is no response then.
func (rec *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if rec.state != unheard {
		return nil, nil, http.ErrHijacked
	}
	conn, buf, err := http.NewResponseController(rec.w).Hijack()
	if err == nil {
		rec.deliver(nil, errNotStored)
		rec.state = passed
	}
	return conn, buf, err
}

// CloseNotify tells when the client has left, for those who insist on it.
func (rec *recorder) CloseNotify() <-chan bool { return responsewriter.CloseNotify(rec.w) }

// deliver hands the result to the load. The first one counts.
func (rec *recorder) deliver(p *Response, err error) {
	if rec.slow != nil {
		rec.slow.Stop()
	}
	rec.hand(p, err)
	if rec.onDelivery != nil {
		rec.onDelivery()
	}
}

// hand is the part of deliver that may run on any goroutine.
func (rec *recorder) hand(p *Response, err error) {
	select {
	case rec.exchange.result <- result{p, err}:
	default:
	}
	rec.delivered.Store(true)
}

// hasTrailer reports whether the handler has set one without announcing it.
func (rec *recorder) hasTrailer() bool {
	for name := range rec.header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}
