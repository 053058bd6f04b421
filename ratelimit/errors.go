package ratelimit

import "errors"

// Errors that callers tell apart with [errors.Is]. A refusal is not among
// them: it is a result.
var (
	// ErrUnavailable is matched by every error that means that the store gave
	// no answer. Its text may name hosts: log it, never serve it.
	ErrUnavailable = errors.New("ratelimit: store unavailable")
	// ErrUnsupported is matched by what a store cannot do.
	ErrUnsupported = errors.New("ratelimit: not supported by the store")
	// ErrNotation is matched by every error of [Parse] and [ParseAll].
	ErrNotation = errors.New("ratelimit: bad notation")
	// ErrCost is matched by the refusal of a cost below 0 or above MaxAmount.
	ErrCost = errors.New("ratelimit: unusable cost")
	// ErrKey is matched where a key is empty and the rule does not say what
	// that means, or where a key function failed.
	ErrKey = errors.New("ratelimit: unusable key")
)
