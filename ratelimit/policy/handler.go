package policy

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/hone-go/hone/internal/responsewriter"
	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/respond"
)

// Handler returns a handler that lets next serve what the table admits, and
// answers the rest itself: 429 with Retry-After to what the limits refuse, 503
// where the store is away and a policy fails closed, 500 where a callback
// failed, unless its error asks for another status as [respond.Error] says, and
// the EmptyStatus of a policy to who has no key. Answers to HEAD have no body.
//
// The fields of Config.Fields are in the header before next runs. So what next
// sets of them replaces ours, and what it adds to RateLimit and RateLimit-Policy
// makes a longer list. For a policy that is tried out there are none.
//
// Charges are settled when next returns or panics; a panic goes on with its
// stack. A hijacked connection has then given up its place, though it may go
// on.
func (t *Table) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.serve(w, r, next) })
}

func (t *Table) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	o := t.outcomes.Get().(*Outcome)
	if err := t.check(o, r); err != nil {
		named(r, o)
		t.release(o)
		t.fail(w, r, err)
		return
	}
	t.fields.Write(w.Header(), o.Quotas(), time.Now())
	switch {
	case !o.Allowed:
		defer t.release(o)
		named(r, o)
		t.refuse(w, r, o)
	case o.Pending():
		t.serveHeld(w, r, next, o)
	default:
		t.release(o)
		next.ServeHTTP(w, r)
	}
}

// named has the request measured under its route: one that is refused never
// comes to the router.
func named(r *http.Request, o *Outcome) {
	if o.Route != "" {
		measure.SetRoute(r.Context(), o.Route)
	}
}

// release clears an outcome, which holds keys, and keeps it for another
// request.
func (t *Table) release(o *Outcome) {
	clear(o.uses)
	clear(o.found)
	clear(o.quotas)
	clear(o.key)
	*o = Outcome{applied: o.applied[:0], uses: o.uses[:0], found: o.found[:0], key: o.key[:0], quotas: o.quotas[:0]}
	if cap(o.key) > maxKeyRoom {
		o.key = nil
	}
	t.outcomes.Put(o)
}

// maxKeyRoom is up to how many bytes the room for keys is kept. Not smaller:
// routes and digests fit. Not larger: a client can send keys of a megabyte.
const maxKeyRoom = 1 << 10

// serveHeld serves what is settled afterwards. The writer is not used again:
// a hijacked connection may still have it.
func (t *Table) serveHeld(w http.ResponseWriter, r *http.Request, next http.Handler, o *Outcome) {
	writer := new(responsewriter.Writer)
	writer.Init(w, nil)
	returned := false
	stop := o.Hold(r.Context())
	// Deferred, and without recover: a panic keeps its stack, and
	// runtime.Goexit is noticed as well.
	defer func() {
		stop()
		if returned {
			writer.Finish()
		}
		status := writer.Status()
		switch {
		case writer.Hijacked() && status == 0:
			status = http.StatusSwitchingProtocols
		case status == 0:
			status = http.StatusInternalServerError
		}
		if err := o.Settle(r.Context(), status, w.Header()); err != nil {
			t.tell(r.Context(), err)
		}
		t.release(o)
	}()
	next.ServeHTTP(writer, r)
	returned = true
}

// refuse answers what the limits refused.
func (t *Table) refuse(w http.ResponseWriter, r *http.Request, o *Outcome) {
	if o.empty != nil {
		respond.Error(unstored{w}, r, respond.Problemf(o.Status, "The request does not say who sends it."))
		return
	}
	t.fields.WriteRetryAfter(w.Header(), o.Status, o.RetryAfter(), time.Now())
	answer := t.config.Refuse
	if q := o.Decision.Closest(); q != nil && t.byRule[q.Rule].Refuse != nil {
		answer = t.byRule[q.Rule].Refuse
	}
	answer(w, r, slices.Clone(o.Quotas())) // it may keep them
}

// retryUnavailable is what clients are told while the store is away. Not
// shorter: they would come in vain. Not longer: recovery takes a second.
const retryUnavailable = time.Second

// fail answers where nothing could be decided.
func (t *Table) fail(w http.ResponseWriter, r *http.Request, err error) {
	var callback *CallbackError // which may have failed for any reason
	if errors.Is(err, ratelimit.ErrUnavailable) && !errors.As(err, &callback) {
		t.fields.WriteRetryAfter(w.Header(), http.StatusServiceUnavailable, retryUnavailable, time.Now())
		Unavailable(w, r)
		return
	}
	respond.Error(unstored{w}, r, err)
}
