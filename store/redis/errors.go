package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
)

// ErrForeign is matched by the error of a call that met a key of another type
// than a string, which this store has not written. Set and Delete repair it.
// It is an answer: it does not match [cache.ErrUnavailable].
var ErrForeign = errors.New("redis: key holds no string")

var (
	errClosed       = errors.New("the store is closed")
	errNotConnected = errors.New("not connected yet")
	errReply        = errors.New("the reply makes no sense")
)

// unavailable is the error of a call that got no answer. A cause that is a
// context's end still matches.
func unavailable(op string, cause error) error {
	if errors.Is(cause, cache.ErrUnavailable) {
		return cause
	}
	return fmt.Errorf("redis: %s: %w: %w", op, cache.ErrUnavailable, cause)
}

// failure is the error that callers see for the one of a command.
func failure(op, key string, err error) error {
	if e, ok := rueidis.IsRedisErr(err); ok {
		// Not a prefix: Redis 6 says first that a script has failed.
		if strings.Contains(e.Error(), "WRONGTYPE") {
			return fmt.Errorf("%w: %s %q", ErrForeign, op, key)
		}
	}
	return unavailable(op, err)
}

// isRefusedWrite reports whether the server answers, but takes no writes now.
func isRefusedWrite(err error) bool {
	e, ok := rueidis.IsRedisErr(err)
	if !ok {
		return false
	}
	for _, code := range []string{"OOM", "READONLY", "MISCONF", "NOREPLICAS"} {
		if strings.HasPrefix(e.Error(), code) {
			return true
		}
	}
	return false
}

// isSyntax reports whether the server is too old for a command's form.
func isSyntax(err error) bool {
	e, ok := rueidis.IsRedisErr(err)
	return ok && strings.HasPrefix(e.Error(), "syntax error") // the client cuts ERR off
}

// isNotNumber reports whether INCRBY has found no number, or no room.
func isNotNumber(err error) bool {
	e, ok := rueidis.IsRedisErr(err)
	return ok && (strings.Contains(e.Error(), "not an integer") || strings.Contains(e.Error(), "overflow"))
}

// isContext reports whether the caller gave up before an answer came.
func isContext(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// firstError keeps the first error of several, but rather that there was no
// answer than another.
type firstError struct{ err error }

func (f *firstError) note(err error) {
	if f.err == nil || isForeign(f.err) && err != nil {
		f.err = err
	}
}
