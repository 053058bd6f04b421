package redis

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
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
// All charges of a call are decided by one script, with Redis's clock. In a
// Cluster that holds for those of one key, which share a slot; if a call has
// several keys, their scripts run at the same time, and if one refuses, what
// the others have charged is taken back in a second round trip: nothing more is
// admitted, but another call may be refused in between. A lease that they have
// extended stays so.
//
// A failover can lose the last writes (see the package comment): at most what
// was charged since the last write that the replica has seen is admitted again.
type Limits struct {
	store   *Store
	scripts limitScripts
	now     func() string // microseconds, for tests; "" for the server's clock
}

// Limits returns the store's limits.
func (s *Store) Limits() *Limits {
	return &Limits{store: s, now: func() string { return "" }}
}

// resetsChannel carries the Scope of each bucket that is reset.
const resetsChannel = "limit:resets"

// limitArgs is how many arguments a script gets for each charge, at most.
const limitArgs = 10

// A limitGroup is the charges of one call that share a slot.
type limitGroup struct {
	call       scriptCall
	quick      bool // by the quick script
	strategies uint
	index      []int // of the charges
}

// Apply implements [ratelimit.Store].
func (l *Limits) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	groups := l.group(op, charges)
	granted, err := l.applyGroups(ctx, groups, results)
	if err != nil {
		return err
	}
	if op == ratelimit.Reset {
		return l.tellReset(ctx, charges)
	}
	if op != ratelimit.Take || len(groups) == 1 {
		return nil
	}
	for i := range charges {
		if !results[i].Allowed && !charges[i].Soft {
			return l.undo(ctx, charges, results, granted)
		}
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

// group sorts the charges by slot: in one group, unless this is a Cluster.
func (l *Limits) group(op ratelimit.Op, charges []ratelimit.Charge) []limitGroup {
	groups := make([]limitGroup, 0, 1)
	tags := make([]string, 0, 1)
	apart := l.store.conn.target.topology == cluster
	quick := isQuick(op, charges)
	for i := range charges {
		c := &charges[i]
		tag, name := limitKey(c)
		at := 0
		for apart && at < len(tags) && tags[at] != tag {
			at++
		}
		if at == len(groups) {
			tags = append(tags, tag)
			g := limitGroup{quick: quick, call: scriptCall{
				keys: make([]string, 0, len(charges)+1),
				args: make([]string, 0, 2+limitArgs*len(charges)),
			}}
			if !quick {
				g.call.args = append(g.call.args, opNames[op])
			}
			g.call.args = append(g.call.args, l.now())
			groups = append(groups, g)
		}
		groups[at].add(c, i, name)
	}
	return groups
}

var opNames = [...]string{
	ratelimit.Take: "take", ratelimit.Peek: "peek", ratelimit.Refund: "refund",
	ratelimit.Extend: "extend", ratelimit.Reset: "reset",
}

// limitKey names the bucket of a charge. Keys of one Charge.Key share a slot.
// Nobody can find two buckets with one name: that would be a collision of 128
// bits of SHA-256. What the key was cannot be read from it.
func limitKey(c *ratelimit.Charge) (tag, name string) {
	b := make([]byte, 0, 256)
	b = append(b, c.Key...)
	subject := sha256.Sum256(b)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(c.Key))) // read from its end, this is one to one
	b = append(b, c.Scope...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(c.Scope)))
	b = append(b, byte(c.Limit.Strategy))
	b = binary.LittleEndian.AppendUint64(b, uint64(c.Limit.Amount))
	b = binary.LittleEndian.AppendUint64(b, uint64(c.Limit.Period))
	b = binary.LittleEndian.AppendUint64(b, uint64(c.Limit.Burst))
	bucket := sha256.Sum256(b)
	out := make([]byte, 0, 48)
	out = append(out, "limit:{"...)
	out = base64.RawURLEncoding.AppendEncode(out, subject[:8])
	out = append(out, "}:"...)
	end := len(out) - 1
	out = base64.RawURLEncoding.AppendEncode(out, bucket[:16])
	name = string(out)
	return name[:end], name
}

// add appends a charge as the script reads it.
func (g *limitGroup) add(c *ratelimit.Charge, i int, name string) {
	p := c.Limit.Plan()
	var flags, x, y string
	if c.Check {
		flags = "c"
	}
	if c.Soft {
		flags += "s"
	}
	g.call.keys = append(g.call.keys, name)
	switch p.Strategy {
	case ratelimit.Concurrency:
		g.call.keys = append(g.call.keys, name+":u")
		x, y = string(c.ID[:]), "0"
	case ratelimit.GCRA:
		x, y = decimal(p.Drain), decimal(p.Price)
	default:
		x, y = decimal(p.Step), decimal(p.Parts)
	}
	if g.quick {
		g.call.args = append(g.call.args, decimal(c.Cost), decimal(p.Most), decimal(p.Period), x, y)
	} else {
		g.call.args = append(g.call.args, partOf(p.Strategy).letter, flags, decimal(c.Cost), decimal(c.Least),
			decimal(p.Most), decimal(p.Period), x, y, decimal(c.Receipt.At), decimal(c.Receipt.Level))
	}
	g.strategies |= 1 << c.Limit.Strategy
	g.index = append(g.index, i)
}

// applyGroups runs the script of each group, in one round trip unless a server
// does not know it, and returns which groups were charged.
func (l *Limits) applyGroups(ctx context.Context, groups []limitGroup, results []ratelimit.Result) (granted []int, err error) {
	if len(groups) == 1 {
		r, err := l.store.runOne(ctx, l.scripts.of(groups), groups[0].call)
		if err != nil {
			return nil, limitsUnavailable(err)
		}
		return nil, groups[0].read(r, results)
	}
	calls := make([]scriptCall, len(groups))
	for i := range groups {
		calls[i] = groups[i].call
	}
	replies, err := l.store.run(ctx, l.scripts.of(groups), calls)
	if err != nil {
		return nil, limitsUnavailable(err)
	}
	for i := range groups {
		if e := groups[i].read(replies[i], results); e != nil {
			err = errors.Join(err, e)
		} else {
			granted = append(granted, groups[i].index...)
		}
	}
	return granted, err
}

// read takes the script's answer for a group.
func (g *limitGroup) read(r rueidis.RedisResult, results []ratelimit.Result) error {
	const width = 7
	n, err := r.AsIntSlice()
	if err != nil {
		return limitsUnavailable(err)
	}
	if len(n) != width*len(g.index) {
		return limitsUnavailable(errReply)
	}
	for i, at := range g.index {
		v := n[width*i:]
		results[at] = ratelimit.Result{
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

func micros(n int64) time.Duration {
	if n < 0 {
		return ratelimit.Never
	}
	return time.Duration(n) * time.Microsecond
}

// undo takes back what groups have charged while another refused. What cannot
// be taken back stays charged: fewer are admitted, never more.
func (l *Limits) undo(ctx context.Context, charges []ratelimit.Charge, results []ratelimit.Result, granted []int) error {
	var back []ratelimit.Charge
	var index []int
	for _, i := range granted {
		if results[i].Granted > 0 && results[i].Receipt.At != 0 { // else it was held before
			c := charges[i]
			c.Cost, c.Receipt = results[i].Granted, results[i].Receipt
			back, index = append(back, c), append(index, i)
		}
	}
	for _, i := range granted {
		results[i].Granted = 0
	}
	if len(back) == 0 {
		return nil
	}
	after := make([]ratelimit.Result, len(back))
	_, err := l.applyGroups(ctx, l.group(ratelimit.Refund, back), after)
	for k, i := range index {
		results[i].Receipt = ratelimit.Receipt{}
		if err == nil {
			results[i].Remaining, results[i].ResetAfter = after[k].Remaining, after[k].ResetAfter
		}
	}
	return err
}

// tellReset publishes the scopes whose buckets were reset.
func (l *Limits) tellReset(ctx context.Context, charges []ratelimit.Charge) error {
	told := make(map[string]bool)
	for i := range charges {
		scope := charges[i].Scope
		if told[scope] {
			continue
		}
		told[scope] = true
		err := l.store.conn.do(ctx, func(b rueidis.Builder) rueidis.Completed {
			return b.Publish().Channel(resetsChannel).Message(scope).Build()
		}).Error()
		if err != nil {
			return limitsUnavailable(err)
		}
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

// limitsUnavailable is the error of a call that got no answer.
func limitsUnavailable(cause error) error {
	if errors.Is(cause, ratelimit.ErrUnavailable) {
		return cause
	}
	return fmt.Errorf("redis: limits: %w: %w", ratelimit.ErrUnavailable, cause)
}
