package redis

import (
	"time"

	"github.com/hone-go/hone/cache"
)

// milliseconds returns a life as the scripts take it, rounded up; 0 is for
// ever.
func milliseconds(life time.Duration) (string, error) {
	if life == cache.NoExpiry {
		return "0", nil
	}
	if err := cache.CheckLife(life); err != nil {
		return "", err
	}
	return decimal(int64((life + time.Millisecond - 1) / time.Millisecond)), nil
}
