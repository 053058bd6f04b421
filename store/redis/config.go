package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"
)

// Config configures a [Store]. The zero value is ready to use.
type Config struct {
	// TLS is used with rediss:// URLs. Default: TLS 1.2 or newer, the system's
	// roots, and the host of the URL as the server's name.
	TLS *tls.Config

	// DialTimeout bounds how long making a connection takes, TLS and the
	// greeting included. Default 1 s. Not longer: calls fail at once meanwhile,
	// but only a new attempt finds a server that has come back. Not shorter: a
	// TLS handshake with a busy server in another region takes half of it.
	DialTimeout time.Duration

	// Heartbeat is the interval at which the server's clock is read and each
	// [Store.Watch] makes sure that it has been told everything: Told is that
	// much behind the present at most, plus a round trip. Default 250 ms. Not
	// longer: it is how stale a near cache can be. Not shorter: each process
	// sends a command to each node in each.
	Heartbeat time.Duration

	// MaxValueBytes is the size of the largest value. Default 64 MiB, at most
	// 512 MiB, which is Redis's own limit. Not larger: while one is sent,
	// all other calls on its connection wait.
	MaxValueBytes int

	// MaxTags is how many invalidated tags a namespace remembers, at some 100
	// bytes each. When there are more, the oldest are forgotten, and entries as
	// old as their invalidation are dead, whatever tags they have. Default
	// 100,000. All processes should have the same.
	MaxTags int
}

const (
	defaultDialTimeout   = time.Second
	defaultHeartbeat     = 250 * time.Millisecond
	defaultMaxValueBytes = 64 << 20
	defaultMaxTags       = 100_000

	maxMaxValueBytes = 512 << 20
)

func (c Config) withDefaults() Config {
	if c.DialTimeout == 0 {
		c.DialTimeout = defaultDialTimeout
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = defaultHeartbeat
	}
	if c.MaxValueBytes == 0 {
		c.MaxValueBytes = defaultMaxValueBytes
	}
	if c.MaxTags == 0 {
		c.MaxTags = defaultMaxTags
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.DialTimeout < time.Millisecond {
		errs = append(errs, fmt.Errorf("redis: Config.DialTimeout is %v, want ≥ 1ms", c.DialTimeout))
	}
	if c.Heartbeat < time.Millisecond {
		errs = append(errs, fmt.Errorf("redis: Config.Heartbeat is %v, want ≥ 1ms", c.Heartbeat))
	}
	if c.MaxValueBytes < 1 || c.MaxValueBytes > maxMaxValueBytes {
		errs = append(errs, fmt.Errorf("redis: Config.MaxValueBytes is %d, want 1 to %d", c.MaxValueBytes, maxMaxValueBytes))
	}
	if c.MaxTags < 1 {
		errs = append(errs, fmt.Errorf("redis: Config.MaxTags is %d, want ≥ 1", c.MaxTags))
	}
	return errors.Join(errs...)
}
