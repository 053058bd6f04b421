package httpcache

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/hone-go/hone/cache"
)

// run runs the handler and answers the request.
func (t *turn) run(x *exchange) { t.encoding(func() { t.record(x) }) }

// record is run behind the encoder. What may be stored is recorded first and
// handed to the load, then sent: a client that reads slowly holds up nobody
// else. All other responses pass through as they are written.
func (t *turn) record(x *exchange) {
	rec := &recorder{turn: t, exchange: x, header: make(http.Header), asked: t.h.cache.Now()}
	ctx, cancel := rec.detach()
	defer cancel()
	defer rec.deliver(nil, errNotStored) // of a panic or Goexit: those who wait must not wait on
	if failed := rec.serve(t.toHandler(ctx)); failed {
		t.h.report(t.r.Context(), rec.failure)
		if x.lead != nil {
			rec.deliver(&Response{passing: true, id: newID(), Received: t.h.cache.Now()}, nil)
		} else {
			rec.deliver(nil, errNotStored)
		}
		t.standIn()
		return
	}
	rec.finish()
}

// detach returns the context for the handler. While others wait for the
// response, or it may be stored, that does not end when the client leaves.
func (rec *recorder) detach() (context.Context, context.CancelFunc) {
	ctx := rec.r.Context()
	if rec.exchange.lead == nil {
		return context.WithCancel(ctx)
	}
	detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
	left := func() {
		if ctx.Err() != nil && rec.delivered.Load() {
			cancel()
		}
	}
	stop1 := context.AfterFunc(ctx, left)
	rec.onDelivery = left
	stop2 := context.AfterFunc(rec.exchange.ctx, func() { // the load has ended, or its time is up
		if rec.delivered.Store(true); ctx.Err() != nil {
			cancel()
		}
	})
	return detached, func() { stop1(); stop2(); cancel() }
}

// serve runs the handler. A panic passes, unless a stale response stands in
// for what was not sent yet. What a router finds reaches the layers outside.
func (rec *recorder) serve(r *http.Request) (failed bool) {
	defer func() {
		rec.r.Pattern, rec.r.MultipartForm = r.Pattern, r.MultipartForm
		rec.enterRun(rec.h.cache.Now().Sub(rec.asked))
	}()
	defer func() {
		if !rec.mayServe || rec.sent() {
			return
		}
		if p := recover(); p != nil {
			failed = true
			rec.failure = &cache.PanicError{In: "the handler", Value: p, Stack: debug.Stack()}
		}
	}()
	rec.next.ServeHTTP(rec, r)
	if rec.state == unheard {
		rec.WriteHeader(http.StatusOK)
	}
	if rec.state == replaced {
		rec.failure = fmt.Errorf("httpcache: a stale response was served because the handler answered %d", rec.status)
		return true
	}
	return false
}

// toHandler returns the request as the handler is to see it: without what is
// not part of the key, with the conditions of the stored response, and without
// the client's, as others may get the response too. Only where the last one was
// for nobody else do those stay: the handler's own 304 saves its work.
func (t *turn) toHandler(ctx context.Context) *http.Request {
	r := t.r.WithContext(ctx)
	if query := t.policy.Query.visible(r.URL.RawQuery); query != r.URL.RawQuery {
		u := *r.URL
		u.RawQuery = query
		r.URL = &u
	}
	validate := t.old != nil && t.old.validators()
	conditional := len(r.Header["If-None-Match"])+len(r.Header["If-Modified-Since"])+len(r.Header["If-Range"]) > 0
	if !validate && (!conditional || t.unstorable) {
		return r
	}
	r.Header = r.Header.Clone()
	for _, name := range [...]string{"If-None-Match", "If-Modified-Since", "If-Range"} {
		delete(r.Header, name)
	}
	if validate {
		if tag := t.old.Header["Etag"]; len(tag) > 0 {
			r.Header["If-None-Match"] = tag[:1:1]
		}
		if modified := t.old.Header["Last-Modified"]; len(modified) > 0 {
			r.Header["If-Modified-Since"] = modified[:1:1]
		}
	}
	return r
}

// finish makes a response of what was recorded, hands it to those who wait,
// and sends it.
func (rec *recorder) finish() {
	t, x := rec.turn, rec.exchange
	if rec.state == passed {
		return
	}
	body, complete := rec.body, true
	if rec.state == confirming {
		body = t.old.Body
	} else if length, err := strconv.Atoi(rec.header.Get("Content-Length")); err == nil {
		complete = length == len(body)
	}
	if !complete || rec.hasTrailer() {
		rec.refuse(reasonIncomplete)
		return
	}
	p, others := rec.response(body)
	reason := rec.verdict.reason
	if reason == "" {
		reason = rec.filter(p)
	}
	switch {
	case rec.shared():
		p.passing, p.body = true, bodyID{}
		rec.deliver(p, nil)
		t.status.detail = reason
	case reason != "":
		rec.deliver(nil, errNotStored)
		t.status.detail, p.body = reason, bodyID{}
	default:
		t.place(p, x)
		rec.deliver(p, nil)
		if x.found != nil {
			<-x.found // it is stored then: who asks after this answer finds it
		}
		t.status.stored = true
	}
	if rec.state == spilled {
		return
	}
	t.status.forwardStatus = rec.status
	t.send(p, others, t.h.cache.Now())
}

// standIn answers with the stale response, as the handler fails.
func (t *turn) standIn() {
	t.status.detail = "stale-if-error"
	t.send(t.old, nil, t.h.cache.Now())
}

// response makes the response that is kept.
func (rec *recorder) response(body []byte) (p *Response, others http.Header) {
	v := rec.verdict
	p = &Response{
		Status: rec.status, Body: body, Received: rec.received, Age: rec.age, Lifetime: v.lifetime,
		Took: rec.received.Sub(rec.asked), rules: v.rules, vary: v.vary, keep: v.keep, id: newID(), pattern: rec.r.Pattern,
	}
	_, _ = rand.Read(p.body[:]) // never fails
	p.Header, others = storedHeader(rec.header, v.private)
	if rec.state == confirming {
		p.Status, p.body = rec.old.Status, rec.old.body
		p.Took = max(p.Took, rec.old.Took)
	}
	if len(p.Header["Date"]) == 0 {
		p.Header["Date"] = []string{rec.received.UTC().Format(http.TimeFormat)}
	}
	if len(body) > 0 && len(p.Header["Content-Type"]) == 0 && len(p.Header["Content-Encoding"]) == 0 {
		p.Header["Content-Type"] = []string{http.DetectContentType(body)} // as net/http does with what is written
	}
	p.variant = variantOf(p.vary, rec.r)
	return p, others
}

func newID() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// filter returns why a complete response is not stored, or "".
func (rec *recorder) filter(p *Response) string {
	t := rec.turn
	var ok bool
	if p.tags, ok = t.tagsOf(p, rec.header); !ok {
		return reasonTags
	}
	if t.policy.Keep != nil && !ask(t.view, t.r, "Keep", false, func() bool { return t.policy.Keep(t.r, p) }) {
		return reasonFilter
	}
	return ""
}

// place finds the key of a response. If that is not the one which was asked
// for, or the request did so alone, it is stored here, as of before the handler
// ran.
func (t *turn) place(p *Response, x *exchange) {
	k, ctx := t.key, context.WithoutCancel(t.r.Context())
	k.Place = 0
	if len(p.vary) > 0 {
		k.Place = placeOf(p.vary, p.variant, uint32(t.policy.MaxVariants))
	}
	p.place = k.Place
	if x.lead == nil && !x.loading || k != t.key {
		t.set(ctx, k, p, x.moment)
	}
	if k.Place != 0 && (k != t.key || !t.marked.outlives(p)) {
		marker := &Response{marker: true, id: newID(), Received: p.Received, vary: p.vary, keep: markerLives * p.keep, tags: p.tags}
		k.Place = 0
		t.set(ctx, k, marker, x.moment)
	}
}

// markerLives is how many lives of the variant that it was made for a URL is
// known to vary, as long as no later one needs it longer. Not 1: each variant
// that is stored would have it stored anew. Not more: it outlives them all by
// one of their lives.
const markerLives = 2

// outlives reports whether a marker, which may be none, is there as long as a
// variant that is found by it.
func (p *Response) outlives(variant *Response) bool {
	return p != nil && !p.Received.Add(p.keep).Before(variant.Received.Add(variant.keep))
}

func (t *turn) set(ctx context.Context, k key, p *Response, since cache.Moment) {
	if err := t.h.store.SetSince(ctx, k, p, since); err != nil && !errors.Is(err, cache.ErrUnavailable) {
		t.h.report(ctx, fmt.Errorf("httpcache: storing a response: %w", err))
	}
}
