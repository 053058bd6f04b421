package policy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A place is where a request is: in a group, or outside of all.
type place struct {
	pattern  string // as registered, or ""
	exempt   bool
	own      []applied // of the groups, from the outermost in
	defaults defaulting
	dropped  []*rule // by Override
}

// defaulting says when Default applies in a place.
type defaulting uint8

const (
	ifNothing defaulting = iota // if none of its own policies does
	always
	never
)

// applied is a policy that applies in a place.
type applied struct {
	rule *rule
	// scope is the name of the buckets, or "" for one by route.
	scope string
}

// The scopes that have no name of their own.
const (
	scopeApplication = "application"
	scopeUnmatched   = "unmatched"
	scopeRoute       = "route " // and the route
	scopeBreaches    = "breaches"
)

// lay resolves the places.
func (t *Table) lay(c Config) error {
	t.mux, t.places = http.NewServeMux(), make(map[string]*place)
	errs := []error{
		t.attach(&t.application, "Config.Application", c.Application, scopeApplication),
		t.attach(&t.byRoute, "Config.Default", c.Default, ""),
	}
	if c.Unmatched == Count {
		for _, a := range t.byRoute {
			t.unmatched = append(t.unmatched, applied{a.rule, scopeUnmatched})
		}
	}
	t.outside = &place{defaults: always}
	errs = append(errs, t.checkPlace("Config", t.outside))
	for i, g := range c.Groups {
		errs = append(errs, t.layGroup(fmt.Sprintf("Config.Groups[%d]", i), g, &place{}))
	}
	return errors.Join(errs...)
}

// attach appends policies by name.
func (t *Table) attach(to *[]applied, where string, names []string, scope string) error {
	var errs []error
	for _, name := range names {
		if r := t.find(name); r != nil {
			*to = append(*to, applied{r, scope})
		} else {
			errs = append(errs, fmt.Errorf("policy: %s has %q, which is no policy", where, name))
		}
	}
	return errors.Join(errs...)
}

// layGroup resolves a group and those within. around is what it inherits.
func (t *Table) layGroup(where string, g Group, around *place) error {
	here, errs := &place{}, []error{g.validate(where)}
	if g.PerRoute && t.config.Route == nil {
		errs = append(errs, fmt.Errorf("policy: %s.PerRoute counts by route, and Config.Route is nil", where))
	}
	here.dropped = slices.Clone(around.dropped)
	if !g.Override {
		here.own, here.defaults = slices.Clone(around.own), around.defaults
	} else {
		here.defaults = never
		for _, a := range around.own {
			here.dropped = append(here.dropped, a.rule)
		}
	}
	if g.WithDefault {
		here.defaults = always
	}
	here.exempt = g.Exempt
	errs = append(errs, t.attach(&here.own, where+".Policies", g.Policies, g.scope(where)))
	errs = append(errs, t.checkPlace(where, here))
	for _, pattern := range g.Patterns {
		at := *here
		at.pattern = pattern
		if err := register(t.mux, pattern); err != nil {
			errs = append(errs, fmt.Errorf("policy: %s.Patterns has %q: %w", where, pattern, err))
		}
		t.places[pattern] = &at
	}
	for i, inner := range g.Groups {
		errs = append(errs, t.layGroup(fmt.Sprintf("%s.Groups[%d]", where, i), inner, here))
	}
	return errors.Join(errs...)
}

func (g Group) validate(where string) error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("policy: "+where+format, a...)) }
	if len(g.Patterns) == 0 && len(g.Groups) == 0 {
		bad(" has neither Patterns nor Groups: no request is in it")
	}
	if g.Exempt && (len(g.Policies) > 0 || len(g.Groups) > 0 || g.WithDefault) {
		bad(".Exempt drops everything, and there are policies or groups in it")
	}
	if g.Scope != "" && g.PerRoute {
		bad(".Scope is %q, and PerRoute is set: a bucket is shared, or each route's own", g.Scope)
	}
	return errors.Join(errs...)
}

// scope names the buckets of a group's policies. A group without a pattern has
// no better name than its place in Config.
func (g Group) scope(where string) string {
	switch {
	case g.PerRoute:
		return ""
	case g.Scope != "":
		return "scope " + g.Scope
	case len(g.Patterns) > 0:
		return "group " + g.Patterns[0]
	}
	return "group " + where
}

// checkPlace refuses a place where a policy applies twice: it would charge a
// client twice for one request.
func (t *Table) checkPlace(where string, p *place) error {
	if p.exempt {
		return nil
	}
	all := slices.Concat(t.application, p.own)
	if p.defaults == always {
		all = append(all, t.byRoute...)
	}
	var errs []error
	for i, a := range all {
		if slices.ContainsFunc(all[:i], func(b applied) bool { return a.rule == b.rule }) {
			errs = append(errs, fmt.Errorf("policy: %s: policy %q applies twice", where, a.rule.Name))
		}
	}
	return errors.Join(errs...)
}

// register makes a pattern known to a mux, which panics if it is malformed or
// in conflict with another.
func register(mux *http.ServeMux, pattern string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v", v)
		}
	}()
	mux.Handle(pattern, http.NotFoundHandler())
	return nil
}

// placeOf returns where a request is.
func (t *Table) placeOf(r *http.Request) *place {
	if len(t.places) > 0 {
		_, pattern := t.mux.Handler(r)
		if p := t.places[pattern]; p != nil {
			return p
		}
	}
	return t.outside
}

// appendApplied adds the policies that apply to a method in a place that is not
// exempt, in the order in which they are decided.
func (t *Table) appendApplied(dst []applied, p *place, method, route string) []applied {
	dst = appendFor(dst, t.application, method)
	before := len(dst)
	dst = appendFor(dst, p.own, method)
	if p.defaults == always || p.defaults == ifNothing && len(dst) == before {
		dst = appendFor(dst, t.defaultsOf(route), method)
	}
	return dst
}

// defaultsOf returns Default for a route, "" for none.
func (t *Table) defaultsOf(route string) []applied {
	if route == "" {
		return t.unmatched
	}
	return t.byRoute
}

func appendFor(dst, from []applied, method string) []applied {
	for _, a := range from {
		if a.rule.covers(method) {
			dst = append(dst, a)
		}
	}
	return dst
}

// covers reports whether the policy is one for the method.
func (r *rule) covers(method string) bool {
	if len(r.Methods) == 0 || slices.Contains(r.Methods, method) {
		return true
	}
	return method == http.MethodHead && slices.Contains(r.Methods, http.MethodGet)
}

// bucketMethod returns the method under which a request is counted: a client
// cannot have a new bucket by inventing a method.
func (r *rule) bucketMethod(method string) string {
	switch {
	case !r.PerMethod:
		return ""
	case method == http.MethodHead || method == "":
		return http.MethodGet
	}
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return "other"
}

// isMethod reports whether s can be a method as a server sees it: they are
// case-sensitive, and one in lower case would never match.
func isMethod(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == ""
}

// isPreflight reports whether a request is a CORS preflight
// (https://fetch.spec.whatwg.org/#cors-preflight-request).
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && len(r.Header["Origin"]) > 0 && len(r.Header["Access-Control-Request-Method"]) > 0
}

// MuxRoute returns a [Config].Route for what mux serves: the pattern that
// matches, and "" for 404 and 405. CONNECT has none, as mux tells for it, in
// the place of a pattern, a path that the client chose.
func MuxRoute(mux *http.ServeMux) func(*http.Request) string {
	return func(r *http.Request) string {
		if r.Method == http.MethodConnect {
			return ""
		}
		_, pattern := mux.Handler(r)
		return pattern
	}
}
