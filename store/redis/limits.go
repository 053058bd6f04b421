package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/ratelimit"
)

var (
	_ ratelimit.Store        = (*Limits)(nil)
	_ ratelimit.ResetWatcher = (*Limits)(nil)
)

// Limits is the [ratelimit.Store] in the same Redis as a [Store], over its
// connections. It is safe for concurrent use, and closed with the Store.
//
// All charges of a call are decided by one script, with Redis's clock, in one
// command at most. A Take by fixed or sliding windows or GCRA is sent at once if
// fewer than two commands for its strategy are under way; otherwise it waits for
// one of them to end, and shares a command with those that wait too. The script
// decides them one after the other, each all or nothing. A command that fails
// fails all that share it; a bucket that holds something else fails those that
// charge it. 64 charges share a command, at most: Redis does nothing else for
// half a millisecond then.
//
// In a Cluster no commands are shared, and one script decides the charges of one
// key, which share a slot. If a call has several keys, their scripts run at the
// same time, and if one refuses, what the others have charged is taken back in a
// second round trip: nothing more is admitted, but another call may be refused
// in between. A lease that they have extended stays so, and what had lapsed is
// forgotten for good, as by a Refund, should Redis's clock then step back.
//
// A failover can lose the last writes (see the package comment): at most what
// was charged since the last write that the replica has seen is admitted again.
type Limits struct {
	store   *Store
	scripts limitScripts
	lanes   [strategies]lane
	takes   sync.Pool
	now     func() string // microseconds, for tests; "" for the server's clock
}

// Limits returns the store's limits.
func (s *Store) Limits() *Limits {
	l := &Limits{store: s, now: func() string { return "" }}
	l.takes.New = func() any { return newTake() }
	for i := range l.lanes {
		l.lanes[i].limits, l.lanes[i].strategy = l, ratelimit.Strategy(i)
	}
	return l
}

// resetsChannel carries the Scope of each bucket that is reset.
const resetsChannel = "limit:resets"

// Apply implements [ratelimit.Store].
func (l *Limits) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	plain := op == ratelimit.Take && isPlain(charges)
	if plain && !l.apart() {
		return l.lanes[charges[0].Limit.Strategy].take(ctx, charges, results)
	}
	groups := l.group(charges, results)
	switch {
	case op == ratelimit.Reset:
		return l.reset(ctx, groups)
	case plain:
		return l.takePlain(ctx, groups, charges, results)
	}
	if err := l.applyGroups(ctx, op, groups); err != nil {
		return err
	}
	if op == ratelimit.Take && len(groups) > 1 {
		return l.undoRefused(ctx, charges, results)
	}
	return nil
}

// Supports implements [ratelimit.Store]: everything.
func (l *Limits) Supports(ratelimit.Limit) error { return nil }

// Ping implements [ratelimit.Store].
func (l *Limits) Ping(ctx context.Context) error {
	if err := l.store.Ping(ctx); err != nil {
		return limitsUnavailable(err)
	}
	return nil
}

// WatchResets implements [ratelimit.ResetWatcher], over Redis's publish and
// subscribe.
func (l *Limits) WatchResets(ctx context.Context, namespace string, f func()) {
	retry := time.NewTicker(l.store.config.Heartbeat)
	defer retry.Stop()
	for ctx.Err() == nil {
		if client, err := l.store.conn.get(); err == nil {
			// Whatever came before the subscription stood was not told.
			hooked := rueidis.WithOnSubscriptionHook(ctx, func(rueidis.PubSubSubscription) { f() })
			// The error is that the subscription has ended; it is made again.
			_ = client.Receive(hooked, client.B().Subscribe().Channel(resetsChannel).Build(), func(m rueidis.PubSubMessage) {
				if strings.HasPrefix(m.Message, namespace+":") {
					f()
				}
			})
			f()
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
		case <-l.store.conn.ctx.Done():
			return
		}
	}
}

// reset forgets the buckets, and tells of it in the same step.
func (l *Limits) reset(ctx context.Context, groups []limitGroup) error {
	calls := make([]scriptCall, len(groups))
	for i := range groups {
		calls[i].args = append(calls[i].args, resetsChannel)
		for j := range groups[i].charges {
			c := &groups[i].charges[j]
			calls[i].keys = appendKeys(calls[i].keys, c)
			if !slices.Contains(calls[i].args[1:], c.Scope) {
				calls[i].args = append(calls[i].args, c.Scope)
			}
		}
	}
	replies, err := l.store.run(ctx, limitsResetScript, calls)
	if err != nil {
		return limitsUnavailable(err)
	}
	for i, g := range groups {
		if e := replies[i].Error(); e != nil && !rueidis.IsRedisNil(e) { // the script returns nothing
			err = errors.Join(err, limitsUnavailable(e))
		}
		for j := range g.charges {
			g.results[j] = ratelimit.Result{Remaining: g.charges[j].Limit.Plan().Most}
		}
		g.scatter()
	}
	return err
}

// limitsUnavailable is the error of a call that got no answer.
func limitsUnavailable(cause error) error {
	if errors.Is(cause, ratelimit.ErrUnavailable) {
		return cause
	}
	return fmt.Errorf("redis: limits: %w: %w", ratelimit.ErrUnavailable, cause)
}
