package httpcache

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// A turn is the answering of one request.
type turn struct {
	*view
	next http.Handler
	w    http.ResponseWriter
	r    *http.Request

	key        key
	owned      bool // the key is its owner's
	authorized bool // there is an Authorization, and no owner
	demand     demand
	status     status
	old        *Response // to be validated
	marked     *Response // the marker that told of the variants
	mayServe   bool      // old, if the handler fails
	unstorable bool      // the last response was for nobody else
	added      []string  // tags, by AddTags
	account    *ledger.Ledger
}

func (t *turn) serve() {
	switch t.r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions, http.MethodTrace:
		t.pass(status{forward: forwardMethod})
		return
	default:
		t.unsafe()
		return
	}
	if detail := t.bypass(); detail != "" {
		t.pass(status{forward: forwardBypass, detail: detail})
		return
	}
	if !t.policy.IgnoreRequest {
		t.demand = demandOf(t.r.Header)
	} else {
		t.demand = noDemand
	}
	if t.policy.Fresh != nil && ask(t.view, t.r, "Fresh", true, func() bool { return t.policy.Fresh(t.r) }) {
		t.demand.noCache = true
	}
	// A response that is there for another variant, or ages while it is
	// awaited, sends the request back here. Some such pass: they are as many as
	// the fetches that a request waits for in vain.
	for range maxFetches {
		if t.attempt() {
			return
		}
	}
	t.direct()
}

const maxFetches = 3

// bypass returns why the cache has nothing to do with a request, or "". It
// makes the key.
func (t *turn) bypass() string {
	r := t.r
	switch {
	case r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody:
		return "request-body"
	case len(r.Header["Upgrade"]) > 0:
		return "upgrade"
	case len(r.Header["If-Match"]) > 0, len(r.Header["If-Unmodified-Since"]) > 0:
		return "precondition" // it is about the resource, not about what is stored (RFC 9111 §4.3.2)
	case t.policy.Unless != nil && ask(t.view, r, "Unless", true, func() bool { return t.policy.Unless(r) }):
		return "unless"
	}
	var ok bool
	made := func() bool { t.key, ok = t.policy.keyOf(r); return true }
	if t.policy.Owner.of == nil {
		made()
	} else if !ask(t.view, r, "Owner", false, made) || !ok {
		return "owner"
	}
	t.owned = t.key.Owner != ""
	t.authorized = !t.owned && len(r.Header["Authorization"]) > 0
	if lines := r.Header["Cookie"]; len(lines) > 0 && !t.owned {
		if !t.policy.harmless(lines) {
			return "cookie"
		}
		t.status.detail = "cookies-ignored"
	}
	return ""
}

// harmless reports whether all cookies are declared so. It does not decode
// anything: what it does not recognise is not harmless.
func (p *Policy) harmless(lines []string) bool {
	if len(p.Cookies) == 0 {
		return false
	}
	for _, line := range lines {
		for name := range cookieNames(line) {
			if !matches(p.Cookies, name) {
				return false
			}
		}
	}
	return true
}

// attempt answers the request with what is stored, or with what is fetched
// now. It reports false if what was fetched is not for this request.
func (t *turn) attempt() bool {
	p := t.look()
	now := t.h.cache.Now()
	t.old, t.mayServe, t.unstorable = nil, false, false
	state := strict
	if p != nil {
		if t.authorized && !p.rules.authorized {
			t.status.forward = forwardMiss
			t.direct()
			return true
		}
		switch state = p.judge(now, t.demand, t.dueEarly); state {
		case fresh, allowed:
			t.enterHit(state)
			t.hit(p, now)
			return true
		case early, background:
			if t.status.forward == "" {
				t.h.store.RenewLater(withBackground(t, p), t.key, unlike(p))
			}
			t.enterHit(state)
			t.hit(p, now)
			return true
		}
		t.old, t.mayServe = p, state == outdated
		t.status.forward = forwardStale
		if p.age(now) < p.Lifetime {
			t.status.forward = forwardRequest
		}
	}
	switch {
	case t.demand.onlyIfCached:
		t.status.show(t, t.w.Header(), nil, 0)
		http.Error(t.w, http.StatusText(http.StatusGatewayTimeout), http.StatusGatewayTimeout)
		return true
	case t.mustGoAlone():
		t.direct()
		return true
	}
	return t.fetch()
}

// mustGoAlone reports whether the response to this request is for no other.
func (t *turn) mustGoAlone() bool {
	return t.authorized || t.r.Method == http.MethodHead || t.demand.noStore || len(t.r.Header["Range"]) > 0 ||
		t.old != nil && t.old.rules.noCache
}

// look returns the stored response that the request selects, and sets the key
// to where it is, or belongs.
func (t *turn) look() *Response {
	t.key.Place, t.marked = 0, nil
	ctx, reason := t.unaccounted(), forwardMiss
	p, _ := t.h.store.Look(ctx, t.key)
	if p != nil && p.marker {
		reason, t.marked = forwardVaryMiss, p
		t.key.Place = placeOf(p.vary, variantOf(p.vary, t.r), uint32(t.policy.MaxVariants))
		p, _ = t.h.store.Look(ctx, t.key)
	}
	if p == nil || !p.selectedBy(t.r) {
		t.status.setForward(reason)
		return nil
	}
	return p
}

// unlike says that any response but p will do.
func unlike(p *Response) func(*Response) bool {
	return func(other *Response) bool { return other.id != p.id }
}

// errNotStored is what a load returns that has nothing for others.
var errNotStored = errors.New("httpcache: the response cannot be stored")

// pass has the handler answer as if there were no cache.
func (t *turn) pass(s status) {
	t.status = s
	t.status.show(t, t.w.Header(), nil, 0)
	t.encoding(func() { t.next.ServeHTTP(t.w, t.r) })
}

// hit answers with a stored response.
func (t *turn) hit(p *Response, now time.Time) {
	t.status.hit = t.status.forward == ""
	t.status.collapsed = !t.status.hit
	if t.r.Pattern == "" {
		t.r.Pattern = p.pattern
	}
	t.send(p, nil, now)
}

// cookieNames yields the names in a Cookie field.
func cookieNames(line string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for rest := line; rest != ""; {
			var pair string
			pair, rest, _ = strings.Cut(rest, ";")
			if pair = strings.TrimSpace(pair); pair != "" && !yield(parameterName(pair)) {
				return
			}
		}
	}
}
