package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hone-go/hone/ratelimit"
)

// A Description is a whole table: what [Table.Explain] says of one request, for
// all. It can be printed as text, and as JSON.
type Description struct {
	// Namespace is that of the limiter: what it has counted is in the store
	// under this name.
	Namespace string            `json:"namespace"`
	Policies  []DescribedPolicy `json:"policies"`
	// Places are the patterns of the groups in order, and last what is in no
	// group.
	Places []DescribedPlace `json:"places"`
}

// A DescribedPolicy is a policy as it was configured.
type DescribedPolicy struct {
	Name      string            `json:"name"`
	Limits    []ratelimit.Limit `json:"limits"`
	Planned   bool              `json:"planned,omitempty"` // a Plan may say otherwise
	Breaches  []ratelimit.Limit `json:"breaches,omitempty"`
	Key       string            `json:"key"`
	Methods   []string          `json:"methods,omitempty"` // none: all
	PerMethod bool              `json:"per_method,omitempty"`
	Lease     float64           `json:"lease,omitempty"`
	DryRun    bool              `json:"dry_run,omitempty"`
}

// A DescribedPlace is what applies to the requests that match a pattern.
type DescribedPlace struct {
	Pattern string `json:"pattern"` // "" for what is in no group
	Exempt  bool   `json:"exempt,omitempty"`
	// Policies apply, to their methods. Otherwise applies to the methods that
	// no policy of a group is for.
	Policies  []DescribedUse `json:"policies"`
	Otherwise []DescribedUse `json:"otherwise,omitempty"`
}

// A DescribedUse is a policy in a place. Scope is as in [ExplainedPolicy], but
// "route" where each route has a bucket of its own.
type DescribedUse struct {
	Policy string `json:"policy"`
	Scope  string `json:"scope"`
}

// Describe returns the table. No round trip.
func (t *Table) Describe() Description {
	d := Description{Namespace: t.limiter.Namespace()}
	for _, r := range t.rules {
		p := DescribedPolicy{
			Name: r.Name, Limits: slices.Clone(r.limits.Limits()), Planned: r.Plan != nil, Key: r.Key.name,
			Methods: slices.Clone(r.Methods), PerMethod: r.PerMethod, Lease: r.Lease, DryRun: r.DryRun,
		}
		if r.breaches != nil {
			p.Breaches = slices.Clone(r.breaches.Limits())
		}
		d.Policies = append(d.Policies, p)
	}
	for _, pattern := range slices.Sorted(maps.Keys(t.places)) {
		d.Places = append(d.Places, t.describe(t.places[pattern]))
	}
	d.Places = append(d.Places, t.describe(t.outside))
	return d
}

func (t *Table) describe(p *place) DescribedPlace {
	place := DescribedPlace{Pattern: p.pattern, Exempt: p.exempt}
	if p.exempt {
		return place
	}
	place.Policies = describeUses(slices.Concat(t.application, p.own))
	switch byDefault := describeUses(t.byRoute); {
	case p.defaults == always || p.defaults == ifNothing && len(p.own) == 0:
		place.Policies = append(place.Policies, byDefault...)
	case p.defaults == ifNothing:
		place.Otherwise = byDefault
	}
	return place
}

func describeUses(all []applied) []DescribedUse {
	var uses []DescribedUse
	for _, a := range all {
		use := DescribedUse{Policy: a.rule.Name, Scope: a.scope}
		if use.Scope == "" {
			use.Scope = strings.TrimSpace(scopeRoute)
		}
		uses = append(uses, use)
	}
	return uses
}

// String returns the table as lines for people.
func (d Description) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "namespace %s\n\n", d.Namespace)
	for _, p := range d.Policies {
		fmt.Fprintf(&b, "%s: %s\n", p.Name, p.text())
	}
	for _, p := range d.Places {
		pattern := p.Pattern
		if pattern == "" {
			pattern = "in no group"
		}
		fmt.Fprintf(&b, "\n%s\n", pattern)
		if p.Exempt {
			b.WriteString("  exempt\n")
		}
		for _, u := range p.Policies {
			fmt.Fprintf(&b, "  %s in %s\n", u.Policy, u.Scope)
		}
		for _, u := range p.Otherwise {
			fmt.Fprintf(&b, "  for other methods: %s in %s\n", u.Policy, u.Scope)
		}
	}
	return b.String()
}

func (p DescribedPolicy) text() string {
	text := limitsText(p.Limits)
	if p.Planned {
		text = strings.TrimPrefix(text+" or by plan", " or ")
	}
	text += " by " + p.Key
	if len(p.Methods) > 0 {
		text += ", " + strings.Join(p.Methods, " ") + " only"
	}
	if p.PerMethod {
		text += ", each method apart"
	}
	if len(p.Breaches) > 0 {
		text += ", breaches " + limitsText(p.Breaches)
	}
	if p.DryRun {
		text += ", dry run"
	}
	return text
}

func limitsText(limits []ratelimit.Limit) string {
	texts := make([]string, len(limits))
	for i, l := range limits {
		texts[i] = l.String()
	}
	return strings.Join(texts, "; ")
}
