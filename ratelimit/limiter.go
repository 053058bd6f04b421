package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/breaker"
)

// A Limiter decides by the buckets in a store. It is safe for concurrent use.
type Limiter struct {
	store   Store
	local   bool // the store is of this process: no deadline, no breaker
	config  Config
	breaker *breaker.Breaker
	base    time.Time
	calls   sync.Pool
	seeds   [2]maphash.Seed
	denied  *denyCache
	leases  *leaseTable
	census  census

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup

	closing sync.Once
	mu      struct {
		sync.Mutex
		rules  map[string]*Rule
		closed bool
	}
}

// A Local is a [Store] that lives in this process: no other sees what it
// counts, and its calls need neither deadline nor breaker.
type Local interface {
	// Local reports whether the buckets are of this process alone.
	Local() bool
}

// New returns a limiter on a store, which stays the caller's. It does no I/O.
// The caller closes it.
func New(store Store, c Config) (*Limiter, error) {
	c = c.withDefaults()
	if store == nil {
		return nil, errors.New("ratelimit: the store is nil")
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	l := &Limiter{store: store, config: c, base: time.Now()}
	if s, ok := store.(Local); ok {
		l.local = s.Local()
	}
	l.breaker = breaker.New(breaker.Config{
		Ping: store.Ping, Unavailable: ErrUnavailable, Timeout: c.Timeout, Probe: c.ProbeInterval,
	})
	l.calls.New = func() any { return new(call) }
	l.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	if !l.local {
		l.denied = newDenyCache(c.DenyCache)
	} else {
		l.denied = newDenyCache(0) // it would not be asked
	}
	l.leases = newLeaseTable(c.LeasedKeys)
	l.mu.rules = make(map[string]*Rule)
	l.ctx, l.stop = context.WithCancel(context.Background())
	if w, ok := store.(ResetWatcher); ok && !l.local {
		l.work.Go(func() { w.WatchResets(l.ctx, l.config.Namespace, l.denied.clear) })
	}
	return l, nil
}

// A ResetWatcher is a [Store] that tells of [Reset] as it happens, whoever
// asked for it, so that no process goes on refusing a key from memory.
type ResetWatcher interface {
	// WatchResets calls f after each reset of a bucket whose Scope begins with
	// the namespace and a colon, and whenever some may have gone untold. It
	// returns when ctx ends. f is quick and may be called at any time.
	WatchResets(ctx context.Context, namespace string, f func())
}

// Close gives unspent leases back, as far as the store answers, and ends what
// the limiter runs in the background. Later calls find the store unavailable.
// It is idempotent.
func (l *Limiter) Close() {
	l.closing.Do(func() {
		l.mu.Lock()
		l.mu.closed = true
		l.mu.Unlock()
		l.stop()
		l.giveBackAll()
		l.work.Wait()
		l.breaker.Close()
	})
}

// Namespace returns that of the [Config].
func (l *Limiter) Namespace() string { return l.config.Namespace }

// Rules returns the rules, by name.
func (l *Limiter) Rules() []*Rule {
	l.mu.Lock()
	defer l.mu.Unlock()
	rules := make([]*Rule, 0, len(l.mu.rules))
	for _, r := range l.mu.rules {
		rules = append(rules, r)
	}
	slices.SortFunc(rules, func(a, b *Rule) int { return strings.Compare(a.name, b.name) })
	return rules
}

// add registers a rule.
func (l *Limiter) add(r *Rule) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.closed {
		return errors.New("ratelimit: the Limiter is closed")
	}
	if l.mu.rules[r.name] != nil {
		return fmt.Errorf("ratelimit: rule %q: the name is taken", r.name)
	}
	l.mu.rules[r.name] = r
	if r.config.OnStoreError == FailShare {
		l.startCensus()
	}
	return nil
}

// Take charges all uses, or none if some limit of theirs refuses. Two uses must
// not share a rule and a key. Whoever is refused is charged nothing.
//
// An error means that nothing could be decided: it matches [ErrKey] or
// [ErrCost] if a use is wrong, [ErrUnsupported] if the store cannot count so,
// and [ErrUnavailable] if the store gave no answer and some rule fails closed;
// it is that of ctx if that had ended before. The Decision then refuses.
//
// Cost: one round trip for any number of limits; none if a refusal is
// remembered or leased units suffice. No allocation for one limit on a store
// without any.
func (l *Limiter) Take(ctx context.Context, uses ...Use) (d Decision, err error) {
	if len(uses) == 1 && l.isBound(&uses[0]) {
		err = uses[0].Rule.takeBound(ctx, uses[0].Key, uses[0].Cost, &d)
		return d, err
	}
	return l.decide(ctx, Take, uses)
}

// Peek says what Take would, and charges nothing. It asks the store always.
func (l *Limiter) Peek(ctx context.Context, uses ...Use) (Decision, error) {
	return l.decide(ctx, Peek, uses)
}

// decide does op on all uses.
func (l *Limiter) decide(ctx context.Context, op Op, uses []Use) (Decision, error) {
	if err := ctx.Err(); err != nil {
		return Decision{}, err
	}
	c := l.calls.Get().(*call)
	defer l.release(c)
	var d Decision
	if err := c.expand(l, &d, uses); err != nil {
		return Decision{}, err
	}
	if d.count == 0 {
		d.Allowed = true
		return d, nil
	}
	err := l.run(ctx, c, op, &d)
	if op == Take && (err == nil || d.Degraded != nil) {
		d.record(ctx)
	}
	if err != nil {
		return Decision{Degraded: d.Degraded}, err
	}
	return d, nil
}

// run fills the quotas of d.
func (l *Limiter) run(ctx context.Context, c *call, op Op, d *Decision) error {
	if !l.local && op == Take {
		d.Allowed = l.prepare(c, d)
		if !d.Allowed || len(c.charges) == 0 {
			l.settle(c, d, false)
			return nil
		}
		d.Allowed = false
	}
	c.sent = time.Since(l.base)
	err := l.apply(ctx, op, c.charges, c.results)
	switch {
	case err == nil:
		l.read(c, op, d)
		return nil
	case !errors.Is(err, ErrUnavailable):
		l.settle(c, d, false)
		return err
	}
	l.tell(ctx, err)
	d.Degraded = err
	return l.fallBack(ctx, c, op, d, err)
}

// apply calls the store.
func (l *Limiter) apply(ctx context.Context, op Op, charges []Charge, results []Result) error {
	if l.local {
		return l.store.Apply(ctx, op, charges, results)
	}
	bounded, err := l.breaker.Begin()
	if err != nil {
		return err
	}
	return l.breaker.End(l.store.Apply(bounded, op, charges, results))
}

// tell passes on a failure of the store: those of calls, not of all requests
// while it is not called.
func (l *Limiter) tell(ctx context.Context, err error) {
	if !errors.Is(err, breaker.ErrOpen) {
		l.config.OnError(ctx, err)
	}
}

// read takes over the store's results.
func (l *Limiter) read(c *call, op Op, d *Decision) {
	d.Allowed = true
	for i := range c.results {
		q, r := d.quota(c.index[i]), &c.results[i]
		q.read(r)
		if !q.Allowed && !q.Rule.config.DryRun {
			d.Allowed = false
		}
	}
	if op == Reset {
		l.denied.clear()
		return
	}
	if !l.local {
		l.settle(c, d, d.Allowed)
	}
}

// now returns the time since the limiter was made, by the monotonic clock.
func (l *Limiter) now() time.Duration { return time.Since(l.base) }

// release clears a call, which holds keys, and keeps it for the next.
func (l *Limiter) release(c *call) {
	clear(c.charges)
	clear(c.uses)
	c.charges, c.results, c.index, c.uses = c.charges[:0], c.results[:0], c.index[:0], c.uses[:0]
	l.calls.Put(c)
}

// digest names a bucket in the tables of this process. The chance that two of
// a billion buckets share one is below 10⁻²⁰.
func (l *Limiter) digest(q *Quota) digest {
	k := bucketKey{q.Rule.scope, q.Key, q.Limit}
	return digest{maphash.Comparable(l.seeds[0], k), maphash.Comparable(l.seeds[1], k)}
}

type bucketKey struct {
	scope, key string
	limit      Limit
}

type digest [2]uint64
