package memory

import (
	"errors"
	"fmt"
)

// Config holds what is optional about a [Store]. Its zero value is ready.
type Config struct {
	// MaxBytes bounds the memory that entries take: key, value and what it
	// costs to keep them, as the allocator rounds it. Writes in progress come on
	// top, and so does garbage until it is collected. Default 64 MiB: with
	// entries of 1 KB some 50,000. Not smaller: it should hold what a service
	// asks for in a minute. Not larger: it has to fit into the smallest
	// container unasked. At least 1 MiB.
	MaxBytes int64

	// MaxTags bounds, for each namespace, the invalidated tags that are
	// remembered one by one, at some 150 bytes each. When there are more, the
	// one that was invalidated longest ago is forgotten, and with it every
	// entry loaded before that invalidation is dead, if it has a tag that is not
	// remembered. Default 100,000: 15 MB at most. Not smaller: a tag per row of
	// a table should fit. Not larger: it is memory besides MaxBytes.
	MaxTags int

	// MaxLeases bounds the leases that stand at a time, at some 100 bytes each.
	// When there are more, some are voided: what their holders load is not
	// kept, and may be loaded twice. Default 100,000. Not smaller: each load in
	// flight has one. Not larger: it is memory besides MaxBytes.
	MaxLeases int
}

const (
	minMaxBytes = 1 << 20

	// The largest entry is this part of MaxBytes. Not smaller: the default
	// should take a response of 2 MB. Not larger: an entry is inserted before
	// others are evicted for it, and the bound should hold within 5 %.
	largestShare = 32
	// However large the store: the eviction policy weighs in 32 bits.
	maxEntryBytes = 1 << 30

	// Written bytes, as a part of MaxBytes, after which a writer itself waits
	// for the eviction that its writes have made necessary. Not smaller: it
	// would wait often. Not larger: that much may be above the bound.
	slackShare = 100
)

func (c Config) withDefaults() Config {
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	if c.MaxTags == 0 {
		c.MaxTags = 100_000
	}
	if c.MaxLeases == 0 {
		c.MaxLeases = 100_000
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.MaxBytes < minMaxBytes {
		errs = append(errs, fmt.Errorf("memory: Config.MaxBytes is %d, want at least %d", c.MaxBytes, minMaxBytes))
	}
	if c.MaxTags < 1 {
		errs = append(errs, fmt.Errorf("memory: Config.MaxTags is %d, want at least 1", c.MaxTags))
	}
	if c.MaxLeases < 1 {
		errs = append(errs, fmt.Errorf("memory: Config.MaxLeases is %d, want at least 1", c.MaxLeases))
	}
	return errors.Join(errs...)
}
