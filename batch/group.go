package batch

import (
	"context"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// A Group is the goroutines of one request that load through the same
// [Loader]s. It sends the batches of all its loaders when none of its
// goroutines can add to them: each waits for a load, or has ended, or is in
// [Group.Park] or [Group.Wait].
//
// The goroutines are those started with [Group.Go], and one more, the owner,
// which stands for all others that load. The owner counts as able to add until
// it waits: start the goroutines, then call Wait. Loads of an owner who has
// started none are sent at once.
//
// A goroutine waits as a member of its group only in a load that is called
// with the context that [Group.Go] gave it, or one made from it. If one waits
// for another by other means, such as a channel or a mutex, it belongs in
// Park, or loads wait for [GroupConfig.Patience].
//
// A Group is safe for concurrent use. It belongs to one request, and whoever
// made it calls Wait before the request ends.
type Group struct {
	// ctx is the request's, kept because fetches belong to the request and to
	// none of the calls that wait for them.
	ctx      context.Context
	patience time.Duration
	owner    member
	idle     sync.Cond // members and fetches have both become 0

	mu struct {
		sync.Mutex // also guards the fields of members and of loaders
		running    int
		members    int // goroutines of Go
		fetches    int // goroutines of loaders
		open       []sender
		timer      *time.Timer // nil until first needed
		armed      time.Time   // zero while the timer is not
		err        error
		panicked   *PanicError
	}
}

// A sender is a loader with a batch that is open.
type sender interface {
	// sendLocked sends the batch and calls closedLocked.
	sendLocked()
}

// A member is a goroutine of a group and the context by which it is known.
type member struct {
	context.Context

	group   *Group
	waiting int // for how many things; it is running if for none
}

type memberKey struct{ group *Group }

// Value answers for the group and asks the parent for everything else.
func (m *member) Value(key any) any {
	if key == (memberKey{m.group}) {
		return m
	}
	return m.Context.Value(key)
}

// NewGroup makes a group whose fetches run on ctx, the request's context:
// they have its values and end with it. There is no GroupConfig that is wrong,
// so there is no error.
func NewGroup(ctx context.Context, cfg GroupConfig) *Group {
	g := &Group{ctx: ctx, patience: cfg.withDefaults().Patience}
	g.idle.L = &g.mu.Mutex
	g.owner.group = g
	g.mu.running = 1 // the owner
	return g
}

// Go calls f in a new goroutine of the group. f loads with the context that it
// is given, which is the group's and ends with nothing else. An error of f
// stops nobody; [Group.Wait] returns the first one. A panic is passed on by
// Wait, in a goroutine that somebody watches.
//
// Cost: two allocations and a goroutine.
func (g *Group) Go(f func(ctx context.Context) error) {
	m := &member{Context: g.ctx, group: g}
	g.mu.Lock()
	g.mu.members++
	g.mu.running++
	g.mu.Unlock()
	go g.run(m, f)
}

func (g *Group) run(m *member, f func(ctx context.Context) error) {
	var err error
	defer func() {
		var panicked *PanicError
		if v := recover(); v != nil {
			panicked = &PanicError{Value: v, Stack: debug.Stack()}
		}
		g.leave(err, panicked)
	}()
	err = f(m)
}

func (g *Group) leave(err error, panicked *PanicError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mu.err == nil {
		g.mu.err = err
	}
	if g.mu.panicked == nil {
		g.mu.panicked = panicked
	}
	g.mu.members--
	g.mu.running--
	g.settleLocked()
	g.endedLocked()
}

// endedLocked wakes [Group.Wait] if what has just ended was the last.
func (g *Group) endedLocked() {
	if g.mu.members == 0 && g.mu.fetches == 0 {
		g.idle.Broadcast()
	}
}

// Wait returns when every goroutine of the group has ended and every fetch has
// returned, including those that nobody waits for any more. It returns the
// first error of a function passed to [Group.Go], in order of time. If one
// panicked, Wait panics with a [*PanicError]. It must not be called by the
// group's goroutines, which would wait for themselves. It may be called again,
// and more goroutines may be started afterwards.
func (g *Group) Wait() error {
	panicked, err := g.wait()
	if panicked != nil {
		panic(panicked)
	}
	return err
}

func (g *Group) wait() (*PanicError, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.parkLocked(&g.owner)
	g.settleLocked()
	for g.mu.members > 0 || g.mu.fetches > 0 {
		g.idle.Wait()
	}
	g.unparkLocked(&g.owner)
	panicked := g.mu.panicked
	g.mu.panicked = nil // it is passed on once
	return panicked, g.mu.err
}

// Park calls wait, during which the calling goroutine counts as one that adds
// nothing. It is for what waits for other goroutines of the group: for a
// channel, a sync.WaitGroup, a mutex held during loads. ctx is the one that
// [Group.Go] gave; any other stands for the owner. wait must not load.
func (g *Group) Park(ctx context.Context, wait func()) {
	m := g.member(ctx)
	g.mu.Lock()
	g.parkLocked(m)
	g.settleLocked()
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		g.unparkLocked(m)
		g.mu.Unlock()
	}()
	wait()
}

// member returns the goroutine that ctx belongs to: the owner if it is none of
// the group's.
func (g *Group) member(ctx context.Context) *member {
	if m, ok := ctx.Value(memberKey{g}).(*member); ok {
		return m
	}
	return &g.owner
}

func (g *Group) parkLocked(m *member) {
	if m.waiting == 0 {
		g.mu.running--
	}
	m.waiting++
}

func (g *Group) unparkLocked(m *member) {
	m.waiting--
	if m.waiting == 0 {
		g.mu.running++
	}
}

// settleLocked restores the invariant that a batch is open only while a
// goroutine is running that may add to it. Whoever takes from running, or
// opens a batch, calls it before the lock is released.
func (g *Group) settleLocked() {
	if g.mu.running == 0 {
		g.sendAllLocked()
	}
}

func (g *Group) sendAllLocked() {
	for len(g.mu.open) > 0 {
		g.mu.open[0].sendLocked()
	}
}

func (g *Group) openedLocked(s sender) { g.mu.open = append(g.mu.open, s) }

func (g *Group) closedLocked(s sender) {
	i := slices.Index(g.mu.open, s)
	g.mu.open = slices.Delete(g.mu.open, i, i+1)
	if len(g.mu.open) == 0 && !g.mu.armed.IsZero() {
		g.mu.timer.Stop()
		g.mu.armed = time.Time{}
	}
}

// armLocked bounds how long the open batches wait for running goroutines. It
// is called when somebody has begun to wait for one of them.
func (g *Group) armLocked() {
	if g.patience < 0 || len(g.mu.open) == 0 || !g.mu.armed.IsZero() {
		return
	}
	g.mu.armed = time.Now()
	if g.mu.timer == nil {
		g.mu.timer = time.AfterFunc(g.patience, g.expire)
	} else {
		g.mu.timer.Reset(g.patience)
	}
}

// expire is called by the timer, perhaps just after it was stopped and armed
// anew: then it is not yet time.
func (g *Group) expire() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.mu.armed.IsZero() && time.Since(g.mu.armed) >= g.patience {
		g.sendAllLocked()
	}
}
