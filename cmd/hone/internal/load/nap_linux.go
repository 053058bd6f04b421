package load

import (
	"syscall"
	"time"
)

// nap sleeps for d, if positive, as exactly as the kernel can: to about a tenth
// of a millisecond. It may end early.
func nap(d time.Duration) {
	if d <= 0 {
		return
	}
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil) // an interruption ends it early
}
