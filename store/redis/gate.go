package redis

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// ringScale gives each connection room for 2^11 calls that wait for their
	// answers. Not fewer: a burst of a thousand requests must fit. Not more:
	// a connection's room takes 1 MB already.
	ringScale = 11
	// gateCalls is how many calls are under way at a time: fewer than a
	// connection has room for, since waiting for room does not end with the
	// caller's context.
	gateCalls = 1<<ringScale - 64
	// gateWindow is how long a call that was given up on may keep its place: it
	// leaves it when the answer comes, or when the silent connection is closed,
	// after three times keepAlive at most.
	gateWindow = 4 * keepAlive
)

// A gate bounds the calls under way, those included that their callers have
// given up on.
type gate struct {
	calls     atomic.Int64
	waiting   atomic.Int64
	room      chan struct{}   // has a token when a place was given back
	abandoned [2]atomic.Int64 // in the present window and in the one before
	window    atomic.Int64    // its number
	start     time.Time
}

func newGate() *gate { return &gate{room: make(chan struct{}, 1), start: time.Now()} }

// enter waits for a place. Cost: two atomic operations, if there is one.
func (g *gate) enter(ctx context.Context) error {
	if g.try() {
		return nil
	}
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	window := time.NewTicker(gateWindow / 10) // nobody gives an abandoned place back
	defer window.Stop()
	for {
		if g.try() {
			g.wake() // there may be room for another
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-g.room:
		case <-window.C:
		}
	}
}

func (g *gate) try() bool {
	if g.calls.Add(1)+g.left() <= gateCalls {
		return true
	}
	g.calls.Add(-1)
	return false
}

// leave gives the place back, later if nobody waits for the answer.
func (g *gate) leave(abandoned bool) {
	if abandoned {
		g.turn()
		g.abandoned[g.window.Load()&1].Add(1)
	}
	g.calls.Add(-1)
	g.wake()
}

// wake has one of those who wait try again.
func (g *gate) wake() {
	if g.waiting.Load() == 0 {
		return
	}
	select {
	case g.room <- struct{}{}:
	default:
	}
}

// left returns how many calls were given up on lately.
func (g *gate) left() int64 {
	n := g.abandoned[0].Load() + g.abandoned[1].Load()
	if n != 0 {
		g.turn()
	}
	return n
}

// turn begins a new window when it is time.
func (g *gate) turn() {
	w := g.window.Load()
	now := int64(time.Since(g.start) / gateWindow)
	if now == w || !g.window.CompareAndSwap(w, now) {
		return
	}
	g.abandoned[now&1].Store(0)
	if now != w+1 {
		g.abandoned[w&1].Store(0)
	}
}
