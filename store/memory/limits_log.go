package memory

import (
	"sync/atomic"
	"unsafe"

	"github.com/hone-go/hone/ratelimit"
)

// A logBudget bounds the memory of all logs of a store.
type logBudget struct {
	most int64
	used atomic.Int64
}

// shardLogs are the logs of the buckets of one shard, each at a number that its
// slot knows.
type shardLogs struct {
	budget *logBudget
	all    []*limitLog
	spare  []uint32 // the numbers that none has
}

// A limitLog is the log of a bucket, and what its slot has no place for.
type limitLog struct {
	used, before int64
	entries      []ratelimit.Entry
	bytes        int64 // as counted in the budget
}

const (
	entryBytes = int64(unsafe.Sizeof(ratelimit.Entry{}))
	logBytes   = int64(unsafe.Sizeof(limitLog{}))
	// numberBytes is what a number takes in shardLogs, whose slices are at most
	// twice as long as they need be. They do not become shorter.
	numberBytes = 2 * int64(unsafe.Sizeof((*limitLog)(nil))+unsafe.Sizeof(uint32(0)))
)

// of returns the log of a slot, or nil.
func (l *shardLogs) of(s *limitSlot) *limitLog {
	if s.state&loggedBit == 0 {
		return nil
	}
	return l.all[s.state&^loggedBit]
}

// full reports whether a charge needs a longer log and there is no memory for
// one. Go lengthens a slice to its double at most, but for the shortest.
func (l *shardLogs) full(p *ratelimit.Plan, b *ratelimit.Bucket, now int64) bool {
	lapsed := now
	switch p.Strategy {
	case ratelimit.MovingWindow:
		lapsed -= p.Period
	case ratelimit.Concurrency:
	default:
		return false
	}
	n := len(b.Log)
	if n < cap(b.Log) || n > 0 && b.Log[0].At <= lapsed {
		return false
	}
	longer := entryBytes*(2*int64(n)+4) + logBytes + numberBytes
	return l.budget.used.Load()+longer > l.budget.most
}

// keep stores a bucket's log, which had room for so many entries before.
func (l *shardLogs) keep(s *limitSlot, b *ratelimit.Bucket, room int) {
	log := l.of(s)
	if log == nil {
		log, room = l.add(s), 0
	}
	if cap(b.Log) > room { // it has new memory
		bytes := entryBytes*int64(cap(b.Log)) + logBytes
		l.budget.used.Add(bytes - log.bytes)
		log.bytes = bytes
	}
	log.used, log.before, log.entries = b.Used, b.Before, b.Log
}

// add gives a slot an empty log.
func (l *shardLogs) add(s *limitSlot) *limitLog {
	log := &limitLog{}
	if last := len(l.spare) - 1; last >= 0 {
		s.state = loggedBit | uint64(l.spare[last])
		l.all[l.spare[last]] = log
		l.spare = l.spare[:last]
		return log
	}
	s.state = loggedBit | uint64(len(l.all))
	l.all = append(l.all, log)
	l.budget.used.Add(numberBytes)
	return log
}

// drop ends the log of a slot that is given up, if it has one.
func (l *shardLogs) drop(s *limitSlot) {
	if log := l.of(s); log != nil {
		l.budget.used.Add(-log.bytes)
		number := s.state &^ loggedBit
		l.all[number] = nil
		l.spare = append(l.spare, uint32(number))
	}
}
