package memory

import "fmt"

// LimitsConfig holds what is optional about [Limits]. Its zero value is ready.
type LimitsConfig struct {
	// MaxBytes bounds the memory that buckets take: three quarters are for
	// buckets, at 33 bytes each in tables that are at most 7/8 full, and a
	// quarter is for the logs of MovingWindow and Concurrency, at 32 bytes for
	// each charge. While a table grows, 1/64 of that comes on top. Default
	// 64 MiB: some 1,330,000 buckets. Not smaller: a flood should not fill it in a
	// minute. Not larger: it has to fit into the smallest container unasked. At
	// least 1 MiB.
	MaxBytes int64
}

func (c LimitsConfig) withDefaults() LimitsConfig {
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	return c
}

func (c LimitsConfig) validate() error {
	if c.MaxBytes < minMaxBytes {
		return fmt.Errorf("memory: LimitsConfig.MaxBytes is %d, want at least %d", c.MaxBytes, minMaxBytes)
	}
	return nil
}
