package policy

import (
	"context"
	"errors"

	"github.com/hone-go/hone/ratelimit"
)

// chargeBreaches counts a refusal with each policy that has Breaches and has
// refused. A client that is banned already is not counted again.
func (t *Table) chargeBreaches(ctx context.Context, o *Outcome) {
	for i, f := range o.found {
		if !f.ban || refuses(o.governing(f.rule.breaches)) || !refuses(o.governing(f.rule.limits)) {
			continue
		}
		if err := t.chargeBreach(context.WithoutCancel(ctx), o, o.uses[i]); err != nil && !errors.Is(err, ratelimit.ErrUnavailable) {
			t.tell(ctx, err)
		}
	}
}

// chargeBreach counts a refusal. If a ban begins with it, the client learns of
// that now rather than when it comes back.
func (t *Table) chargeBreach(ctx context.Context, o *Outcome, use ratelimit.Use) error {
	use.Check = false
	d, err := t.limiter.Take(ctx, use)
	if err != nil || use.Rule.Config().DryRun {
		return err
	}
	if q := d.Closest(); q.Allowed && q.Remaining != 0 {
		return nil
	}
	use.Check = true
	if d, err = t.limiter.Peek(ctx, use); err == nil && !d.Allowed {
		o.ban = *d.Closest()
	}
	return err
}

func refuses(q *ratelimit.Quota) bool { return q != nil && !q.Allowed }
