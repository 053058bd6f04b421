package pginvalidate

import (
	"time"

	"github.com/hone-go/hone/measure"
)

// Stats are sums since [New].
type Stats struct {
	Connected     bool  // listening right now
	Connects      int64 // how often it began to
	Notifications int64 // of triggers, received
	Tags          int64 // told to the Invalidator
	Calls         int64 // of the Invalidator
	Clears        int64 // of everything, or of all rules' All tags
	Failures      int64 // calls that failed, and were made again
	// Delay is how long invalidations took, from when the statement had changed
	// its rows until the Invalidator had returned: an upper bound, as the
	// transaction was still to commit. The server's clock is corrected, to
	// within half a round trip.
	Delay measure.HistogramSnapshot
}

// Stats returns the sums so far. Cost: a few microseconds.
func (l *Listener) Stats() Stats {
	return Stats{
		Connected:     l.connected.Load(),
		Connects:      l.count.connects.Load(),
		Notifications: l.count.notifications.Load(),
		Tags:          l.count.tags.Load(),
		Calls:         l.count.calls.Load(),
		Clears:        l.count.clears.Load(),
		Failures:      l.count.failures.Load(),
		Delay:         l.delay.Snapshot(),
	}
}

// Lag returns for how long changes may have gone without their invalidation:
// whatever was committed longer ago has been invalidated. It is proven by
// heartbeats, so that it is up to Config.Heartbeat and a little more while all
// is well, and grows while the database or the store is out of reach. Alert on
// it. Before the first proof it is the time since [New].
func (l *Listener) Lag() time.Duration {
	return time.Since(l.created) - time.Duration(l.proven.Load())
}
