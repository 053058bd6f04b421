package optimistic

import (
	"context"
	"fmt"
	"sync"

	"github.com/hone-go/hone/ratelimit"
)

// turns lets the callers of one process change a bucket one after the other.
// They need not, as a swap finds out who was faster; but of a hundred who try
// at the same time 99 have to begin again, and so on: half of the square of
// their number are in vain.
type turns struct {
	mu struct {
		sync.Mutex
		of map[string]*turn // those that somebody has
	}
}

type turn struct {
	free  chan struct{} // holds one value while nobody has the turn
	users int           // that have it or wait for it
}

// take waits for the turn to change what has the name, and reports whether
// somebody else had it.
func (t *turns) take(ctx context.Context, name string) (waited bool, err error) {
	t.mu.Lock()
	if t.mu.of == nil {
		t.mu.of = make(map[string]*turn)
	}
	mine := t.mu.of[name]
	waited = mine != nil
	if !waited {
		mine = &turn{free: make(chan struct{}, 1)}
		mine.free <- struct{}{}
		t.mu.of[name] = mine
	}
	mine.users++
	t.mu.Unlock()
	select {
	case <-mine.free:
		return waited, nil
	case <-ctx.Done():
		t.leave(name)
		return waited, fmt.Errorf("%w: %w", ratelimit.ErrUnavailable, ctx.Err())
	}
}

// pass ends the turn.
func (t *turns) pass(name string) {
	t.leave(name).free <- struct{}{}
}

func (t *turns) leave(name string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.mu.of[name]
	if mine.users--; mine.users == 0 {
		delete(t.mu.of, name)
	}
	return mine
}
