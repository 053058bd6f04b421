package ratelimit

import (
	"sync"
	"time"
)

// leaseTable holds the leases of a process, bounded. It is safe for concurrent
// use.
type leaseTable struct {
	most   int // in a shard
	shards [16]leaseShard
}

type leaseShard struct {
	sync.RWMutex
	leases map[digest]*lease
	swept  time.Duration // the last time, since the limiter was made
	closed bool
}

// sweepEvery is the least time between two looks for leases to drop. Not
// smaller: a flood of keys would look at all of them for each. Not larger: keys
// that come back should soon find a place.
const sweepEvery = 100 * time.Millisecond

func newLeaseTable(most int) *leaseTable {
	t := &leaseTable{}
	t.most = max(1, most/len(t.shards))
	return t
}

// open returns the lease of a bucket, a new one if it has none, and nil if
// there are too many.
func (t *leaseTable) open(bucket digest, now time.Duration, q *Quota) *lease {
	s := &t.shards[bucket[1]%uint64(len(t.shards))]
	s.RLock()
	h := s.leases[bucket]
	s.RUnlock()
	if h != nil {
		return h
	}
	s.Lock()
	defer s.Unlock()
	if h := s.leases[bucket]; h != nil {
		return h
	}
	if len(s.leases) >= t.most && now-s.swept >= sweepEvery {
		s.sweep(now)
	}
	if len(s.leases) >= t.most || s.closed {
		return nil
	}
	if s.leases == nil {
		s.leases = make(map[digest]*lease)
	}
	h = newLease(q, now)
	s.leases[bucket] = h
	return h
}

// sweep drops leases that hold nothing and have not been spent from for a
// life.
func (s *leaseShard) sweep(now time.Duration) {
	s.swept = now
	for bucket, h := range s.leases {
		h.mu.Lock()
		idle := h.mu.now == nil && h.mu.next == nil && !h.mu.filling && now-h.mu.since > h.life
		h.mu.Unlock()
		if idle {
			delete(s.leases, bucket)
		}
	}
}

// drain empties the table for good.
func (t *leaseTable) drain() []*lease {
	var all []*lease
	for i := range t.shards {
		s := &t.shards[i]
		s.Lock()
		for _, h := range s.leases {
			all = append(all, h)
		}
		s.leases, s.closed = nil, true
		s.Unlock()
	}
	return all
}
