package cache

import (
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
)

// Errors that callers tell apart with [errors.Is]. A missing entry is not
// among them: it is a result.
var (
	// ErrUnavailable is matched by every error that means that the store gave
	// no answer. Its text may name hosts: log it, never serve it.
	ErrUnavailable = errors.New("cache: store unavailable")
	// ErrTooLarge is matched by the refusal of a value above the store's
	// bound.
	ErrTooLarge = errors.New("cache: value too large for the store")
	// ErrKey is matched by the refusal of a key.
	ErrKey = errors.New("cache: unusable key")
	// ErrLife is matched by the refusal of a life that is neither NoExpiry nor
	// at least a millisecond, or is above 100 years.
	ErrLife = errors.New("cache: unusable life")
	// ErrNotNumber is matched when a counter is not one, or overflows.
	ErrNotNumber = errors.New("cache: value is not a number in range")

	// ErrNotFound is what a cached function returns to say that there is
	// nothing for the key. [Func.Get] then returns found = false and no error.
	// It takes sql.ErrNoRows for the same.
	ErrNotFound = errors.New("cache: not found")
	// ErrLoadTimeout is matched when a load took longer than
	// Config.LoadTimeout.
	ErrLoadTimeout = errors.New("cache: load timed out")
	// ErrEntry is matched by what Config.OnError is told of an entry that was
	// thrown away: cut short, changed, made by another codec or version.
	ErrEntry = errors.New("cache: unusable entry")
	// ErrUnsupported is matched by what a store cannot do.
	ErrUnsupported = errors.New("cache: not supported by the store")
)

// A PanicError is a panic of a cached function or one of its callbacks, as the
// error that every waiting caller gets.
type PanicError struct {
	In    string // the function's or callback's name
	Value any    // what it panicked with; nil for runtime.Goexit
	Stack []byte
}

func (e *PanicError) Error() string {
	if e.Value == nil {
		return fmt.Sprintf("cache: %s called runtime.Goexit", e.In)
	}
	return fmt.Sprintf("cache: %s panicked: %v", e.In, e.Value)
}

// guard runs f and returns its panic, or its call of runtime.Goexit, as an
// error. After a Goexit it does not return: done is called in any case.
func guard(name string, f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{In: name, Value: v, Stack: debug.Stack()}
		}
	}()
	f()
	return nil
}

// isNotFound reports whether a function's error says that there is nothing.
func isNotFound(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, sql.ErrNoRows)
}
