package ratelimittest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/ratelimittest"
)

// A broken store is a right one with a fault: apply may change the call and its
// results.
type broken struct {
	*buckets
	apply func(s *buckets, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error
}

func (b broken) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	if err := ctx.Err(); err != nil {
		return b.buckets.Apply(ctx, op, charges, results)
	}
	return b.apply(b.buckets, op, append([]ratelimit.Charge(nil), charges...), results)
}

var ctx = context.Background()

// edit is a fault that changes what is asked.
func edit(f func(op *ratelimit.Op, c *ratelimit.Charge)) func(*buckets, ratelimit.Op, []ratelimit.Charge, []ratelimit.Result) error {
	return func(s *buckets, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
		for i := range charges {
			f(&op, &charges[i])
		}
		return s.Apply(ctx, op, charges, results)
	}
}

// alter is a fault that changes what is answered.
func alter(f func(op ratelimit.Op, c ratelimit.Charge, r *ratelimit.Result)) func(*buckets, ratelimit.Op, []ratelimit.Charge, []ratelimit.Result) error {
	return func(s *buckets, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
		err := s.Apply(ctx, op, charges, results)
		for i := range charges {
			f(op, charges[i], &results[i])
		}
		return err
	}
}

func TestTheSuiteFindsFaults(t *testing.T) {
	faults := map[string]func(*buckets, ratelimit.Op, []ratelimit.Charge, []ratelimit.Result) error{
		"one more is admitted": edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.Limit.Amount++ }),
		"a refusal is charged": func(s *buckets, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
			err := s.Apply(ctx, op, charges, results)
			if op == ratelimit.Take && len(charges) == 1 && !results[0].Allowed {
				charges[0].Least = 1
				charges[0].ID[0]++
				_ = s.Apply(ctx, op, charges, make([]ratelimit.Result, 1))
			}
			return err
		},
		"each charge is taken for itself": func(s *buckets, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
			for i := range charges {
				if err := s.Apply(ctx, op, charges[i:i+1], results[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		},
		"Peek charges": edit(func(op *ratelimit.Op, _ *ratelimit.Charge) {
			if *op == ratelimit.Peek {
				*op = ratelimit.Take
			}
		}),
		"Refund does nothing": edit(func(op *ratelimit.Op, _ *ratelimit.Charge) {
			if *op == ratelimit.Refund {
				*op = ratelimit.Peek
			}
		}),
		"Refund forgets the bucket": func(s *buckets, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
			if op != ratelimit.Refund {
				return s.Apply(ctx, op, charges, results)
			}
			err := s.Apply(ctx, ratelimit.Reset, charges, results)
			results[0].Granted = charges[0].Cost
			return err
		},
		"Extend does nothing": edit(func(op *ratelimit.Op, _ *ratelimit.Charge) {
			if *op == ratelimit.Extend {
				*op = ratelimit.Peek
			}
		}),
		"Reset does nothing": edit(func(op *ratelimit.Op, _ *ratelimit.Charge) {
			if *op == ratelimit.Reset {
				*op = ratelimit.Peek
			}
		}),
		"Least is left out":         edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.Least = 0 }),
		"Check is charged":          edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.Check = false }),
		"Soft stops the others":     edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.Soft = false }),
		"a cost of 0 counts as 1":   edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.Cost = max(1, c.Cost) }),
		"IDs are left out":          edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.ID = ratelimit.ID{} }),
		"scope and key are joined":  edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.Key, c.Scope = c.Scope+c.Key, "" }),
		"scope and key have a sign": edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.Key, c.Scope = c.Scope+"/"+c.Key, "" }),
		"keys are trimmed":          edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.Key = strings.TrimSpace(c.Key) }),
		"keys are made UTF-8":       edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.Key = strings.ToValidUTF8(c.Key, "\ufffd") }),
		"long keys are cut":         edit(func(_ *ratelimit.Op, c *ratelimit.Charge) { c.Key = c.Key[:min(len(c.Key), 1<<20)] }),
		"a period is as good as another": edit(func(_ *ratelimit.Op, c *ratelimit.Charge) {
			c.Limit.Period = c.Limit.Period.Truncate(time.Millisecond)
		}),
		"a refusal has no RetryAfter": alter(func(_ ratelimit.Op, _ ratelimit.Charge, r *ratelimit.Result) { r.RetryAfter = 0 }),
		"RetryAfter is too short":     alter(func(_ ratelimit.Op, _ ratelimit.Charge, r *ratelimit.Result) { r.RetryAfter /= 2 }),
		"ResetAfter is too short":     alter(func(_ ratelimit.Op, _ ratelimit.Charge, r *ratelimit.Result) { r.ResetAfter /= 2 }),
		"nothing is ever too much": alter(func(_ ratelimit.Op, c ratelimit.Charge, r *ratelimit.Result) {
			if r.RetryAfter == ratelimit.Never {
				r.RetryAfter = c.Limit.Period
			}
		}),
		"Remaining is of before": alter(func(op ratelimit.Op, _ ratelimit.Charge, r *ratelimit.Result) {
			if op == ratelimit.Take {
				r.Remaining += r.Granted
			}
		}),
		"two steps, with a gap": func(s *buckets, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
			if op != ratelimit.Take {
				return s.Apply(ctx, op, charges, results)
			}
			err := s.Apply(ctx, ratelimit.Peek, charges, results)
			time.Sleep(time.Millisecond) // the fault is rare without
			for i := range charges {
				if results[i].Allowed {
					forced := charges[i]
					forced.Limit.Amount = ratelimit.MaxLog
					_ = s.Apply(ctx, op, []ratelimit.Charge{forced}, results[i:i+1])
				}
			}
			return err
		},
	}
	for name, apply := range faults {
		t.Run(name, func(t *testing.T) {
			found := ratelimittest.Failures(t, func() ratelimit.Store { return broken{newBuckets(), apply} })
			if len(found) == 0 {
				t.Error("no case of the suite fails")
			}
		})
	}
}
