package policy

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// A plan is limits that are parsed, with the names that clients know them by.
type plan struct {
	limits []ratelimit.Limit // never nil
	names  []string
}

// newPlan reads limits, for the policy of that name.
func newPlan(name, text string) (*plan, error) {
	if text == Unlimited {
		return &plan{limits: []ratelimit.Limit{}}, nil
	}
	limits, err := ratelimit.ParseAll(text)
	if err != nil {
		return nil, err
	}
	return &plan{limits: limits, names: quotaNames(name, limits)}, nil
}

// quotaNames tells the limits of a policy apart: the first has its name, the
// others their period besides, as in login-day, or if that is another's too
// the whole limit.
func quotaNames(name string, limits []ratelimit.Limit) []string {
	names := make([]string, len(limits))
	taken := map[string]bool{}
	for i, l := range limits {
		names[i] = name
		if i > 0 {
			names[i] = name + "-" + periodName(l)
		}
		if taken[names[i]] {
			names[i] = name + "-" + l.String()
		}
		taken[names[i]] = true
	}
	return names
}

func periodName(l ratelimit.Limit) string {
	if l.Strategy == ratelimit.Concurrency {
		return "concurrent"
	}
	switch l.Period {
	case time.Second:
		return "second"
	case time.Minute:
		return "minute"
	case time.Hour:
		return "hour"
	case 24 * time.Hour:
		return "day"
	case 7 * 24 * time.Hour:
		return "week"
	}
	return l.Period.String()
}

// nameOf returns the name of a limit, or "".
func (p *plan) nameOf(l ratelimit.Limit) string {
	for i := range p.limits {
		if p.limits[i] == l {
			return p.names[i]
		}
	}
	return ""
}

// plans keeps what Plan has returned, for each key, bounded. It is safe for
// concurrent use.
type plans struct {
	life time.Duration
	most int
	base time.Time

	mu struct {
		sync.Mutex
		kept map[string]keptPlan
	}
}

type keptPlan struct {
	plan  *plan
	until time.Duration // since plans.base
}

func newPlans(life time.Duration, most int) *plans {
	p := &plans{life: life, most: most, base: time.Now()}
	p.mu.kept = make(map[string]keptPlan)
	return p
}

// get returns the plan that is kept for a key, or nil.
func (p *plans) get(key string) *plan {
	now := time.Since(p.base)
	p.mu.Lock()
	defer p.mu.Unlock()
	if kept := p.mu.kept[key]; now < kept.until {
		return kept.plan
	}
	return nil
}

// put keeps the plan of a key. If there are too many, any other goes.
func (p *plans) put(key string, found *plan) {
	if p.life < 0 {
		return
	}
	until := time.Since(p.base) + p.life
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.mu.kept[key]; !ok && len(p.mu.kept) >= p.most {
		for other := range p.mu.kept {
			delete(p.mu.kept, other)
			break
		}
	}
	p.mu.kept[key] = keptPlan{found, until}
}

// planOf returns what applies to a key: that of Plan, or the rule's own. What
// fails is not kept: it is asked for again. Several requests that find nothing
// kept ask each for itself, so that none depends on another's context.
func (p *rule) planOf(r *http.Request, key string) (*plan, error) {
	if p.Plan == nil {
		return p.fixed, nil
	}
	if found := p.plans.get(key); found != nil {
		return found, nil
	}
	found := p.fixed
	err := guard(p.Name, "Plan", func() error { return p.lookUp(r.Context(), r, &found) })
	if err != nil {
		return nil, err
	}
	p.plans.put(key, found)
	return found, nil
}

func (p *rule) lookUp(ctx context.Context, r *http.Request, found **plan) error {
	text, err := p.Plan(ctx, r)
	if err != nil {
		return err
	}
	if text == "" {
		if p.fixed == nil {
			return errNoLimits
		}
		return nil
	}
	*found, err = newPlan(p.Name, text)
	return err
}
