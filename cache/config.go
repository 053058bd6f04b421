package cache

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Config configures a [Cache].
type Config struct {
	// Namespace names the application: caches with different ones share a
	// store without seeing each other. Required: 1 to 40 of a-z, 0-9, '.', '_'
	// and '-'.
	Namespace string
	// Version is a schema's or build's version. It is part of the namespace: a
	// new one starts empty, and the old entries leave by their lives. At most
	// 20 of the same characters.
	Version string

	// TTL is the default of functions and values. Default 5 minutes.
	TTL TTL
	// Jitter is the share by which lives differ at random, either way. Default
	// 0.1; negative is off. Not smaller: entries that were filled together
	// would expire together. Not larger: an entry should live about as long as
	// was asked for.
	Jitter float64

	// LoadTimeout bounds a load: when it has passed, its callers get
	// [ErrLoadTimeout]. Default 30 s. Not smaller: reports take that long. Not
	// larger: no client waits for it.
	LoadTimeout time.Duration
	// LeaseLife is how long the other processes wait for one that has died
	// during a load. Default 3 s; while a load runs, its lease is extended.
	// Not smaller: a pause of the process or of the network must not cost it
	// the lease. Not larger: that is how long a crash is felt.
	LeaseLife time.Duration
	// MaxWait bounds how long a process waits for another's load of the same
	// key before it loads too, without storing. Default 10 s. Not smaller: the
	// herd would break through during every slow load. Not larger: whoever
	// waits that long may as well ask for itself.
	MaxWait time.Duration

	// StoreTimeout bounds each call of a store outside this process. Default
	// 50 ms. Not smaller: a pause of the garbage collector there is no
	// failure. Not larger: a cache that is slower than what it caches is none.
	StoreTimeout time.Duration
	// ProbeInterval is the time between attempts to reach a store that has
	// failed. Default 250 ms. Not smaller: a store that comes up should not be
	// kept busy. Not larger: recovery must be felt within a second.
	ProbeInterval time.Duration

	// Codec turns values into bytes. Default [JSON].
	Codec Codec
	// CompressAbove is the size in bytes from which on a value is compressed
	// with zstd. Default 4096; negative is off. Not smaller: it seldom pays.
	CompressAbove int
	// EncryptionKeys, if given, seal every entry with AES-GCM: the first one
	// seals, any of them opens. They are of 16, 24 or 32 bytes. Entries that
	// are not sealed are then not believed.
	EncryptionKeys [][]byte

	// Near configures the near cache. Default: none.
	Near Near

	// OnError, if set, is told of what went wrong and was survived: a store's
	// failures, entries that could not be decoded, panics of callbacks. It must
	// be quick and safe for concurrent use. The text may name hosts: log it,
	// never serve it.
	OnError func(ctx context.Context, err error)
}

// Near configures the near cache: decoded values in this process, in front of
// a shared store that is a [Watcher].
//
// A value may be read for at most MaxStale after another process has
// invalidated it; while the connection is up, for the time that Redis takes
// to tell. The values are shared by all callers: they must not change them.
type Near struct {
	// MaxBytes bounds the near cache, by the size of the encoded values or by
	// FuncConfig.Size, and what it costs to keep them. 0 is off.
	MaxBytes int64
	// MaxStale is how long the near cache is believed without a sign of life
	// from the store. Default 1 s. Not smaller: signs of life come every 250
	// ms. Not larger: it is the staleness bound.
	MaxStale time.Duration
}

const (
	defaultTTL           = 5 * time.Minute
	defaultJitter        = 0.1
	defaultLoadTimeout   = 30 * time.Second
	defaultLeaseLife     = 3 * time.Second
	defaultMaxWait       = 10 * time.Second
	defaultStoreTimeout  = 50 * time.Millisecond
	defaultProbeInterval = 250 * time.Millisecond
	defaultCompressAbove = 4096
	defaultMaxStale      = time.Second
)

func (c Config) withDefaults() Config {
	c.TTL = c.TTL.or(For(defaultTTL))
	c.Jitter = defaultFloat(c.Jitter, defaultJitter)
	c.LoadTimeout = defaultDuration(c.LoadTimeout, defaultLoadTimeout)
	c.LeaseLife = defaultDuration(c.LeaseLife, defaultLeaseLife)
	c.MaxWait = defaultDuration(c.MaxWait, defaultMaxWait)
	c.StoreTimeout = defaultDuration(c.StoreTimeout, defaultStoreTimeout)
	c.ProbeInterval = defaultDuration(c.ProbeInterval, defaultProbeInterval)
	c.Near.MaxStale = defaultDuration(c.Near.MaxStale, defaultMaxStale)
	if c.Codec == nil {
		c.Codec = JSON()
	}
	if c.CompressAbove == 0 {
		c.CompressAbove = defaultCompressAbove
	}
	return c
}

func defaultDuration(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

func defaultFloat(f, otherwise float64) float64 {
	if f == 0 {
		return otherwise
	}
	return f
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789._-"

func (c Config) validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf("cache: Config."+format, args...)) }
	if c.Namespace == "" || len(c.Namespace) > 40 || strings.Trim(c.Namespace, nameCharacters) != "" {
		wrong("Namespace is %q, want 1 to 40 of %s", c.Namespace, nameCharacters)
	}
	if len(c.Version) > 20 || strings.Trim(c.Version, nameCharacters) != "" {
		wrong("Version is %q, want at most 20 of %s", c.Version, nameCharacters)
	}
	if err := c.TTL.check(); err != nil {
		wrong("TTL: %w", err)
	}
	if !(c.Jitter < 1) {
		wrong("Jitter is %v, want < 1: it is a share", c.Jitter)
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"LoadTimeout", c.LoadTimeout},
		{"LeaseLife", c.LeaseLife},
		{"MaxWait", c.MaxWait},
		{"StoreTimeout", c.StoreTimeout},
		{"ProbeInterval", c.ProbeInterval},
		{"Near.MaxStale", c.Near.MaxStale},
	} {
		if d.d < minLife || d.d > 24*time.Hour {
			wrong("%s is %v, want 1ms to 24h", d.name, d.d)
		}
	}
	if c.Codec.ID() == 0 {
		wrong("Codec has the ID 0, want 1 to 255")
	}
	if c.Near.MaxBytes < 0 {
		wrong("Near.MaxBytes is %d, want ≥ 0", c.Near.MaxBytes)
	}
	for i, k := range c.EncryptionKeys {
		if len(k) != 16 && len(k) != 24 && len(k) != 32 {
			wrong("EncryptionKeys[%d] has %d bytes, want 16, 24 or 32", i, len(k))
		}
	}
	return errors.Join(errs...)
}

// namespace is the Namespace with the Version.
func (c Config) namespace() string {
	if c.Version == "" {
		return c.Namespace
	}
	return c.Namespace + "@" + c.Version
}
