package policy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/hone-go/hone/ratelimit"
)

// A Table says which policies apply to which requests. It is safe for
// concurrent use. It starts nothing in the background but what ends with a
// request, and needs no Close.
type Table struct {
	limiter *ratelimit.Limiter
	config  Config
	fields  *Fields
	rules   []*rule // as in Config.Policies
	byRule  map[*ratelimit.Rule]*rule

	application []applied
	byRoute     []applied // Default, for requests with a route
	unmatched   []applied // Default, for those without
	outside     *place    // of requests that are in no group
	mux         *http.ServeMux
	places      map[string]*place // by pattern

	outcomes sync.Pool
}

// A rule is a policy with what New made of it.
type rule struct {
	Policy
	limits   *ratelimit.Rule
	breaches *ratelimit.Rule // or nil
	fixed    *plan           // of Limits, or nil
	banned   *plan           // of Breaches, or nil
	plans    *plans          // or nil
	used     bool
}

var errNoLimits = errors.New(`there are neither Limits nor a Plan other than ""`)

// New returns a table. It defines a rule in l for each policy, and a second
// one, with "-breaches" after its name, for its Breaches. An error names
// everything that is wrong with c; l then keeps the rules of what was right, and
// is of no further use. It does no I/O.
func New(l *ratelimit.Limiter, c Config) (*Table, error) {
	if l == nil {
		return nil, errors.New("policy: the Limiter is nil")
	}
	t := &Table{limiter: l, config: c.withDefaults(), byRule: make(map[*ratelimit.Rule]*rule)}
	t.outcomes.New = func() any { return new(Outcome) }
	fields, err := NewFields(c.Fields)
	t.fields = fields
	errs := []error{err, t.config.validate()}
	for _, p := range c.Policies {
		r, err := t.define(p.withDefaults())
		errs = append(errs, err)
		t.rules = append(t.rules, r)
	}
	errs = append(errs, t.lay(t.config))
	for _, r := range t.rules {
		if !r.used {
			errs = append(errs, fmt.Errorf("policy: policy %q is used nowhere", r.Name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.config.Policies, t.config.Groups, t.config.Application, t.config.Default = nil, nil, nil, nil // the caller's
	return t, nil
}

func (c Config) validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("policy: "+format, a...)) }
	if c.Unmatched > Exempt {
		bad("Config.Unmatched is %d, want Count or Exempt", c.Unmatched)
	}
	if c.Preflights > Exempt {
		bad("Config.Preflights is %d, want Count or Exempt", c.Preflights)
	}
	if len(c.Default) > 0 && c.Route == nil {
		bad("Config.Route is nil, want a function: Default counts by route")
	}
	return errors.Join(errs...)
}

func (p Policy) validate() error {
	var errs []error
	bad := func(format string, a ...any) {
		errs = append(errs, fmt.Errorf("policy: policy %q: "+format, append([]any{p.Name}, a...)...))
	}
	if p.Limits == "" && p.Plan == nil {
		bad("Limits is empty, want limits or a Plan")
	}
	if p.Key.add == nil {
		bad("Key is %q, want one with a function and a name that a request can have", p.Key.name)
	}
	if p.OnEmptyKey < RefuseEmpty || p.OnEmptyKey > ExemptEmpty {
		bad("OnEmptyKey is %d, want RefuseEmpty, ShareEmpty or ExemptEmpty", p.OnEmptyKey)
	}
	if p.EmptyStatus < 400 || p.EmptyStatus > 499 || p.EmptyStatus == http.StatusTooManyRequests {
		bad("EmptyStatus is %d, want 400 to 499 but 429", p.EmptyStatus)
	}
	for _, m := range p.Methods {
		if !isMethod(m) {
			bad("Methods has %q, want one in upper case", m)
		}
	}
	if p.PlanKeys < 1 {
		bad("PlanKeys is %d, want at least 1", p.PlanKeys)
	}
	return errors.Join(errs...)
}

// define makes a rule of a policy, as far as it is right.
func (t *Table) define(p Policy) (*rule, error) {
	p.Methods = slices.Clone(p.Methods)
	r := &rule{Policy: p}
	errs := []error{p.validate()}
	bad := func(field string, err error) {
		errs = append(errs, fmt.Errorf("policy: policy %q: %s: %w", p.Name, field, err))
	}
	var err error
	var limits, breaches []ratelimit.Limit
	if p.Limits != "" {
		if r.fixed, err = newPlan(p.Name, p.Limits); err != nil {
			bad("Limits", err)
		} else if limits = r.fixed.limits; len(limits) == 0 {
			bad("Limits", errors.New("a policy without limits does nothing"))
		}
	}
	config := ratelimit.RuleConfig{
		OnStoreError: p.OnStoreError, Lease: p.Lease, DryRun: p.DryRun, Refunds: p.CountWhen != nil,
	}
	if r.limits, err = t.limiter.RuleOf(p.Name, limits, config); err != nil {
		errs = append(errs, err)
	}
	t.byRule[r.limits] = r
	if p.Plan != nil {
		r.plans = newPlans(p.PlanLife, p.PlanKeys)
	}
	if p.Breaches == "" {
		return r, errors.Join(errs...)
	}
	name := p.Name + "-breaches"
	if r.banned, err = newPlan(name, p.Breaches); err != nil {
		bad("Breaches", err)
	} else if breaches = r.banned.limits; len(breaches) == 0 || slices.ContainsFunc(breaches, isConcurrency) {
		bad("Breaches", errors.New("want limits, and none of what is under way"))
	}
	config = ratelimit.RuleConfig{OnStoreError: p.OnStoreError, DryRun: p.DryRun}
	if r.breaches, err = t.limiter.RuleOf(name, breaches, config); err != nil {
		errs = append(errs, err)
	}
	t.byRule[r.breaches] = r
	return r, errors.Join(errs...)
}

func isConcurrency(l ratelimit.Limit) bool { return l.Strategy == ratelimit.Concurrency }

// find returns the rule of that name, which is then in use.
func (t *Table) find(name string) *rule {
	for _, r := range t.rules {
		if r.Name == name {
			r.used = true
			return r
		}
	}
	return nil
}
