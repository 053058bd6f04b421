package batch

import (
	"errors"
	"fmt"
	"time"
)

// RelationConfig holds what is optional about a [Relation]. Its zero value is
// ready.
type RelationConfig struct {
	// Chunk is the most keys in one query. Default 512. Not smaller: every
	// chunk is a round trip. Not larger: SQLite before 3.32 takes 999
	// arguments, and a power of two fills the list that [In] pads. For
	// [In] at most 32766 works on SQLite, and 65535 on MySQL and PostgreSQL.
	// Negative: no limit, which is right for [Any], whose keys are one
	// argument.
	Chunk int
}

// GroupConfig holds what is optional about a [Group]. Its zero value is ready.
type GroupConfig struct {
	// Patience is how long a load waits for goroutines of the group that
	// neither load nor end: they compute, or wait for something the group
	// cannot see. Then what was collected is sent without them. It is no
	// window: where every goroutine waits for a load, nothing waits for
	// Patience. Default 5 ms. Not smaller: on a busy machine a goroutine that
	// is ready may run only after some milliseconds, and the batch would be
	// split. Not larger: it is added to a load whenever a goroutine calls
	// something slow. Negative: no limit; then a goroutine that waits for
	// another's load outside [Group.Park] stops both.
	Patience time.Duration
}

// LoaderConfig holds what is optional about a [Loader]. Its zero value is
// ready.
type LoaderConfig struct {
	// MaxBatch is the most keys in one fetch; a batch that has them is sent
	// at once. Default 512, for the reasons of [RelationConfig.Chunk].
	// Negative: no limit.
	MaxBatch int

	// MaxFetches is how many batches of the loader are fetched at the same
	// time, each on a connection of the pool; more wait in line. Default 4. Not
	// smaller: a slow batch should not hold up the others. Not larger: one
	// request for thousands of keys must leave most of a pool of 10 to the
	// others. Negative: no limit, which a fetch needs that loads through its
	// own loader: it would wait for its own place.
	MaxFetches int
}

const (
	defaultChunk    = 512
	defaultPatience = 5 * time.Millisecond
	defaultFetches  = 4
)

func (c RelationConfig) withDefaults() RelationConfig {
	if c.Chunk == 0 {
		c.Chunk = defaultChunk
	}
	return c
}

func (c GroupConfig) withDefaults() GroupConfig {
	if c.Patience == 0 {
		c.Patience = defaultPatience
	}
	return c
}

func (c LoaderConfig) withDefaults() LoaderConfig {
	if c.MaxBatch == 0 {
		c.MaxBatch = defaultChunk
	}
	if c.MaxFetches == 0 {
		c.MaxFetches = defaultFetches
	}
	return c
}

// required returns an error for each of the named values that is missing.
func required(of string, values ...named) error {
	var errs []error
	for _, v := range values {
		if v.missing {
			errs = append(errs, fmt.Errorf("batch: %s needs a %s, got nil", of, v.name))
		}
	}
	return errors.Join(errs...)
}

type named struct {
	name    string
	missing bool
}
