package ratelimit

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// A call is the working space of one decision. It is pooled: what is handed
// to a store must not be on the stack.
type call struct {
	uses    []useOf // of each quota
	charges []Charge
	results []Result
	index   []int // of the charge's quota
	sent    time.Duration
	epoch   uint64 // of the deny cache, before the store was asked
}

// useOf is what the process itself knows of the bucket of a quota.
type useOf struct {
	check  bool
	digest digest
	slice  *slice // units were taken from here
	refill *lease // this call asks for more units than it needs
}

// expand writes a quota for each limit of each use, and a charge for each
// quota.
func (c *call) expand(l *Limiter, d *Decision, uses []Use) error {
	n := 0
	for i := range uses {
		u := &uses[i]
		if err := l.check(u); err != nil {
			return err
		}
		for j := range uses[:i] {
			if uses[j].Rule == u.Rule && uses[j].Key == u.Key {
				return fmt.Errorf("%w: two uses of rule %q have the same one", ErrKey, u.Rule.name)
			}
		}
		n += len(u.limits())
	}
	d.resize(n)
	c.grow(n)
	k := 0
	for i := range uses {
		u := &uses[i]
		for _, limit := range u.limits() {
			q := d.quota(k)
			q.Rule, q.Limit, q.Key, q.Cost = u.Rule, limit, u.Key, u.Cost
			if limit.Strategy == Concurrency {
				q.id = newID()
			}
			c.uses[k].check = u.Check
			c.index[k] = k
			c.charges[k] = Charge{
				Limit: limit, Scope: u.Rule.scope, Key: u.Key, Cost: u.Cost,
				Check: u.Check, Soft: u.Rule.config.DryRun, ID: q.id,
			}
			k++
		}
	}
	return nil
}

// grow makes every slice n long.
func (c *call) grow(n int) {
	if cap(c.charges) < n {
		*c = call{make([]useOf, n), make([]Charge, n), make([]Result, n), make([]int, n), 0, 0}
		return
	}
	c.uses, c.charges, c.results, c.index = c.uses[:n], c.charges[:n], c.results[:n], c.index[:n]
}

// drop takes charge i out: it has been answered without the store.
func (c *call) drop(i int) {
	copy(c.charges[i:], c.charges[i+1:])
	copy(c.index[i:], c.index[i+1:])
	last := len(c.charges) - 1
	c.charges[last] = Charge{}
	c.charges, c.index, c.results = c.charges[:last], c.index[:last], c.results[:last]
}

// limits returns what applies to a use.
func (u *Use) limits() []Limit {
	if u.Limits != nil {
		return u.Limits
	}
	return u.Rule.limits
}

// check reports what is wrong with a use.
func (l *Limiter) check(u *Use) error {
	switch {
	case u.Rule == nil || u.Rule.limiter != l:
		return fmt.Errorf("%w: the rule of a Use is missing or another Limiter's", ErrKey)
	case u.Key == "":
		return fmt.Errorf("%w: the key for rule %q is empty", ErrKey, u.Rule.name)
	case u.Cost < 0 || u.Cost > MaxAmount:
		return fmt.Errorf("%w: %d for rule %q, want 0 to %d", ErrCost, u.Cost, u.Rule.name, MaxAmount)
	}
	if u.Limits != nil {
		return l.usable(u.Limits)
	}
	return nil
}

// newID returns an ID that no other charge has.
func newID() (id ID) {
	binary.LittleEndian.PutUint64(id[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(id[8:], rand.Uint64())
	return id
}

// record counts a decision, by rule and in the account of the request.
func (d *Decision) record(ctx context.Context) {
	for i := range d.count {
		q := d.quota(i)
		if q.unasked {
			continue
		}
		q.Rule.stats.add(q)
		degraded := q.Source == FromShare || q.Source == FromPolicy
		if q.Allowed && !degraded {
			continue
		}
		if account := ledger.From(ctx); account != nil {
			account.AddVerdict(q.Rule.name, !q.Allowed, q.Rule.config.DryRun, degraded)
		}
	}
}
