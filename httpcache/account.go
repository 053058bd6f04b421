package httpcache

import (
	"context"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// A request is one look-up in its ledger, whatever its answer was put together
// of and how often it had to ask: the way to a variant or to a coding is none of
// its own. So what came of it is entered here, and not by the cache.

// unaccounted returns the request's context without its ledger.
func (t *turn) unaccounted() context.Context {
	if t.account == nil {
		return t.r.Context()
	}
	return unaccounted{t.r.Context()}
}

type unaccounted struct{ context.Context }

func (u unaccounted) Value(key any) any {
	v := u.Context.Value(key)
	if _, ok := v.(*ledger.Ledger); ok {
		return nil
	}
	return v
}

// enterHit enters that a stored response is sent.
func (t *turn) enterHit(state freshness) {
	l := ledger.Lookups{Hits: 1}
	if state == allowed || state == background {
		l.Stale = 1
	}
	t.enter(l)
}

// enterWait enters that the request has waited for another's answer.
func (t *turn) enterWait() { t.enter(ledger.Lookups{Misses: 1}) }

// enterRun enters that the handler has run for the request.
func (t *turn) enterRun(took time.Duration) {
	t.enter(ledger.Lookups{Misses: 1, Loads: 1, LoadTime: max(0, took)})
}

func (t *turn) enter(l ledger.Lookups) {
	if t.account != nil {
		l.Name = t.h.cfg.Name
		t.account.AddLookups(l)
	}
}
