package policy

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/ratelimit"
)

// Check decides on a request, and charges it if it is admitted: it is the whole
// of [Table.Handler] but the HTTP. Whoever calls it calls [Outcome.Settle] once
// the request has been served.
//
// An error means that nothing could be decided, and that nothing is charged: a
// [*CallbackError], one that matches [ratelimit.ErrUnavailable] if the store is
// away and a policy fails closed, or that of the request's context.
//
// Cost: at most one round trip, whatever the number of policies; one more for
// each policy with Breaches that refuses, and another as that begins a ban.
func (t *Table) Check(r *http.Request) (*Outcome, error) {
	o := new(Outcome)
	if err := t.check(o, r); err != nil {
		return nil, err
	}
	return o, nil
}

func (t *Table) check(o *Outcome, r *http.Request) error {
	o.table = t
	if err := t.gather(o, r); err != nil {
		if left := r.Context().Err(); left == nil || !errors.Is(err, left) {
			t.tell(r.Context(), err)
		}
		return err
	}
	if o.empty != nil {
		o.Status = o.empty.EmptyStatus
		return nil
	}
	d, err := t.limiter.Take(r.Context(), o.uses...)
	if err != nil {
		t.undecided(r.Context(), o, err)
		return err
	}
	o.Decision, o.Allowed = d, d.Allowed
	if !o.Allowed {
		o.Status = http.StatusTooManyRequests
	}
	t.report(r.Context(), o)
	t.chargeBreaches(r.Context(), o)
	return nil
}

// gather finds what is to be charged.
func (t *Table) gather(o *Outcome, r *http.Request) error {
	_, reason, err := t.locate(o, r)
	if err != nil || reason != "" {
		return err
	}
	for _, a := range o.applied {
		why, err := t.add(o, r, a)
		if err != nil && a.rule.DryRun {
			t.tell(r.Context(), err)
			continue
		}
		if err != nil {
			return err
		}
		if why == emptyRefused {
			t.reportEmpty(r.Context(), o, a.rule)
		}
		if o.empty != nil {
			return nil
		}
	}
	return nil
}

// Why a policy charges nothing.
const (
	selfExempt   = "its ExemptWhen says so"
	emptyExempt  = "the key is empty, and OnEmptyKey exempts"
	emptyRefused = "the key is empty, and OnEmptyKey refuses"
)

// locate finds the policies that apply, or the reason why none does.
func (t *Table) locate(o *Outcome, r *http.Request) (p *place, exempt string, err error) {
	if t.config.Preflights == Exempt && isPreflight(r) {
		return t.outside, "a CORS preflight", nil
	}
	p = t.placeOf(r)
	if p.exempt {
		return p, "the group is exempt", nil
	}
	if free, err := callExempt("", t.config.ExemptWhen, r); err != nil {
		return p, "", err
	} else if free {
		return p, "Config.ExemptWhen says so", nil
	}
	if t.config.Route != nil {
		err := guard("", "Route", func() error { o.Route = t.config.Route(r); return nil })
		if err != nil {
			return p, "", err
		}
	}
	o.applied = t.appendApplied(o.applied, p, r.Method, o.Route)
	return p, "", nil
}

// callExempt calls an ExemptWhen, if there is one.
func callExempt(policy string, f func(*http.Request) (bool, error), r *http.Request) (free bool, err error) {
	if f == nil {
		return false, nil
	}
	err = guard(policy, "ExemptWhen", func() error { free, err = f(r); return err })
	return free, err
}

// add appends what a policy wants to be charged, or says why it wants nothing.
func (t *Table) add(o *Outcome, r *http.Request, a applied) (why string, err error) {
	p := a.rule
	if free, err := callExempt(p.Name, p.ExemptWhen, r); err != nil {
		return "", err
	} else if free {
		return selfExempt, nil
	}
	bucket, client, err := o.bucket(r, a)
	if err != nil {
		return "", err
	}
	if client == "" {
		switch p.OnEmptyKey {
		case ExemptEmpty:
			return emptyExempt, nil
		case RefuseEmpty:
			if !p.DryRun {
				o.empty = p
			}
			return emptyRefused, nil
		}
	}
	limits, err := p.planOf(r, client)
	if err != nil {
		return "", err
	}
	cost, err := p.costOf(r)
	if err != nil {
		return "", err
	}
	use := ratelimit.Use{Rule: p.limits, Key: bucket, Cost: cost}
	if limits != p.fixed {
		use.Limits = limits.limits
	}
	o.uses = append(o.uses, use)
	o.found = append(o.found, found{rule: p, plan: limits, scope: a.scope, client: client})
	if p.breaches != nil {
		// Behind the limits: of refusals that the limiter remembers it looks at
		// the last use first, and a ban is the longer one.
		key := BucketKey(scopeBreaches, "", client)
		o.uses = append(o.uses, ratelimit.Use{Rule: p.breaches, Key: key, Cost: 1, Check: true})
		o.found = append(o.found, found{rule: p, plan: p.banned, ban: true, scope: scopeBreaches, client: client})
	}
	return "", nil
}

// bucket returns the key of the bucket, and at its end that of the client,
// in one allocation.
func (o *Outcome) bucket(r *http.Request, a applied) (bucket, client string, err error) {
	p := a.rule
	dst := o.key[:0]
	if a.scope != "" {
		dst = appendPart(dst, a.scope)
	} else {
		dst = appendPart(dst, routeScope(o.Route))
	}
	dst = appendPart(dst, p.bucketMethod(r.Method))
	start := len(dst)
	err = guard(p.Name, "Key", func() (err error) { dst, err = p.Key.add(dst, r); return err })
	o.key = dst
	if err != nil {
		return "", "", err
	}
	bucket = string(dst)
	return bucket, bucket[start:], nil
}

// routeScope names the bucket of a route, or of requests without one.
func routeScope(route string) string {
	if route == "" {
		return scopeUnmatched
	}
	return scopeRoute + route
}

func (r *rule) costOf(req *http.Request) (cost int64, err error) {
	if r.Cost == nil {
		return 1, nil
	}
	err = guard(r.Name, "Cost", func() (err error) {
		if cost, err = r.Cost(req); err == nil && (cost < 0 || cost > ratelimit.MaxAmount) {
			err = fmt.Errorf("%w: %d, want 0 to %d", ratelimit.ErrCost, cost, ratelimit.MaxAmount)
		}
		return err
	})
	return cost, err
}

// reportEmpty tells that a policy refused for want of a key.
func (t *Table) reportEmpty(ctx context.Context, o *Outcome, p *rule) {
	if account := ledger.From(ctx); account != nil {
		account.AddVerdict(p.Name, true, p.DryRun, false)
	}
	t.decided(ctx, Verdict{Route: o.Route, Policy: p.Name, DryRun: p.DryRun, EmptyKey: true})
}

func (t *Table) decided(ctx context.Context, v Verdict) {
	if t.config.OnDecision != nil {
		t.config.OnDecision(ctx, v)
	}
}

// undecided reports that the limiter gave no decision.
func (t *Table) undecided(ctx context.Context, o *Outcome, err error) {
	if !errors.Is(err, ratelimit.ErrUnavailable) {
		if ctx.Err() == nil {
			t.tell(ctx, err)
		}
		return
	}
	for _, f := range o.found { // the limiter itself has told of the store
		if !f.ban && f.rule.OnStoreError == ratelimit.FailClosed {
			t.decided(ctx, Verdict{Route: o.Route, Policy: f.rule.Name, Source: ratelimit.FromPolicy, DryRun: f.rule.DryRun})
		}
	}
}

// report tells what each rule decided.
func (t *Table) report(ctx context.Context, o *Outcome) {
	if t.config.OnDecision == nil {
		return
	}
	for i, f := range o.found {
		v := Verdict{Route: o.Route, Policy: o.uses[i].Rule.Name(), Allowed: true, DryRun: f.rule.DryRun}
		governing := o.governing(o.uses[i].Rule)
		if governing == nil {
			continue
		}
		v.Allowed, v.Source = governing.Allowed, governing.Source
		if !f.ban || !v.Allowed {
			t.decided(ctx, v)
		}
	}
}
