package sqltrace

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// allowance says that one rule does not apply to what is sent with a context.
type allowance struct {
	rule   Rule
	reason string
	outer  *allowance
}

type allowanceKey struct{}

// Allow returns a context whose statements are not reported under rule, since
// what they do is meant: the loop is over five shards, say. The reason is
// listed by [Tracer.Suppressed]; without one, or with a rule that there is
// none of, nothing is allowed and ctx is returned as it is. It holds for the
// call sites of statements sent with the returned context; one that is sent
// once in its request may be reported the first time. [RuleHeld] is allowed for
// calls to a service that are made with it, and for all in a transaction that is
// begun with it. Cost: two allocations, and nothing for statements that are not
// repeated.
func Allow(ctx context.Context, rule Rule, reason string) context.Context {
	if strings.TrimSpace(reason) == "" || !slices.Contains(rules[:], rule) {
		return ctx
	}
	return context.WithValue(ctx, allowanceKey{}, &allowance{rule, reason, allowanceOf(ctx)})
}

func allowanceOf(ctx context.Context) *allowance {
	a, _ := ctx.Value(allowanceKey{}).(*allowance)
	return a
}

// covers returns the innermost allowance of the rule, or nil.
func (a *allowance) covers(rule Rule) *allowance {
	for ; a != nil; a = a.outer {
		if a.rule == rule {
			return a
		}
	}
	return nil
}

// Suppressed is a finding that the code allows itself with [Allow].
type Suppressed struct {
	Rule     Rule      `json:"rule"`
	Reason   string    `json:"reason"`
	Route    string    `json:"route"`
	Where    string    `json:"where"`
	SQL      string    `json:"sql"`
	Service  string    `json:"service,omitempty"` // that is called in a transaction
	Requests int64     `json:"requests"`          // that would have been reported
	Last     time.Time `json:"last"`              // the end of the latest of them
}

// Suppressed returns what would have been in [Tracer.Findings] but for
// [Allow], since the Tracer was made or reset, by rule, place and route. A
// report that leaves it out hides something.
func (t *Tracer) Suppressed() []Suppressed {
	seen, _ := t.findings.copied()
	var list []Suppressed
	for key, tally := range seen {
		if key.reason == "" {
			continue
		}
		if _, ok := tally.judge(key, &t.config); ok {
			s := Suppressed{
				Rule: key.rule, Reason: key.reason, Route: routeName(key.method, key.route),
				Service: key.name, Requests: tally.requests, Last: tally.last,
			}
			if key.site != nil {
				s.Where = key.site.where
			}
			if key.fp != nil {
				s.SQL = key.fp.sample
			}
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Suppressed) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Route, b.Route), cmp.Compare(a.SQL, b.SQL), cmp.Compare(a.Service, b.Service))
	})
	return list
}
