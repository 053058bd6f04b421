//go:build !linux

package load

import "time"

// nap does nothing: the timer has to do.
func nap(time.Duration) {}
