// Package check refuses calls that are wrong on every store, and reckons with
// lives.
package check

import (
	"fmt"
	"strings"
	"time"

	"github.com/hone-go/hone/cache"
)

// Key reports what is wrong with a key. It matches [cache.ErrKey].
func Key(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("%w: it is empty", cache.ErrKey)
	case len(key) > cache.MaxKeyLen:
		return fmt.Errorf("%w: it has %d bytes, want at most %d", cache.ErrKey, len(key), cache.MaxKeyLen)
	// Two searches, each of many bytes at a time, are faster than one for both.
	case strings.IndexByte(key, '{') >= 0 || strings.IndexByte(key, '}') >= 0:
		return fmt.Errorf("%w: it has a brace", cache.ErrKey)
	}
	return nil
}

// Keys reports what is wrong with the first key that is wrong.
func Keys(keys []string) error {
	for _, key := range keys {
		if err := Key(key); err != nil {
			return err
		}
	}
	return nil
}

// Entries reports what is wrong with the first entry that is wrong. A value
// above maxValue bytes matches [cache.ErrTooLarge].
func Entries(entries []cache.Entry, maxValue int) error {
	for _, e := range entries {
		if err := Key(e.Key); err != nil {
			return err
		}
		if err := cache.CheckLife(e.Life); err != nil {
			return err
		}
		if len(e.Value) > maxValue {
			return fmt.Errorf("%w: it has %d bytes, want at most %d", cache.ErrTooLarge, len(e.Value), maxValue)
		}
	}
	return nil
}

// EndOf returns when a life that begins now ends, in milliseconds; 0 is never.
// A millisecond more makes up for the part of this one that has passed.
func EndOf(now int64, life time.Duration) int64 {
	if life == cache.NoExpiry {
		return 0
	}
	return now + int64((life+time.Millisecond-1)/time.Millisecond) + 1
}
