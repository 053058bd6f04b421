package policy

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// errLost is told to OnError.
var errLost = errors.New("policy: a request has lost the place that a concurrency limit gave it: the store was away for too long")

// Pending reports whether [Outcome.Settle] has anything to do, for which it
// needs to know of the response.
func (o *Outcome) Pending() bool {
	if !o.Allowed {
		return false
	}
	for i := range o.found {
		if o.found[i].rule.CountWhen != nil && !o.found[i].ban {
			return true
		}
	}
	return o.beat() > 0
}

// Settle says what became of an allowed request: it ends the places of
// concurrency limits, and takes back the charges of policies whose CountWhen
// says so of the status and the header. It is to be called once, also if the
// request failed; without it the charges stand and the places end by
// themselves, Period later. Cost: one round trip if there is anything to do.
func (o *Outcome) Settle(ctx context.Context, status int, header http.Header) error {
	if !o.Pending() {
		return nil
	}
	for i := range o.found {
		f := &o.found[i]
		if f.rule.CountWhen == nil || f.ban {
			continue
		}
		o.table.tell(ctx, guard(f.rule.Name, "CountWhen", func() error {
			f.uncounted = !f.rule.CountWhen(status, header)
			return nil
		}))
	}
	return o.table.limiter.RefundIf(context.WithoutCancel(ctx), &o.Decision, func(q *ratelimit.Quota) bool {
		return isConcurrency(q.Limit) || o.foundOf(q.Rule).uncounted
	})
}

// beat returns how often the places of concurrency limits must be extended, or
// 0 if there are none: every third of their life, so that one may fail.
func (o *Outcome) beat() time.Duration {
	var shortest time.Duration
	for q := range o.Decision.Quotas() {
		if isConcurrency(q.Limit) && q.Allowed && (shortest == 0 || q.Limit.Period < shortest) {
			shortest = q.Limit.Period
		}
	}
	return shortest / 3
}

// Hold keeps the places of concurrency limits until stop is called, which waits
// until nothing runs any more. It is for requests that may take longer than
// Period, and is called before them. Cost: nothing until a third of Period;
// then a goroutine, and a round trip each third.
func (o *Outcome) Hold(ctx context.Context) (stop func()) {
	every := o.beat()
	if every == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	timer := time.AfterFunc(every, func() {
		defer close(ended)
		o.extend(ctx, every)
	})
	return func() {
		cancel()
		if !timer.Stop() {
			<-ended
		}
	}
}

// extend extends the places until ctx ends.
func (o *Outcome) extend(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		switch held, err := o.table.limiter.Extend(ctx, &o.Decision); {
		case ctx.Err() != nil:
			return
		case err != nil:
			o.table.tell(ctx, err)
		case !held:
			o.table.tell(ctx, errLost)
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
