package optimistic

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/ratelimit"
)

// A call is one Apply.
type call struct {
	limits  *Limits
	charges []ratelimit.Charge
	results []ratelimit.Result
	names   []string
	held    []held // held[i] is the bucket of charges[i]
}

// A held bucket is as it was read, until it is changed.
type held struct {
	plan    ratelimit.Plan
	bucket  ratelimit.Bucket
	data    []byte // the bucket's encoding
	version uint64
	stale   bool // it was changed: the version is another now
}

func (l *Limits) newCall(charges []ratelimit.Charge, results []ratelimit.Result) *call {
	c := &call{
		limits: l, charges: charges, results: results,
		names: make([]string, len(charges)), held: make([]held, len(charges)),
	}
	for i := range charges {
		c.names[i] = nameOf(&charges[i])
		c.held[i].plan = charges[i].Limit.Plan()
	}
	return c
}

// read reads all buckets.
func (c *call) read(ctx context.Context) error {
	records, err := c.limits.records.Read(ctx, c.names)
	if err != nil {
		return err
	}
	for i := range records {
		if err := c.set(&c.held[i], records[i]); err != nil {
			return err
		}
	}
	return nil
}

// set takes what was read. A record that is no bucket is not taken for an empty
// one, which would admit: Reset does away with it. A bucket from which all was
// taken back is as new, but to a process whose clock has never reached its
// time: that would find it as new again and again.
func (c *call) set(h *held, r Record) error {
	h.bucket, h.version, h.stale = ratelimit.Bucket{}, r.Version, false
	if r.Version != 0 {
		if err := h.bucket.UnmarshalBinary(r.Data); err != nil {
			return fmt.Errorf("%w: %w", ratelimit.ErrUnavailable, err)
		}
		if h.bucket.Expiry(&h.plan) == 0 && h.bucket.At <= c.limits.latest.Load() {
			h.bucket.At = 0
		}
	}
	var err error
	h.data, err = h.bucket.AppendBinary(nil) // not r.Data: what is as new may differ from no record
	return err
}

// peek fills the results with what Take would find.
func (c *call) peek(ctx context.Context) error {
	if err := c.read(ctx); err != nil {
		return err
	}
	now := c.limits.time()
	for i := range c.charges {
		h := &c.held[i]
		c.results[i] = h.bucket.Peek(&h.plan, now, &c.charges[i])
	}
	return nil
}

// take charges all or nothing.
func (c *call) take(ctx context.Context) error {
	if err := c.peek(ctx); err != nil {
		return err
	}
	for i := range c.charges {
		if !c.results[i].Allowed && !c.charges[i].Soft {
			return nil
		}
	}
	var made []int
	for _, i := range c.order() {
		if err := c.change(ctx, ratelimit.Take, i, &c.charges[i]); err != nil {
			return err
		}
		if !c.results[i].Allowed && !c.charges[i].Soft {
			return c.undo(ctx, made)
		}
		made = append(made, i)
	}
	return nil
}

// order returns the charges that are to be made, in the order of their names:
// of two callers that both need two buckets, one gets on.
func (c *call) order() []int {
	order := make([]int, 0, len(c.charges))
	for i := range c.charges {
		if !c.charges[i].Check {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(c.names[a], c.names[b]) })
	return order
}

// undo takes back what was charged. What cannot be taken back stays charged:
// fewer are admitted, never more. A lease that was held before stays held.
func (c *call) undo(ctx context.Context, made []int) error {
	for _, i := range made {
		r := c.results[i]
		if r.Receipt != (ratelimit.Receipt{}) {
			back := c.charges[i]
			back.Cost, back.Receipt = r.Granted, r.Receipt
			if err := c.change(ctx, ratelimit.Refund, i, &back); err != nil {
				return err
			}
		}
		after := &c.results[i]
		after.Allowed, after.Granted, after.Receipt = true, 0, ratelimit.Receipt{}
	}
	return nil
}

// change does op on one bucket and swaps its record until nobody was faster.
func (c *call) change(ctx context.Context, op ratelimit.Op, i int, charge *ratelimit.Charge) error {
	h := &c.held[i]
	waited, err := c.limits.turns.take(ctx, c.names[i])
	if err != nil {
		return err
	}
	defer c.limits.turns.pass(c.names[i])
	h.stale = h.stale || waited // whoever had the turn has changed the bucket
	for range maxSwaps {
		if h.stale {
			records, err := c.limits.records.Read(ctx, c.names[i:i+1])
			if err != nil {
				return err
			}
			if err := c.set(h, records[0]); err != nil {
				return err
			}
		}
		now, since := c.limits.time(), h.bucket.At
		c.results[i] = h.bucket.Apply(&h.plan, op, now, charge)
		h.bucket.At = max(h.bucket.At, since) // for set, if all was taken back
		data, err := h.bucket.AppendBinary(make([]byte, 0, len(h.data)+32))
		if err != nil || bytes.Equal(data, h.data) {
			return err
		}
		h.stale = true
		if ok, err := c.limits.records.Swap(ctx, c.names[i], h.version, data, life(&h.plan)); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: others were faster %d times", ratelimit.ErrUnavailable, maxSwaps)
}

// reset forgets all buckets.
func (c *call) reset(ctx context.Context) error {
	if err := c.limits.records.Delete(ctx, c.names); err != nil {
		return err
	}
	now := c.limits.time()
	for i := range c.charges {
		h := &c.held[i]
		c.results[i] = h.bucket.Apply(&h.plan, ratelimit.Reset, now, &c.charges[i])
	}
	return nil
}
