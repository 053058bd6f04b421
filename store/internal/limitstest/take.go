package limitstest

import (
	"context"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/ratelimit"
)

// Three charges a key with three of its five units an hour, so that a second
// one is refused.
func Three(key string) ratelimit.Charge {
	return ratelimit.Charge{Limit: ratelimit.Limit{Amount: 5, Period: time.Hour}, Key: key, Cost: 3}
}

// Take takes one charge.
func Take(ctx context.Context, l ratelimit.Store, c ratelimit.Charge) (ratelimit.Result, error) {
	results := make([]ratelimit.Result, 1)
	err := l.Apply(ctx, ratelimit.Take, []ratelimit.Charge{c}, results)
	return results[0], err
}

// MustTake is [Take] of a store that has to answer.
func MustTake(t *testing.T, l ratelimit.Store, c ratelimit.Charge) ratelimit.Result {
	t.Helper()
	r, err := Take(t.Context(), l, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// WaitFrozen waits until a server that was told to stop no longer answers: its
// threads stop one after the other.
func WaitFrozen(t *testing.T, l ratelimit.Store, c ratelimit.Charge) {
	t.Helper()
	testserver.Eventually(t, "the server is stopped", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := Take(ctx, l, c)
		return err != nil
	})
}
