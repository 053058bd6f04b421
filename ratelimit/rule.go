package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// OnStoreError says what a rule does when the store gives no answer.
type OnStoreError uint8

const (
	_ OnStoreError = iota
	// FailOpen admits: the service matters more than the limit.
	FailOpen
	// FailClosed refuses: the limit matters more than the service.
	FailClosed
	// FailShare counts in this process, by the limit divided by the number of
	// processes, at least 1. So all together admit no more than the limit, or
	// one unit each, beyond what the store has admitted before.
	FailShare
)

// RuleConfig configures a [Rule].
type RuleConfig struct {
	// OnStoreError has no default: only the service knows which way it must
	// fail. Required.
	OnStoreError OnStoreError
	// Lease is ε: the share of the limit that may be admitted beyond it, for
	// fewer round trips. The process then takes many units at once and spends
	// them itself, and gives back those that it has not spent in time. Units
	// live for D = ε·B/r from before they were asked for, where the limit lets
	// at most B+r·(t−s) pass in a time (s,t]: r is Amount/Period, and B the
	// Amount, or the Burst of [GCRA] if that is less. What is spent in (s,t] was
	// issued in (s−D,t], and so is at most B+r·(t−s)+ε·B: never more than
	// (1+ε) times that bound, however many processes there are. For
	// [FixedWindow], units also end with their window, and nothing more than
	// the limit is admitted. Meanwhile others may be refused what a process
	// holds: at most what it spends in D.
	//
	// Default 0: every request is counted by the store. 0.01 is right for large
	// budgets; at most 0.5. Exact all the same are limits with fewer than ten
	// units in ε·B or with D below 5 ms, a cost of more than a tenth of ε·B,
	// [MovingWindow], [Concurrency], and rules with DryRun or Refunds.
	Lease float64
	// DryRun counts and reports, and refuses nothing.
	DryRun bool
	// Refunds says that charges are taken back as a matter of course: a refusal
	// may then end at any time, and none is remembered. Nor is the rule leased.
	Refunds bool
}

// A Rule is a named list of limits that apply together. It is safe for
// concurrent use.
type Rule struct {
	limiter *Limiter
	name    string
	scope   string
	limits  []Limit
	config  RuleConfig
	bound   Bound // the store's short way, or nil
	stats   ruleStats

	// refunded says that charges of this rule are taken back: a refusal may
	// then be lifted at any time, and is not remembered.
	refunded atomic.Bool
}

// Rule defines a rule. The name is part of every bucket's identity and appears
// in answers: 1 to 40 of a-z, 0-9, '.', '_' and '-', and each one once in a
// Limiter. limits is in the notation that [ParseAll] reads.
func (l *Limiter) Rule(name, limits string, c RuleConfig) (*Rule, error) {
	parsed, err := ParseAll(limits)
	if err != nil {
		return nil, fmt.Errorf("ratelimit: rule %q: %w", name, err)
	}
	return l.RuleOf(name, parsed, c)
}

// RuleOf is [Limiter.Rule] with limits that are parsed already. Without any,
// the rule has only those that a [Use] brings.
func (l *Limiter) RuleOf(name string, limits []Limit, c RuleConfig) (*Rule, error) {
	var errs []error
	if !isName(name, 40) {
		errs = append(errs, fmt.Errorf("ratelimit: rule %q: want a name of 1 to 40 of a-z, 0-9, '.', '_' and '-'", name))
	}
	if c.OnStoreError < FailOpen || c.OnStoreError > FailShare {
		errs = append(errs, fmt.Errorf("ratelimit: rule %q: RuleConfig.OnStoreError is %d, want FailOpen, FailClosed or FailShare", name, c.OnStoreError))
	}
	if c.OnStoreError == FailShare && l.config.Local == nil {
		errs = append(errs, fmt.Errorf("ratelimit: rule %q: FailShare counts in Config.Local, which is not set", name))
	}
	if !(c.Lease >= 0 && c.Lease <= 0.5) {
		errs = append(errs, fmt.Errorf("ratelimit: rule %q: RuleConfig.Lease is %v, want 0 to 0.5", name, c.Lease))
	}
	if err := l.usable(limits); err != nil {
		errs = append(errs, fmt.Errorf("ratelimit: rule %q: %w", name, err))
	}
	if len(errs) != 0 {
		return nil, errors.Join(errs...)
	}
	r := &Rule{limiter: l, name: name, scope: l.config.Namespace + ":" + name, limits: append([]Limit(nil), limits...), config: c}
	r.refunded.Store(c.Refunds)
	r.bind(l.store)
	if err := l.add(r); err != nil {
		return nil, err
	}
	return r, nil
}

// usable reports everything that is wrong with a list of limits.
func (l *Limiter) usable(limits []Limit) error {
	var errs []error
	for i, limit := range limits {
		if err := limit.Validate(); err != nil {
			errs = append(errs, err)
			continue
		}
		if err := l.store.Supports(limit); err != nil {
			errs = append(errs, err)
		}
		for _, other := range limits[:i] {
			if other == limit {
				errs = append(errs, fmt.Errorf("ratelimit: the limit %s is there twice", limit))
			}
		}
	}
	return errors.Join(errs...)
}

// Name returns the name of the rule.
func (r *Rule) Name() string { return r.name }

// Limits returns the limits of the rule. The caller must not change them.
func (r *Rule) Limits() []Limit { return r.limits }

// Config returns how the rule was configured.
func (r *Rule) Config() RuleConfig { return r.config }

// A Use is what one key uses of one rule.
type Use struct {
	Rule *Rule
	// Key is whom the rule counts. An empty one is refused with [ErrKey]: what
	// it means must be decided, and is never "unlimited".
	Key string
	// Cost is the number of units, 0 to MaxAmount.
	Cost int64
	// Limits, if not nil, take the place of the rule's, for a key with a plan
	// of its own. An empty list admits everything. The limits must be valid
	// and supported by the store.
	Limits []Limit
	// Check asks whether the cost would be admitted, and charges nothing.
	Check bool
}

// Use returns the use of n units by key.
func (r *Rule) Use(key string, n int64) Use { return Use{Rule: r, Key: key, Cost: n} }

// Take charges n units to key, if all limits of the rule admit them.
// [Limiter.Take] says the rest.
func (r *Rule) Take(ctx context.Context, key string, n int64) (d Decision, err error) {
	if r.bound != nil {
		err = r.takeBound(ctx, key, n, &d)
		return d, err
	}
	return r.limiter.decide(ctx, Take, []Use{{Rule: r, Key: key, Cost: n}})
}

// Peek says what Take would, and charges nothing.
func (r *Rule) Peek(ctx context.Context, key string, n int64) (Decision, error) {
	return r.limiter.decide(ctx, Peek, []Use{{Rule: r, Key: key, Cost: n}})
}

// Reset forgets what key has used, in every process: those that remember its
// refusal learn of it where the store can tell them, and otherwise keep
// refusing until it would have ended. Cost: one round trip.
func (r *Rule) Reset(ctx context.Context, key string) error {
	_, err := r.limiter.decide(ctx, Reset, []Use{{Rule: r, Key: key}})
	return err
}
