package policy

import (
	"context"
	"fmt"
	"runtime/debug"
)

// A CallbackError is the failure of a function that the user of the package has
// given. It is not that of a store: a bug must not open, nor close, what
// OnStoreError is about.
type CallbackError struct {
	Policy   string // "" for one of Config
	Callback string // the name of the field
	// Err is what the function returned, or says that it panicked. It may name
	// keys.
	Err error
	// Stack is that of a panic, or nil.
	Stack []byte
}

// Error says which function failed, and how.
func (e *CallbackError) Error() string {
	if e.Policy == "" {
		return fmt.Sprintf("policy: Config.%s: %v", e.Callback, e.Err)
	}
	return fmt.Sprintf("policy: %s of policy %q: %v", e.Callback, e.Policy, e.Err)
}

// Unwrap returns Err.
func (e *CallbackError) Unwrap() error { return e.Err }

// guard calls f, one of the user's functions. Its failure or panic is returned
// as a *CallbackError.
func guard(policy, callback string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &CallbackError{Policy: policy, Callback: callback, Err: fmt.Errorf("panic: %v", v), Stack: debug.Stack()}
		}
	}()
	if err := f(); err != nil {
		return &CallbackError{Policy: policy, Callback: callback, Err: err}
	}
	return nil
}

// tell hands a *CallbackError or another failure to OnError.
func (t *Table) tell(ctx context.Context, err error) {
	if err != nil {
		t.config.OnError(ctx, err)
	}
}
