package ratelimittest

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// A Model is a [ratelimit.Store] without a clock that remembers every charge
// and works out each answer from all of them, by search where others solve an
// equation. It shares no arithmetic with [ratelimit.Bucket] but the rounding of
// [ratelimit.Plan]. It is slow, and safe for concurrent use.
type Model struct {
	mu struct {
		sync.Mutex
		now     int64
		buckets map[bucketKey]history
	}
}

type bucketKey struct {
	limit      ratelimit.Limit
	scope, key string
}

// A history is what happened to one bucket. Times are microseconds, and are
// given to its methods as they come from the clock.
type history interface {
	// settled returns the earliest time that it can be asked for, not before t.
	settled(t int64) int64
	// room returns how many units could be charged at a settled time.
	room(t int64) int64
	// fresh reports whether at that time nothing of all that happened matters.
	fresh(t int64) bool
	charge(t, n int64, id ratelimit.ID) ratelimit.Receipt
	refund(t int64, c ratelimit.Charge) int64
}

// NewModel returns a Model whose clock stands at now, in microseconds.
func NewModel(now int64) *Model {
	m := &Model{}
	m.mu.now = now
	m.mu.buckets = make(map[bucketKey]history)
	return m
}

// SetNow sets the clock.
func (m *Model) SetNow(now int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.now = now
}

// Supports returns nil.
func (m *Model) Supports(ratelimit.Limit) error { return nil }

// Ping returns nil.
func (m *Model) Ping(context.Context) error { return nil }

// Apply does what [ratelimit.Store] says.
func (m *Model) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("ratelimittest: %w: %w", ratelimit.ErrUnavailable, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.mu.now
	buckets := make([]history, len(charges))
	all := true
	for i, c := range charges {
		buckets[i] = m.bucketLocked(c)
		if op == ratelimit.Take || op == ratelimit.Peek {
			results[i] = judge(buckets[i], c, now)
			all = all && (results[i].Allowed || c.Soft)
		}
	}
	for i, c := range charges {
		h, r := buckets[i], &results[i]
		switch op {
		case ratelimit.Peek:
			r.Granted = 0
			continue
		case ratelimit.Take:
			if !all || c.Check {
				r.Granted = 0
				continue
			}
			if r.Granted > 0 {
				r.Receipt = h.charge(h.settled(now), r.Granted, c.ID)
			}
		case ratelimit.Refund:
			*r = ratelimit.Result{Granted: h.refund(h.settled(now), c)}
		case ratelimit.Extend:
			*r = ratelimit.Result{}
			if l, ok := h.(*leases); ok {
				r.Granted = l.extend(h.settled(now), c.ID)
			}
		case ratelimit.Reset:
			*r = ratelimit.Result{}
			delete(m.mu.buckets, keyOf(c))
			h = m.bucketLocked(c)
		}
		r.Remaining = h.room(h.settled(now))
		r.ResetAfter = wait(h, now, h.fresh)
	}
	return nil
}

func keyOf(c ratelimit.Charge) bucketKey { return bucketKey{c.Limit, c.Scope, c.Key} }

func (m *Model) bucketLocked(c ratelimit.Charge) history {
	k := keyOf(c)
	h := m.mu.buckets[k]
	if h == nil {
		h = newHistory(c.Limit)
		m.mu.buckets[k] = h
	}
	return h
}

func newHistory(l ratelimit.Limit) history {
	period := l.Period.Microseconds()
	switch l.Strategy {
	case ratelimit.FixedWindow:
		return &fixed{amount: l.Amount, period: period}
	case ratelimit.SlidingWindow:
		return &sliding{amount: l.Amount, period: period, plan: l.Plan()}
	case ratelimit.MovingWindow:
		return &moving{amount: l.Amount, period: period}
	case ratelimit.GCRA:
		return newDebts(l)
	default:
		return &leases{amount: l.Amount, period: period}
	}
}

// judge says what Take would.
func judge(h history, c ratelimit.Charge, now int64) ratelimit.Result {
	t := h.settled(now)
	r := ratelimit.Result{Remaining: h.room(t), ResetAfter: wait(h, now, h.fresh)}
	least := c.Cost
	if c.Least > 0 {
		least = c.Least
	}
	held := int64(0)
	if l, ok := h.(*leases); ok {
		held = l.held(t, c.ID)
	}
	switch {
	case held > 0:
		r.Allowed, r.Granted = true, held
	case c.Limit.Amount == 0 || least > c.Limit.Most():
		r.RetryAfter = ratelimit.Never
	case least <= r.Remaining:
		r.Allowed, r.Granted = true, min(c.Cost, r.Remaining)
	default:
		r.RetryAfter = wait(h, now, func(t int64) bool { return h.room(t) >= least })
	}
	return r
}

// wait searches for the first time at which a condition holds that then holds
// for ever, and returns it from now on.
func wait(h history, now int64, holds func(t int64) bool) time.Duration {
	from := h.settled(now)
	if holds(from) {
		return 0
	}
	const horizon = 1 << 53 // beyond every refill
	d := sort.Search(horizon, func(d int) bool { return holds(from + int64(d)) })
	return micros(from + int64(d) - now)
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
