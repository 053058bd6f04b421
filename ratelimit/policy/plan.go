package policy

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

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

// plans keeps what Plan has returned, for each key, bounded, and has it asked
// once for a key at a time. It is safe for concurrent use.
type plans struct {
	life time.Duration
	most int
	base time.Time

	flights singleflight.Group // look-ups that are under way
	mu      struct {
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

// lookUpTimeout bounds a look-up. Not longer: all requests with the key wait
// for it. Not shorter: a database that fails over would refuse its customers.
const lookUpTimeout = 5 * time.Second

var errLookUp = fmt.Errorf("no answer within %s", lookUpTimeout)

// planOf returns what applies to a key: that of Plan, or the rule's own.
// Requests that find nothing kept wait for one look-up, each as long as its own
// context and lookUpTimeout allow. What fails is not kept: it is asked for
// again.
func (p *rule) planOf(r *http.Request, key string) (*plan, error) {
	if p.Plan == nil {
		return p.fixed, nil
	}
	if found := p.plans.get(key); found != nil {
		return found, nil
	}
	asked := detached(r)
	found := p.plans.flights.DoChan(key, func() (any, error) { return p.lookUp(asked, key) })
	ctx, cancel := context.WithTimeoutCause(r.Context(), lookUpTimeout, errLookUp)
	defer cancel()
	select {
	case f := <-found:
		return f.Val.(*plan), f.Err
	case <-ctx.Done():
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		p.plans.flights.Forget(key) // who comes later asks anew
		return nil, &CallbackError{Policy: p.Name, Callback: "Plan", Err: context.Cause(ctx)}
	}
}

// detached returns a copy for a look-up, which others may wait for when the
// request is over.
func detached(r *http.Request) *http.Request {
	r = r.Clone(context.WithoutCancel(r.Context()))
	r.Body = http.NoBody
	return r
}

// lookUp asks Plan, and keeps what it says.
func (p *rule) lookUp(r *http.Request, key string) (found *plan, err error) {
	if found := p.plans.get(key); found != nil { // since the request has looked
		return found, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), lookUpTimeout)
	defer cancel()
	err = guard(p.Name, "Plan", func() error {
		text, err := p.Plan(ctx, r.WithContext(ctx))
		switch {
		case err != nil:
		case text != "":
			found, err = newPlan(p.Name, text)
		case p.fixed == nil:
			err = errNoLimits
		default:
			found = p.fixed
		}
		return err
	})
	if err == nil && ctx.Err() == nil { // or else another has asked anew
		p.plans.put(key, found)
	}
	return found, err
}
