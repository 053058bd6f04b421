package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// An Explanation is what a table would do with a request. It can be printed as
// text, and as JSON. It holds no key: only enough of their digests to see which
// are the same.
type Explanation struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	// Route is what Config.Route says, "" for none.
	Route string `json:"route"`
	// Group is the pattern that the request matched, "" for none.
	Group string `json:"group"`
	// Exempt says why nothing applies, if so.
	Exempt string `json:"exempt,omitempty"`
	// Status is that of the answer, or 0 if the request would be admitted.
	Status int `json:"status"`
	// RetryAfter is how long until it would be, in nanoseconds;
	// [ratelimit.Never] if it never will.
	RetryAfter time.Duration `json:"retry_after_ns,omitempty"`
	// Error says what failed. What the callback or the store said of it is
	// told to OnError only.
	Error string `json:"error,omitempty"`
	// Policies are all policies: those that apply in their order, then the
	// others.
	Policies []ExplainedPolicy `json:"policies"`
}

// An ExplainedPolicy is what one policy has to do with a request.
type ExplainedPolicy struct {
	Name string `json:"name"`
	// Applies reports whether it counts the request, and Why says why not.
	Applies bool   `json:"applies"`
	Why     string `json:"why,omitempty"`
	// Scope is whose bucket it is: "application", "route …", "group …",
	// "scope …", "unmatched". With the key it makes a [BucketKey].
	Scope string `json:"scope,omitempty"`
	// Method is that which the bucket is for, if the policy counts by method.
	Method string `json:"method,omitempty"`
	// Key says whom the policy counts, and Digest is the beginning of the
	// SHA-256 of this client's key, "empty" if that is empty.
	Key    string           `json:"key,omitempty"`
	Digest string           `json:"digest,omitempty"`
	Cost   int64            `json:"cost,omitempty"`
	DryRun bool             `json:"dry_run,omitempty"`
	Limits []ExplainedLimit `json:"limits,omitempty"`
}

// An ExplainedLimit is what one limit says. Those of Breaches have the name of
// the policy and "-breaches".
type ExplainedLimit struct {
	Name       string          `json:"name"`
	Limit      ratelimit.Limit `json:"limit"`
	Allowed    bool            `json:"allowed"`
	Remaining  int64           `json:"remaining"` // -1 if not known, as after a refusal from memory
	RetryAfter time.Duration   `json:"retry_after_ns,omitempty"`
	ResetAfter time.Duration   `json:"reset_after_ns"`
}

// Explain says what the table would do with a request, and why. It charges
// nothing and tells no hook but OnError. The callbacks are called as for the
// request itself. Cost: one round trip. It is for people, not for every
// request.
func (t *Table) Explain(r *http.Request) Explanation {
	e := Explanation{Method: r.Method, Path: fmt.Sprintf("%.200s", r.URL.Path)}
	o := &Outcome{table: t}
	p, exempt, err := t.locate(o, r)
	e.Route, e.Group, e.Exempt = o.Route, p.pattern, exempt
	if err == nil && exempt == "" {
		err = t.explainApplied(&e, o, r)
	}
	if err == nil && e.Status == 0 {
		err = t.peek(&e, o, r)
	}
	if err != nil {
		t.tell(r.Context(), err)
		e.Error, e.Status = outward(err)
	}
	t.explainRest(&e, o, p, r.Method)
	return e
}

// explainApplied finds what the policies that apply would charge.
func (t *Table) explainApplied(e *Explanation, o *Outcome, r *http.Request) error {
	for _, a := range o.applied {
		x := ExplainedPolicy{Name: a.rule.Name, DryRun: a.rule.DryRun, Key: a.rule.Key.name}
		why, err := t.add(o, r, a)
		switch {
		case err != nil:
			x.Why, _ = outward(err)
		case why != "":
			x.Why = why
		default:
			i := o.indexOf(a.rule.limits)
			f := &o.found[i]
			x.Applies, x.Cost, x.Scope, x.Method = true, o.uses[i].Cost, f.scope, a.rule.bucketMethod(r.Method)
			if x.Scope == "" {
				x.Scope = routeScope(o.Route)
			}
			x.Digest = digest(f.client)
		}
		e.Policies = append(e.Policies, x)
		if err != nil && !a.rule.DryRun {
			return err
		}
		if o.empty != nil {
			e.Status = o.empty.EmptyStatus
			return nil
		}
	}
	return nil
}

// peek asks what is left.
func (t *Table) peek(e *Explanation, o *Outcome, r *http.Request) error {
	d, err := t.limiter.Peek(r.Context(), o.uses...)
	if err != nil {
		return err
	}
	if o.Decision = d; !d.Allowed {
		e.Status, e.RetryAfter = http.StatusTooManyRequests, d.RetryAfter()
	}
	for q := range o.Decision.Quotas() {
		f := o.foundOf(q.Rule)
		i := slices.IndexFunc(e.Policies, func(x ExplainedPolicy) bool { return x.Name == f.rule.Name })
		left, known := q.Left()
		if !known {
			left = -1
		}
		e.Policies[i].Limits = append(e.Policies[i].Limits, ExplainedLimit{
			Name: f.plan.nameOf(q.Limit), Limit: q.Limit, Allowed: q.Allowed, Remaining: left,
			RetryAfter: q.RetryAfter, ResetAfter: q.ResetAfter,
		})
	}
	return nil
}

// outward says what failed without what must not be told, and the status that
// the request would be answered with.
func outward(err error) (text string, status int) {
	var callback *CallbackError
	switch {
	case errors.As(err, &callback) && callback.Policy == "":
		return fmt.Sprintf("Config.%s failed", callback.Callback), http.StatusInternalServerError
	case errors.As(err, &callback):
		return fmt.Sprintf("%s of policy %q failed", callback.Callback, callback.Policy), http.StatusInternalServerError
	case errors.Is(err, ratelimit.ErrUnavailable):
		return "the store is away, and a policy fails closed", http.StatusServiceUnavailable
	}
	return "the limiter gave no decision", http.StatusInternalServerError
}

// explainRest says why the other policies do not apply.
func (t *Table) explainRest(e *Explanation, o *Outcome, p *place, method string) {
	for _, r := range t.rules {
		if slices.ContainsFunc(e.Policies, func(x ExplainedPolicy) bool { return x.Name == r.Name }) {
			continue
		}
		is := func(a applied) bool { return a.rule == r }
		x := ExplainedPolicy{Name: r.Name, DryRun: r.DryRun, Key: r.Key.name}
		switch {
		case e.Exempt != "":
			x.Why = e.Exempt
		case slices.ContainsFunc(o.applied, is) || e.Error != "":
			x.Why = "not asked: the request is refused before"
		case slices.ContainsFunc(t.application, is), slices.ContainsFunc(p.own, is):
			x.Why = method + " is not among its methods"
		case slices.Contains(p.dropped, r):
			x.Why = "the group overrides it"
		case slices.ContainsFunc(t.byRoute, is):
			x.Why = t.whyNotDefault(o.Route, r, p, method)
		default:
			x.Why = "it is not of this group"
			if p == t.outside {
				x.Why = "the request is in no group"
			}
		}
		e.Policies = append(e.Policies, x)
	}
}

func (t *Table) whyNotDefault(route string, r *rule, p *place, method string) string {
	switch {
	case p.defaults == never:
		return "the group overrides Default"
	case !r.covers(method):
		return method + " is not among its methods"
	case route == "" && len(t.unmatched) == 0:
		return "no route answers the request, and Config.Unmatched exempts it"
	}
	return "the group has policies of its own"
}

// digest shows which keys are the same, and not what they are.
func digest(key string) string {
	if key == "" {
		return "empty"
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:4])
}

// String returns the explanation as lines for people.
func (e Explanation) String() string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-8s%s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "%s %+q\n", e.Method, e.Path)
	line("route", cmp.Or(e.Route, "none"))
	line("group", cmp.Or(e.Group, "none"))
	line("exempt", e.Exempt)
	line("error", e.Error)
	line("answer", e.answer())
	for _, p := range e.Policies {
		p.print(&b)
	}
	return b.String()
}

func (e Explanation) answer() string {
	if e.Status == 0 {
		return "admitted"
	}
	return strconv.Itoa(e.Status) + retryText(e.RetryAfter)
}

func retryText(after time.Duration) string {
	switch {
	case after == ratelimit.Never:
		return ", never to be admitted"
	case after > 0:
		return ", to be admitted after " + after.String()
	}
	return ""
}

func (p ExplainedPolicy) print(b *strings.Builder) {
	name := p.Name
	if p.DryRun {
		name += " (dry run)"
	}
	if !p.Applies {
		fmt.Fprintf(b, "- %s does not apply: %s\n", name, p.Why)
		return
	}
	scope := p.Scope
	if p.Method != "" {
		scope += ", method " + p.Method
	}
	fmt.Fprintf(b, "+ %s applies: %s; by %s (%s); cost %d\n", name, scope, p.Key, p.Digest, p.Cost)
	for _, l := range p.Limits {
		left := strconv.FormatInt(l.Remaining, 10)
		if l.Remaining < 0 {
			left = "unknown"
		}
		verdict := "admits"
		if !l.Allowed {
			verdict = "refuses"
		}
		fmt.Fprintf(b, "    %s: %s; %s left, %s%s\n", l.Name, l.Limit, left, verdict, retryText(l.RetryAfter))
	}
}
