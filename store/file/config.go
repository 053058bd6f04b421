package file

import (
	"errors"
	"fmt"
)

// Config configures a [Store]. The zero value is ready to use.
type Config struct {
	// MaxBytes is the size to which the file may grow, at least 4 MiB. Default
	// 1 GiB. Entries get two fifths of it: a write needs new pages before the
	// old ones are free, and a large value needs them in a row. A value may have
	// a 256th of it, at most 64 MiB. A file that is larger already does not
	// shrink, and takes what fits.
	MaxBytes int64

	// MaxTags is how many invalidated tags a namespace remembers. When there
	// are more, the oldest are forgotten, and entries as old as their
	// invalidation are dead, whatever tags they have. Default 100,000.
	MaxTags int
}

func (c Config) withDefaults() Config {
	if c.MaxBytes == 0 {
		c.MaxBytes = 1 << 30
	}
	if c.MaxTags == 0 {
		c.MaxTags = 100_000
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.MaxBytes < 4<<20 {
		errs = append(errs, fmt.Errorf("file: Config.MaxBytes is %d, want at least %d", c.MaxBytes, 4<<20))
	}
	if c.MaxTags < 0 {
		errs = append(errs, fmt.Errorf("file: Config.MaxTags is %d, want > 0", c.MaxTags))
	}
	return errors.Join(errs...)
}

// budget is what entries may take.
func (c Config) budget() int64 { return c.MaxBytes / 5 * 2 }

func (c Config) maxValue() int { return int(min(c.MaxBytes/256, 64<<20)) }
