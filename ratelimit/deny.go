package ratelimit

import (
	"sync"
	"sync/atomic"
	"time"
)

// denyCache remembers refused buckets until they may admit again. What it says
// is what the store would say: a bucket admits no cost sooner than the store
// said when it refused a smaller or equal one, as long as nothing is refunded
// or reset. It forgets when two buckets meet in a slot: that costs a round
// trip and nothing else. It is safe for concurrent use.
type denyCache struct {
	slots []denial // a power of two, or none
	locks [64]struct {
		sync.Mutex
		_ [56]byte // a cache line each
	}
	epoch atomic.Uint64 // counts clearings
}

type denial struct {
	bucket digest
	epoch  uint64
	cost   int64
	until  time.Duration // since the limiter was made
	reset  time.Duration
}

func newDenyCache(size int) *denyCache {
	c := &denyCache{}
	if size > 0 {
		n := 1
		for n < size {
			n *= 2
		}
		c.slots = make([]denial, n)
	}
	return c
}

// look returns the time until which cost is refused, and until when the bucket
// has been reset; ok is false if it is not known to be refused.
func (c *denyCache) look(bucket digest, cost int64, now time.Duration) (until, reset time.Duration, ok bool) {
	if len(c.slots) == 0 {
		return 0, 0, false
	}
	i := bucket[0] & uint64(len(c.slots)-1)
	lock := &c.locks[i%uint64(len(c.locks))]
	lock.Lock()
	d := c.slots[i]
	lock.Unlock()
	if d.bucket != bucket || d.epoch != c.epoch.Load() || cost < d.cost || now >= d.until {
		return 0, 0, false
	}
	return d.until, d.reset, true
}

// note remembers a refusal. epoch was read before the store was asked: what
// was refused before a reset is not remembered after it.
func (c *denyCache) note(bucket digest, epoch uint64, cost int64, until, reset time.Duration) {
	if len(c.slots) == 0 {
		return
	}
	i := bucket[0] & uint64(len(c.slots)-1)
	lock := &c.locks[i%uint64(len(c.locks))]
	lock.Lock()
	defer lock.Unlock()
	c.slots[i] = denial{bucket, epoch, cost, until, reset}
}

// clear forgets all.
func (c *denyCache) clear() { c.epoch.Add(1) }
