package policy

import (
	"slices"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// An Outcome is what a table decided on a request, and what it has charged. It
// is not safe for concurrent use.
type Outcome struct {
	// Allowed reports whether the request may proceed.
	Allowed bool
	// Status is the one to answer a refusal with: 429, or the EmptyStatus of a
	// policy.
	Status int
	// Route is what Config.Route has said, if it was asked.
	Route string
	// Decision is what the limiter said. It is empty if no policy applied, or
	// one refused for want of a key.
	Decision ratelimit.Decision

	table   *Table
	empty   *rule           // refused for want of a key
	ban     ratelimit.Quota // began with this refusal, if it has a Rule
	applied []applied
	uses    []ratelimit.Use
	found   []found // of each use
	key     []byte  // room to build keys in
	quotas  []Quota // room for fields
}

// found is where a use comes from.
type found struct {
	rule *rule
	plan *plan
	ban  bool // it asks whether the client is banned
	// scope and client are what the bucket's key is made of.
	scope, client string
	uncounted     bool // CountWhen said so
}

// RetryAfter returns how long until a refused request would be admitted, with
// the ban that began with its refusal; [ratelimit.Never] if it never would be.
func (o *Outcome) RetryAfter() time.Duration {
	after := o.Decision.RetryAfter()
	if after == ratelimit.Never || o.Allowed {
		return after
	}
	return max(after, o.ban.RetryAfter)
}

// Quotas returns what clients are told: what each limit says, but for those
// that are tried out, and those of Breaches that do not refuse. The slice is
// valid until the Outcome is settled.
func (o *Outcome) Quotas() []Quota {
	o.quotas = o.quotas[:0]
	for q := range o.Decision.Quotas() {
		f := o.foundOf(q.Rule)
		if f.rule.DryRun || f.ban && q.Allowed {
			continue
		}
		o.quotas = append(o.quotas, f.quota(q))
	}
	if o.ban.Rule != nil {
		o.quotas = append(o.quotas, o.foundOf(o.ban.Rule).quota(&o.ban))
	}
	return o.quotas
}

func (f *found) quota(q *ratelimit.Quota) Quota {
	return Quota{
		Name: f.plan.nameOf(q.Limit), Limit: q.Limit, Remaining: q.Remaining,
		RetryAfter: q.RetryAfter, ResetAfter: q.ResetAfter, Refused: !q.Allowed,
	}
}

// foundOf returns where the use of a rule comes from. Each is used once.
func (o *Outcome) foundOf(r *ratelimit.Rule) *found { return &o.found[o.indexOf(r)] }

func (o *Outcome) indexOf(r *ratelimit.Rule) int {
	return slices.IndexFunc(o.uses, func(u ratelimit.Use) bool { return u.Rule == r })
}

// governing returns the quota of a rule that governs, or nil.
func (o *Outcome) governing(r *ratelimit.Rule) *ratelimit.Quota {
	var best *ratelimit.Quota
	for q := range o.Decision.Quotas() {
		if q.Rule == r && (best == nil || q.Compare(best) < 0) {
			best = q
		}
	}
	return best
}
