package batch

import (
	"errors"
	"fmt"
	"slices"
)

// ErrMissing means that the database has no row for a key. [Loader.Load]
// returns it, and [Missing.Err] wraps it. It is an answer, not a failure: the
// query ran.
var ErrMissing = errors.New("batch: no row for the key")

// ErrDuplicate means that a query returned two rows for one key where there
// can be one. Which of them is right cannot be told, so none is used.
var ErrDuplicate = errors.New("batch: two rows for one key: use Many, or make the query return one")

// ErrForeign means that a query returned a row whose key was not asked for:
// the key function does not fit the query, or the database compares keys in
// another way than Go does, as with a collation that ignores case.
var ErrForeign = errors.New("batch: a row for a key that was not asked for: query and key function disagree")

// Missing holds the keys for which there was no row, each once, in the order
// of the parents.
type Missing[K comparable] []K

// Err returns nil if no key is missing, else an error that matches
// [ErrMissing]. Its text has the number of keys and not the keys.
func (m Missing[K]) Err() error {
	if len(m) == 0 {
		return nil
	}
	return fmt.Errorf("%w (%d in all)", ErrMissing, len(m))
}

// KeyErrors says which keys failed, and why. A [Fetch] returns it as its error
// to fail some keys of a batch and not the others; [Loader.LoadMany] returns
// it to its caller. errors.Is and errors.As look at every error in it.
type KeyErrors[K comparable] map[K]error

// Error has the number of keys and one of the errors, always the same one of
// the same errors.
func (e KeyErrors[K]) Error() string {
	texts := make([]string, 0, len(e))
	for _, err := range e {
		texts = append(texts, fmt.Sprint(err))
	}
	if len(texts) == 0 {
		return "batch: no key failed"
	}
	return fmt.Sprintf("batch: %d keys failed, one with: %s", len(e), slices.Min(texts))
}

// Unwrap returns the errors, in no order.
func (e KeyErrors[K]) Unwrap() []error {
	errs := make([]error, 0, len(e))
	for _, err := range e {
		if err != nil { // a fetch may have put nil there
			errs = append(errs, err)
		}
	}
	return errs
}

// A PanicError is a panic of a [Fetch], as those who waited for its batch see
// it. It is an error and no panic for them, because they are many: each would
// panic in a goroutine of its own, where nothing recovers.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // of the goroutine that panicked
}

// Error has the panic's value. The stack is for a log.
func (e *PanicError) Error() string { return fmt.Sprintf("batch: panic: %v", e.Value) }

// Unwrap returns the panic's value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

var errExit = errors.New("batch: the fetch ended its goroutine with runtime.Goexit")
