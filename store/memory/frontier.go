package memory

import (
	"sync"
	"sync/atomic"
)

// A frontier knows a time up to which every change has been told, while changes
// overlap without a pause. Each belongs to the epoch in which it began. Before
// an epoch starts, the one before the last must have no change left; so two
// counters do, and when that of the last epoch is at zero, all that happened
// before the present one has been told.
type frontier struct {
	now   func() int64 // ns
	epoch atomic.Uint64
	open  [2]counter   // changes begun and not yet told, of even and odd epochs
	told  atomic.Int64 // ns

	mu      sync.Mutex
	started int64 // when the present epoch did, or earlier; guarded by mu
}

// A counter has a cache line of its own.
type counter struct {
	n atomic.Int64
	_ [56]byte
}

// begin is called before a change, and end once it is told.
func (f *frontier) begin() *counter {
	for {
		epoch := f.epoch.Load()
		c := &f.open[epoch%2]
		c.n.Add(1)
		if f.epoch.Load() == epoch {
			return c
		}
		c.end() // the epoch may be over, and nobody wait for this one
	}
}

func (c *counter) end() { c.n.Add(-1) }

// advance moves the frontier as far as it can, and returns where it is: now, if
// no change is under way.
func (f *frontier) advance() int64 {
	if !f.mu.TryLock() {
		return f.told.Load() // another is at it
	}
	defer f.mu.Unlock()
	now := f.now() // before the epochs that it starts
	for range 2 {
		epoch := f.epoch.Load()
		if f.open[(epoch+1)%2].n.Load() != 0 {
			break
		}
		f.told.Store(f.started)
		f.started = now
		f.epoch.Store(epoch + 1)
	}
	return f.told.Load()
}
