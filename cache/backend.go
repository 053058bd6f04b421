package cache

import (
	"context"
	"errors"
	"time"

	"github.com/hone-go/hone/internal/breaker"
)

// backend gives each call of a store outside this process its deadline, and
// stops calling one that keeps failing until it answers a ping. It is safe for
// concurrent use.
type backend struct {
	store    Store
	local    bool
	breaker  *breaker.Breaker
	answered func() // called after an answer; must be quick
}

func newBackend(store Store, timeout, probe time.Duration, answered func()) *backend {
	b := &backend{store: store, answered: answered}
	if l, ok := store.(Local); ok {
		b.local = l.Local()
	}
	b.breaker = breaker.New(breaker.Config{
		Ping: store.Ping, Unavailable: ErrUnavailable, Timeout: timeout, Probe: probe, Answered: answered,
	})
	return b
}

// begin returns the context for a call, or an error that matches
// ErrUnavailable. The cancellation of ctx does not reach a store outside the
// process: the deadline is short.
func (b *backend) begin(ctx context.Context) (context.Context, error) {
	if b.local && !b.breaker.Open() { // it opens with Close
		return ctx, nil
	}
	return b.breaker.Begin()
}

// end notes how a call ended, and returns its error as one that matches
// ErrUnavailable if the store gave no answer.
func (b *backend) end(err error) error {
	switch {
	case b.local && err == nil:
		b.answered()
		return nil
	case b.local, isRefusal(err):
		return err
	}
	return b.breaker.End(err)
}

// isRefusal reports whether an error may have come without asking the store: it
// says nothing about it.
func isRefusal(err error) bool {
	return !errors.Is(err, ErrUnavailable) && (errors.Is(err, ErrKey) || errors.Is(err, ErrLife) || errors.Is(err, ErrTooLarge))
}

// close ends the probes and the calls under way. It does not close the store.
func (b *backend) close() { b.breaker.Close() }
