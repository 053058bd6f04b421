package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Config configures a [Limiter].
type Config struct {
	// Namespace names the application: limiters with different ones share a
	// store without seeing each other. Required: 1 to 40 of a-z, 0-9, '.', '_'
	// and '-'.
	Namespace string

	// Timeout bounds each call of a store outside this process. Default 50 ms.
	// Not smaller: a pause of the garbage collector there is no failure. Not
	// larger: every request would wait as long for a store that is gone.
	Timeout time.Duration
	// ProbeInterval is the time between attempts to reach a store that has
	// failed. Default 250 ms. Not smaller: a store that comes up should not be
	// kept busy. Not larger: recovery must be felt within a second.
	ProbeInterval time.Duration

	// Local is where rules with [FailShare] count while the store is away: a
	// store of this process, such as memory.Limits. Required by such rules.
	Local Store
	// Instances is the number of processes that share the store, by which
	// [FailShare] divides. 0 counts them: every process holds a lease in the
	// store. Until the first answer of the store it is taken for 1, so a
	// process that has never reached it admits whole limits.
	Instances int

	// DenyCache is how many refused keys are remembered, to refuse them without
	// asking the store until they may be admitted. Default 65536, which takes
	// 4 MiB; negative is off.
	DenyCache int
	// LeasedKeys is how many buckets may be leased at once; further ones are
	// asked for each time. Default 16384.
	LeasedKeys int

	// OnError, if set, is told of what went wrong and was survived: of each call
	// of the store that failed, not of requests while a store that keeps failing
	// is not called. It must be quick and safe for concurrent use. The text may name hosts: log it,
	// never serve it.
	OnError func(ctx context.Context, err error)
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = 50 * time.Millisecond
	}
	if c.ProbeInterval == 0 {
		c.ProbeInterval = 250 * time.Millisecond
	}
	if c.DenyCache == 0 {
		c.DenyCache = 1 << 16
	}
	if c.LeasedKeys == 0 {
		c.LeasedKeys = 1 << 14
	}
	if c.OnError == nil {
		c.OnError = func(context.Context, error) {}
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("ratelimit: "+format, a...)) }
	if !isName(c.Namespace, 40) {
		bad("Config.Namespace is %q, want 1 to 40 of a-z, 0-9, '.', '_' and '-'", c.Namespace)
	}
	if c.Timeout < time.Millisecond {
		bad("Config.Timeout is %s, want at least 1ms", c.Timeout)
	}
	if c.ProbeInterval < time.Millisecond {
		bad("Config.ProbeInterval is %s, want at least 1ms", c.ProbeInterval)
	}
	if c.Instances < 0 {
		bad("Config.Instances is %d, want at least 1, or 0 to count them", c.Instances)
	}
	if c.LeasedKeys < 0 {
		bad("Config.LeasedKeys is %d, want at least 1", c.LeasedKeys)
	}
	return errors.Join(errs...)
}

// isName reports whether s is made of lower-case letters, digits, '.', '_' and
// '-', and is neither empty nor too long.
func isName(s string, most int) bool {
	return s != "" && len(s) <= most && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}
