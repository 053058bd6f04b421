package respond

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// GatherConfig configures [Gather]. The zero value is ready to use.
type GatherConfig struct {
	// Timeout is how long all calls together may take. Default 10 seconds;
	// negative means as long as the context lasts. Not smaller: slow services
	// exist. Not larger: nobody waits that long for a page.
	Timeout time.Duration

	// Limit is how many calls run at once. Default 8; negative means all. Not
	// smaller: a page asks for some five things. Not larger: a burst of
	// requests becomes one of calls, times this.
	Limit int

	// Partial lets the other calls go on when one fails. Default: the first
	// failure cancels them.
	Partial bool
}

const (
	defaultGatherTimeout = 10 * time.Second
	defaultGatherLimit   = 8
	// settleTime is how long [Group.Wait] waits for calls whose context has
	// ended. Not smaller: a call that heeds its context must close a
	// connection and be scheduled. Not larger: a call that does not heed it
	// holds the response for this long.
	settleTime = 100 * time.Millisecond
)

// A Group is a set of independent calls to other services for one request.
// [Call] adds to it, [Group.Wait] ends it. It is safe for concurrent use.
type Group struct {
	ctx    context.Context // of the calls; the group lives no longer than one request
	cancel context.CancelFunc
	ledger *ledger.Ledger
	slots  chan struct{} // nil: no limit
	cfg    GatherConfig

	mu struct {
		sync.Mutex
		errs   []*CallError // by call; nil as long as it has not failed
		names  []string
		ended  []bool
		open   int           // calls that have not ended
		closed bool          // results that come now are dropped
		first  *CallError    // the first failure
		idle   chan struct{} // closed when open falls to 0; nil unless awaited
	}
}

// Gather begins a set of calls under one deadline. [Group.Wait] must be called;
// until then, calls hold resources as long as ctx and the timeout let them.
//
//	g := respond.Gather(r.Context(), respond.GatherConfig{})
//	price := respond.Call(g, "pricing", pricing.Fetch)
//	stock := respond.Call(g, "stock", warehouse.Fetch)
//	if err := g.Wait(); err != nil { … }
//	p, _ := price.Get()
func Gather(ctx context.Context, cfg GatherConfig) *Group {
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultGatherTimeout
	}
	if cfg.Limit == 0 {
		cfg.Limit = defaultGatherLimit
	}
	g := &Group{cfg: cfg, ledger: ledger.From(ctx)}
	if cfg.Timeout > 0 {
		g.ctx, g.cancel = context.WithTimeout(ctx, cfg.Timeout)
	} else {
		g.ctx, g.cancel = context.WithCancel(ctx)
	}
	if cfg.Limit > 0 {
		g.slots = make(chan struct{}, cfg.Limit)
	}
	return g
}

// A Result is what a [Call] will have returned when [Group.Wait] has.
type Result[T any] struct {
	g     *Group
	i     int
	value T
}

// Get returns what the call returned. Before [Group.Wait] has returned, and if
// the call has not, value is zero and the error says so. An error is a
// [*CallError].
func (r *Result[T]) Get() (value T, err error) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	switch {
	case r.g.mu.errs[r.i] != nil:
		return value, r.g.mu.errs[r.i]
	case !r.g.mu.ended[r.i]:
		return value, &CallError{r.g.mu.names[r.i], errNotEnded}
	}
	return r.value, nil
}

var errNotEnded = errors.New("has not returned yet")

// Call runs do on a goroutine of its own as soon as the group's limit allows,
// and adds its time to the request's account as a span of the given name: the
// service's, one of a few; its place in the program is the caller's. It does not
// wait. A panic in do becomes an error, a [*PanicError]. Cost: in a request that
// is measured a microsecond, for the place; a goroutine.
//
// The context of do ends with the deadline, with the first failure of another
// call unless the group is partial, and when [Group.Wait] returns. A do that
// does not heed it outlives the request; its result is then dropped, never
// written to what the handler reads.
func Call[T any](g *Group, name string, do func(context.Context) (T, error)) *Result[T] {
	r := &Result[T]{g: g, i: g.add(name)}
	var from *ledger.Stack // the goroutine's own knows nothing of who called
	if g.ledger != nil {
		from = new(ledger.Stack)
		runtime.Callers(2, from[:]) // past Callers and Call
	}
	go func() {
		if err := g.acquire(); err != nil {
			g.end(r.i, err, nil)
			return
		}
		defer g.release()
		var value T
		err := error(errExited)
		start := time.Now()
		defer func() {
			if p := recover(); p != nil {
				err = &PanicError{p, debug.Stack()}
			}
			if g.ledger != nil {
				g.ledger.AddSpanFrom(g.ctx, name, time.Since(start), from)
			}
			g.end(r.i, err, func() { r.value = value })
		}()
		value, err = do(g.ctx)
	}()
	return r
}

// errExited is the error of a call that left by [runtime.Goexit].
var errExited = errors.New("ended its goroutine")

// Wait waits for all calls and ends the group. The error is the first failure,
// as a [*CallError], or, in a partial group, all of them joined in the order of
// the calls; calls that a failure cancelled count only in [Result.Get].
//
// When the deadline has passed, ctx was cancelled or a failure has cancelled
// the rest, Wait gives calls that run 100 ms to return, so that those which
// heed their context do not outlive it.
func (g *Group) Wait() error {
	defer g.cancel()
	idle := g.idle()
	select {
	case <-idle:
	case <-g.ctx.Done():
		timer := time.NewTimer(settleTime)
		defer timer.Stop()
		select {
		case <-idle:
		case <-timer.C:
		}
	}
	return g.close()
}

// add registers a call and returns its number.
func (g *Group) add(name string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mu.names = append(g.mu.names, name)
	g.mu.errs = append(g.mu.errs, nil)
	g.mu.ended = append(g.mu.ended, false)
	g.mu.open++
	return len(g.mu.names) - 1
}

func (g *Group) acquire() error {
	if err := g.ctx.Err(); err != nil {
		return err // select would choose at random
	}
	if g.slots == nil {
		return nil
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-g.ctx.Done():
		return g.ctx.Err()
	}
}

func (g *Group) release() {
	if g.slots != nil {
		<-g.slots
	}
}

// end takes the result of a call, unless nobody waits for it any more. keep
// stores it.
func (g *Group) end(i int, err error, keep func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.mu.closed {
		if err != nil {
			g.failLocked(i, err)
		} else {
			keep()
		}
		g.mu.ended[i] = true
	}
	g.mu.open--
	if g.mu.open == 0 && g.mu.idle != nil {
		close(g.mu.idle)
		g.mu.idle = nil
	}
}

func (g *Group) failLocked(i int, err error) {
	g.mu.errs[i] = &CallError{g.mu.names[i], err}
	if g.mu.first == nil {
		g.mu.first = g.mu.errs[i]
	}
	if !g.cfg.Partial {
		g.cancel()
	}
}

// idle returns a channel that is closed when no call is open.
func (g *Group) idle() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mu.idle != nil {
		return g.mu.idle // of another Wait
	}
	idle := make(chan struct{})
	if g.mu.open == 0 {
		close(idle)
	} else {
		g.mu.idle = idle
	}
	return idle
}

// close fails the calls that have not ended, and returns the error of the
// group.
func (g *Group) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []error
	for i := range g.mu.names {
		if !g.mu.ended[i] && !g.mu.closed {
			g.failLocked(i, g.ctx.Err())
			g.mu.ended[i] = true
		}
		if g.mu.errs[i] != nil {
			all = append(all, g.mu.errs[i])
		}
	}
	g.mu.closed = true
	switch {
	case g.mu.first == nil:
		return nil
	case g.cfg.Partial:
		return errors.Join(all...)
	default:
		return g.mu.first
	}
}

// A CallError is the failure of one call of a [Group].
type CallError struct {
	Name string // of the service
	Err  error
}

// Error returns the name and the cause.
func (e *CallError) Error() string { return fmt.Sprintf("respond: call of %s: %v", e.Name, e.Err) }

// Unwrap returns Err.
func (e *CallError) Unwrap() error { return e.Err }

// HTTPStatus returns what [Error] answers: 504 if the time was over, 500 for a
// panic, else 502.
func (e *CallError) HTTPStatus() int {
	var panicked *PanicError
	switch {
	case errors.Is(e.Err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.As(e.Err, &panicked):
		return http.StatusInternalServerError
	default:
		return http.StatusBadGateway
	}
}

// A PanicError is a panic in a call.
type PanicError struct {
	Value any
	Stack []byte // of the goroutine that panicked
}

// Error returns the value.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }
