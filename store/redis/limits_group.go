package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/ratelimit"
)

// A limitGroup is the charges of one call that share a slot.
type limitGroup struct {
	charges []ratelimit.Charge
	results []ratelimit.Result

	all   []ratelimit.Result // of the call
	index []int              // of the charges in the call; nil if they are all of them
}

// apart reports whether the buckets of different keys are in different places.
func (l *Limits) apart() bool { return l.store.conn.target.topology == cluster }

// group sorts the charges by slot: in one group, unless this is a Cluster.
func (l *Limits) group(charges []ratelimit.Charge, results []ratelimit.Result) []limitGroup {
	if !l.apart() || oneKey(charges) {
		return []limitGroup{{charges: charges, results: results}}
	}
	var groups []limitGroup
	for i := range charges {
		at := 0
		for at < len(groups) && groups[at].charges[0].Key != charges[i].Key {
			at++
		}
		if at == len(groups) {
			groups = append(groups, limitGroup{all: results})
		}
		g := &groups[at]
		g.charges, g.index = append(g.charges, charges[i]), append(g.index, i)
		g.results = append(g.results, ratelimit.Result{})
	}
	return groups
}

func oneKey(charges []ratelimit.Charge) bool {
	for i := range charges {
		if charges[i].Key != charges[0].Key {
			return false
		}
	}
	return true
}

// scatter writes the results to where the call wants them.
func (g *limitGroup) scatter() {
	for k, i := range g.index {
		g.all[i] = g.results[k]
	}
}

// limitArgs is how many arguments a script gets for each charge.
const limitArgs = 10

// applyGroups runs the script of each group, in one round trip unless a server
// does not know it.
func (l *Limits) applyGroups(ctx context.Context, op ratelimit.Op, groups []limitGroup) error {
	calls := make([]scriptCall, len(groups))
	var set uint
	for i := range groups {
		charges := groups[i].charges
		args := make([]string, 0, 2+limitArgs*len(charges))
		args = append(args, opNames[op], l.now())
		keys := make([]string, 0, len(charges)+1)
		for j := range charges {
			keys, args = appendKeys(keys, &charges[j]), appendArgs(args, &charges[j])
			set |= 1 << charges[j].Limit.Strategy
		}
		calls[i] = scriptCall{keys, args}
	}
	return l.runGroups(ctx, l.scripts.of(set), groups, calls, (*limitGroup).read)
}

// runGroups runs a script for each group, and has its answer read.
func (l *Limits) runGroups(ctx context.Context, sc *script, groups []limitGroup, calls []scriptCall,
	read func(*limitGroup, []rueidis.RedisMessage) error,
) error {
	replies, err := l.store.run(ctx, sc, calls)
	if err != nil {
		return limitsUnavailable(err)
	}
	for i := range groups {
		values, e := replies[i].ToArray()
		if e == nil {
			e = read(&groups[i], values)
		}
		if e != nil {
			err = errors.Join(err, limitsUnavailable(e))
			continue
		}
		groups[i].scatter()
	}
	return err
}

var opNames = [...]string{
	ratelimit.Take: "take", ratelimit.Peek: "peek", ratelimit.Refund: "refund", ratelimit.Extend: "extend",
}

// appendKeys appends the keys of a charge's bucket.
func appendKeys(keys []string, c *ratelimit.Charge) []string {
	name := limitKey(c)
	if keys = append(keys, name); c.Limit.Strategy == ratelimit.Concurrency {
		keys = append(keys, name+":u")
	}
	return keys
}

// appendArgs appends a charge as head.lua says.
func appendArgs(args []string, c *ratelimit.Charge) []string {
	p := c.Limit.Plan()
	x, y := planNumbers(&p)
	first, flags := decimal(x), ""
	if p.Strategy == ratelimit.Concurrency {
		first = string(c.ID[:])
	}
	if c.Check {
		flags = "c"
	}
	if c.Soft {
		flags += "s"
	}
	return append(args, partOf(p.Strategy).letter, flags, decimal(c.Cost), decimal(c.Least), decimal(p.Most), decimal(p.Period),
		first, decimal(y), decimal(c.Receipt.At), decimal(c.Receipt.Level))
}

// planNumbers returns the two numbers of a plan that its strategy calculates
// with.
func planNumbers(p *ratelimit.Plan) (x, y int64) {
	if p.Strategy == ratelimit.GCRA {
		return p.Drain, p.Price
	}
	return p.Step, p.Parts
}

// read takes tail.lua's answer for a group.
func (g *limitGroup) read(values []rueidis.RedisMessage) error {
	const width = 7
	if len(values) != width*len(g.charges) {
		return errReply
	}
	for i := range g.charges {
		var v [width]int64
		if err := readNumbers(v[:], values[width*i:]); err != nil {
			return err
		}
		g.results[i] = ratelimit.Result{
			Allowed:    v[0] == 1,
			Granted:    v[1],
			Remaining:  v[2],
			RetryAfter: micros(v[3]),
			ResetAfter: micros(v[4]),
			Receipt:    ratelimit.Receipt{At: v[5], Level: v[6]},
		}
	}
	return nil
}

// readNumbers reads as many numbers as numbers is long.
func readNumbers(numbers []int64, values []rueidis.RedisMessage) error {
	for i := range numbers {
		n, err := values[i].AsInt64()
		if err != nil {
			return err
		}
		numbers[i] = n
	}
	return nil
}

func micros(n int64) time.Duration {
	if n < 0 {
		return ratelimit.Never
	}
	return time.Duration(n) * time.Microsecond
}

// undoRefused takes back what groups have charged while another refused. What
// cannot be taken back stays charged: fewer are admitted, never more.
func (l *Limits) undoRefused(ctx context.Context, charges []ratelimit.Charge, results []ratelimit.Result) error {
	refused := false
	for i := range charges {
		refused = refused || !results[i].Allowed && !charges[i].Soft
	}
	if !refused {
		return nil
	}
	var back []ratelimit.Charge
	var index []int
	for i := range charges {
		if results[i].Granted > 0 && results[i].Receipt.At != 0 { // else it was held before
			c := charges[i]
			c.Cost, c.Receipt = results[i].Granted, results[i].Receipt
			back, index = append(back, c), append(index, i)
		}
		results[i].Granted = 0
	}
	if len(back) == 0 {
		return nil
	}
	after := make([]ratelimit.Result, len(back))
	err := l.applyGroups(ctx, ratelimit.Refund, l.group(back, after))
	for k, i := range index {
		results[i].Receipt = ratelimit.Receipt{}
		if err == nil {
			results[i].Remaining, results[i].ResetAfter = after[k].Remaining, after[k].ResetAfter
		}
	}
	return err
}
