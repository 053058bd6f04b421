package pginvalidate

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// An Invalidator is what a [Listener] tells of changes: a *cache.Cache.
type Invalidator interface {
	// Invalidate makes what carries a tag be loaded anew. It is called again
	// until it has returned nil.
	Invalidate(ctx context.Context, tags ...string) error
	// Clear does so with everything.
	Clear(ctx context.Context) error
}

// Config configures a [Listener].
type Config struct {
	// Setup is what the triggers were made from. Required.
	Setup Setup
	// Gather is how long tags are gathered for one call of the Invalidator,
	// from the first one on. Default 2 ms; negative: not at all. Not larger: it
	// is part of every change's delay. Not smaller: a service that writes 1000
	// rows a second would call for each.
	Gather time.Duration
	// Heartbeat is the interval at which the Listener sends itself a
	// notification, which has to come back. Default 1 s. Not smaller: each is a
	// transaction, and wakes every listener on the database. Not larger: until
	// it is missed, a connection that has silently died is believed.
	Heartbeat time.Duration
	// Timeout bounds whatever the database, the network or the Invalidator has
	// to answer, the heartbeat included. Default 3 s. Not smaller: a checkpoint
	// makes a busy server pause that long. Not larger: Heartbeat and Timeout
	// are the bound on staleness after a silent death.
	Timeout time.Duration
	// OnError, if set, is told of what went wrong and was survived: lost
	// connections, failed invalidations. It must be quick and safe for
	// concurrent use. The text may name hosts: log it, never serve it.
	OnError func(ctx context.Context, err error)
}

const (
	defaultGather    = 2 * time.Millisecond
	defaultHeartbeat = time.Second
	defaultTimeout   = 3 * time.Second
)

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&c.Gather, defaultGather}, {&c.Heartbeat, defaultHeartbeat}, {&c.Timeout, defaultTimeout}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.Gather > time.Second {
		errs = append(errs, fmt.Errorf("pginvalidate: Config.Gather is %v, want at most 1s", c.Gather))
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"Heartbeat", c.Heartbeat}, {"Timeout", c.Timeout}} {
		if d.value < 10*time.Millisecond || d.value > time.Hour {
			errs = append(errs, fmt.Errorf("pginvalidate: Config.%s is %v, want 10ms to 1h", d.name, d.value))
		}
	}
	return errors.Join(errs...)
}
