package httpcache

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/cache"
)

// An exchange is what the cache's load of a key and the request that caused it
// have to tell each other. The handler runs on the request's goroutine, so that
// what is not to be stored goes straight to the client, and the load waits for
// it; if the request has left, or never waited, it runs on that of the load.
type exchange struct {
	turn    *turn
	claimed atomic.Bool     // by the load, for the request to run the handler; or by the request, to leave
	lead    chan struct{}   // closed: the request is to run the handler
	result  chan result     // what came of it; has room for it
	moment  cache.Moment    // when the load began
	found   chan *Response  // what the load, or another's, brought; nil: nothing for this request
	ctx     context.Context // of the load
	loading bool            // there is a load although no request waits for the lead
}

// A result is what came of running the handler. The error says that nothing is
// stored.
type result struct {
	response *Response
	err      error
}

type exchangeKey struct{}

// withBackground is the context for fetching a response anew in the background.
// The request will be over then: a copy of it is used.
func withBackground(t *turn, old *Response) context.Context {
	r := t.r.Clone(context.WithoutCancel(t.r.Context()))
	r.Method, r.Body = http.MethodGet, http.NoBody
	b := &turn{view: t.view, next: t.next, r: r, key: t.key, owned: t.owned, demand: noDemand, old: old, marked: t.marked, mayServe: true}
	x := &exchange{turn: b}
	x.claimed.Store(true)
	return context.WithValue(r.Context(), exchangeKey{}, x)
}

// fetch has the handler run for all that wait for the key, and answers the
// request, or reports false if what it brought is not for this one.
func (t *turn) fetch() bool {
	asked := t.h.cache.Now()
	if t.r.Context().Err() != nil { // nothing is begun for who has no time to wait for it
		return t.share(nil, asked)
	}
	own := *t // the request may go on alone while the load looks at it
	own.r = t.r.Clone(t.r.Context())
	own.account = nil
	x := &exchange{turn: &own, lead: make(chan struct{}), result: make(chan result, 1), found: make(chan *Response, 1)}
	ctx := context.WithValue(t.unaccounted(), exchangeKey{}, x)
	k, old, store := t.key, t.old, t.h.store
	go func() { // it ends with the request's context, or the load
		var p *Response
		var err error
		if old == nil {
			p, _, err = store.Get(ctx, k)
		} else {
			p, _, err = store.Renew(ctx, k, unlike(old))
		}
		if err != nil {
			p = nil
		}
		x.found <- p
	}()
	select {
	case <-x.lead:
		t.run(x)
		return true
	case p := <-x.found:
		return t.share(p, asked)
	case <-t.r.Context().Done():
		if !x.claimed.CompareAndSwap(false, true) {
			<-x.lead
			t.run(x)
			return true
		}
		return t.share(nil, asked)
	}
}

// share answers the request, which began to wait at a given time, with what
// another's fetch brought. It reports false if that is not for this request, or
// was stored before it came and not known of here.
func (t *turn) share(p *Response, asked time.Time) bool {
	switch {
	case errors.Is(t.r.Context().Err(), context.Canceled):
		return true // nobody is there to answer
	case p == nil, t.r.Context().Err() != nil:
		t.unstorable = t.old == nil
		t.direct() // the handler knows what to say when its time is up
		return true
	case p.Received.Before(asked):
		if !p.passing {
			t.status.forward = "" // it is found now
		}
		return false
	case p.passing:
		return t.sharePassing(p)
	case p.marker || !p.selectedBy(t.r):
		return false
	}
	now := t.h.cache.Now()
	d := t.demand
	d.noCache = false // it was fetched for this request too
	if state := p.judge(now, d, func(_, _ time.Duration) bool { return false }); state > background || t.authorized && !p.rules.authorized {
		t.old, t.mayServe = p, state == outdated
		t.direct()
		return true
	}
	t.enterWait()
	t.hit(p, now)
	return true
}

// sharePassing answers the request with a failure of the handler's for which it
// has waited: with the stale response if that may stand in, or else with the
// same answer as the others.
func (t *turn) sharePassing(p *Response) bool {
	switch {
	case t.old != nil && t.mayServe:
		t.status.collapsed = true
		t.enterWait()
		t.standIn()
	case p.Status == 0 || !p.selectedBy(t.r):
		t.direct()
	default:
		t.enterWait()
		t.encoding(func() { t.hit(p, t.h.cache.Now()) })
	}
	return true
}

// direct runs the handler for this request alone. Its response may be stored
// all the same.
func (t *turn) direct() {
	if t.r.Method == http.MethodHead || t.demand.noStore || len(t.r.Header["Range"]) > 0 {
		t.old = nil
		t.pass(t.status)
		return
	}
	x := &exchange{turn: t, result: make(chan result, 1), ctx: t.r.Context()}
	x.begin(x.ctx)
	t.run(x)
}

// load is what the cache calls for a key that is to be fetched.
func (h *HTTPCache) load(ctx context.Context, k key) (*Response, error) {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	if x == nil {
		return nil, errors.New("httpcache: nobody to ask")
	}
	x.begin(ctx)
	if x.lead == nil || !x.claimed.CompareAndSwap(false, true) {
		return x.runInBackground(ctx)
	}
	x.ctx = ctx
	close(x.lead)
	select {
	case r := <-x.result:
		return r.response, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begin notes what is true before the handler runs.
func (x *exchange) begin(ctx context.Context) {
	var err error
	if x.moment, err = x.turn.h.store.Moment(ctx); err != nil {
		x.moment = cache.Moment{} // older than all that may be invalidated since
	}
}

// runInBackground runs the handler where nobody waits for what it writes.
func (x *exchange) runInBackground(ctx context.Context) (*Response, error) {
	t := *x.turn
	t.w = &nowhere{header: make(http.Header)}
	t.r = t.r.WithContext(ctx)
	t.r.Body = http.NoBody
	b := &exchange{turn: &t, moment: x.moment, result: make(chan result, 1), ctx: ctx, loading: true}
	if _, err := guard("the handler, in the background", func() bool { t.record(b); return true }); err != nil {
		t.h.report(ctx, err)
		return nil, err
	}
	r := <-b.result
	return r.response, r.err
}

// nowhere is where a response goes that nobody waits for.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(int)             {}
