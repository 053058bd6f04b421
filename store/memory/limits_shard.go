package memory

import (
	"sync"

	"github.com/hone-go/hone/ratelimit"
)

// A limitShard is the part of the buckets that one lock guards.
type limitShard struct {
	mu      sync.Mutex
	own     limitTable // of one key each
	mostOwn int        // slots
	shared  limitTable // of several keys each; it is made when the first is needed
	logs    shardLogs
	_       [56]byte // whole cache lines: no two locks are in one
}

const (
	// sharedShare is the part of the slots that is for shared buckets. Not
	// smaller: a flood over some tens of limits should find places. Not larger:
	// each is one that a key does not get.
	sharedShare = 64
	// sharedParts is the number of shared buckets of a limit in each shard. Not
	// smaller: 256 in all, so that a key shares with that part of the others.
	// Not larger: so many keys of a limit get its amount besides those that
	// have buckets.
	sharedParts = 4
	// sweepSlots is how many slots a charge looks at when there is no room.
	// Not smaller: room that time makes should be found soon. Not larger: it is
	// in the way of a flood, a cache line each.
	sweepSlots = 16
)

func (s *limitShard) init(most int, budget *logBudget) {
	s.mostOwn = most - s.sharedSlots(most)
	s.logs.budget = budget
}

func (s *limitShard) sharedSlots(most int) int { return max(minSlots, most/sharedShare) }

// room reports whether there is room for n more buckets, and makes it if that is
// possible.
func (s *limitShard) room(now int64, n int) bool {
	t := &s.own
	if t.fits(n) {
		return true
	}
	if len(t.slots) < s.mostOwn {
		t.makeRoom(now, n, s.mostOwn, &s.logs)
	} else {
		t.sweep(now, sweepSlots*n, &s.logs)
	}
	return t.fits(n)
}

// sharedRoom is room for one more shared bucket.
func (s *limitShard) sharedRoom(now int64) bool {
	t := &s.shared
	if len(t.slots) == 0 {
		*t = newLimitTable(s.sharedSlots(s.mostOwn))
	}
	if !t.fits(1) {
		t.purge(now, &s.logs)
	}
	return t.fits(1)
}

// logRoom reports whether there is memory for the log of one more charge, and
// makes it if that is possible.
func (s *limitShard) logRoom(now int64, a *ratelimit.Account) bool {
	if !s.logs.full(a.Plan, &a.Bucket, now) {
		return true
	}
	s.own.sweep(now, sweepSlots, &s.logs)
	return !s.logs.full(a.Plan, &a.Bucket, now)
}

// sharedDigest is what the bucket is known by that a key shares.
func sharedDigest(d digest, h limitHash) digest {
	return digest{lo: h.lo, hi: h.hi ^ d.lo%sharedParts}
}

// load finds the place of a charge's bucket and copies the bucket.
func (l *Limits) load(op ratelimit.Op, now int64, i int, work []limitWork, a *ratelimit.Account) {
	w := &work[i]
	slot := w.shard.own.find(w.digest)
	if slot == nil && w.shard.shared.used > 0 {
		// Its charges are in there: a bucket of its own would forget them.
		if slot = w.shard.shared.find(w.common); slot != nil && slot.until() <= now {
			slot = nil
		}
		if slot != nil {
			w.place = shared
		}
	}
	if slot == nil && op == ratelimit.Take && !w.shard.room(now, len(work)) {
		w.place = shared
		if !w.shard.sharedRoom(now) && w.shard.shared.find(w.common) == nil {
			w.place = nowhere
		}
	}
	if slot != nil {
		a.Bucket = slot.bucket(a.Plan, &w.shard.logs)
		w.room = cap(a.Bucket.Log)
	}
	if w.place == shared {
		for j := range work[:i] {
			if work[j].place == shared && work[j].common == w.common {
				w.place = nowhere // one call cannot charge one bucket twice
			}
		}
	}
	if op == ratelimit.Take && !w.shard.logRoom(now, a) {
		w.place = nowhere
	}
	if w.place == nowhere {
		a.Bucket = fullBucket(a.Plan, now)
	}
}

// fullBucket is a bucket that stands for no room: one that was charged all that
// it admits just now.
func fullBucket(p *ratelimit.Plan, now int64) ratelimit.Bucket {
	var b ratelimit.Bucket
	b.Take(p, now, &ratelimit.Charge{Cost: p.Most})
	return b
}

// keep stores the bucket of a charge after it has changed.
func (l *Limits) keep(op ratelimit.Op, w *limitWork, a *ratelimit.Account) {
	if w.place == nowhere {
		return
	}
	table, d := &w.shard.own, w.digest
	if w.place == shared {
		table, d = &w.shard.shared, w.common
	}
	slot := table.find(d)
	if slot == nil {
		if op != ratelimit.Take {
			return // it was as new, and is
		}
		slot = table.insert(d)
	}
	slot.keep(&a.Bucket, a.Plan, &w.shard.logs, w.room)
}
