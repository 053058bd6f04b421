package cache

import (
	"container/heap"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// near bounds what all functions of a Cache keep near, in bytes, so that what
// is asked for most stays. It is S3-FIFO (Yang, Zhang, Qiu, Yue, Vigfusson:
// FIFO Queues are All You Need for Cache Eviction, SOSP 2023,
// https://dl.acm.org/doi/10.1145/3600006.3613147): what is new waits in a small
// queue, and goes on to the main one only if it is read there, or comes back
// soon after it has left. A hit writes at most a counter of the entry's own, and
// nothing once that is at its end: hits on several cores do not meet.
type near struct {
	maxBytes int64
	mu       struct {
		sync.Mutex
		new, main nearQueue
		left      nearGhosts
		ends      nearEnds
		count     int
	}
}

// A nearPlace is an entry's place in the queues. near.mu guards it.
type nearPlace struct {
	kept       keptNear
	prev, next *nearPlace
	queue      *nearQueue    // nil: it has left
	end        time.Duration // on the marks' clock: dead from then on
	index      int32         // in nearEnds; below 0 if it is not there
	bytes      uint32
}

// keptNear is a *nearEntry of some types.
type keptNear interface {
	hashed() uint64
	counter() *atomic.Uint32 // of reads, up to nearReads: the readers write it
	remove(evicted bool)     // from its table; evicted: to make room
}

const (
	// nearNewShare is the part of the budget that the new may take once it is
	// full. Not smaller: what is asked for twice soon must find it still there.
	// Not larger: what is asked for once takes the room of what is asked for often.
	nearNewShare = 50
	// nearReads is to how many reads of an entry are counted. Not smaller: what
	// is read once would be as good as what is read always. Not larger: it would
	// stay long after its last read.
	nearReads = 3
	// nearChances is how many entries an eviction passes over at most because
	// they were read. Not smaller: it would take what is needed. Not larger: a
	// reader waits for it.
	nearChances = 128
	// nearDead is how many dead entries are taken out whenever one is added,
	// even if there is room. Not smaller: with one, they would stay as long as
	// the cache grows. Not larger: a reader waits for it.
	nearDead = 4
)

func newNear(maxBytes int64) *near {
	n := &near{maxBytes: maxBytes}
	n.mu.new.init()
	n.mu.main.init()
	return n
}

// addLocked takes an entry in, in the place of another one unless old is nil,
// and makes room for it.
func (n *near) addLocked(p, old *nearPlace, now time.Duration) {
	queue := &n.mu.new
	hash := p.kept.hashed()
	switch {
	case old != nil:
		queue = old.queue
		n.leaveLocked(old)
	case n.mu.left.take(hash):
		queue = &n.mu.main
	}
	queue.push(p)
	n.mu.count++
	p.index = -1
	if p.end != math.MaxInt64 {
		heap.Push(&n.mu.ends, p)
	}
	for i := 0; n.buryLocked(now, i); i++ {
	}
	for n.bytesLocked() > n.maxBytes {
		n.evictLocked()
	}
}

// buryLocked takes out an entry that is dead, if there is one and it should be:
// i of them have been.
func (n *near) buryLocked(now time.Duration, i int) bool {
	if len(n.mu.ends) == 0 || n.mu.ends[0].end > now || i >= nearDead && n.bytesLocked() <= n.maxBytes {
		return false
	}
	p := n.mu.ends[0].nearPlace
	n.leaveLocked(p)
	p.kept.remove(false)
	return true
}

func (n *near) bytesLocked() int64 { return n.mu.new.bytes + n.mu.main.bytes }

// evictLocked takes out the entry that is the least needed.
func (n *near) evictLocked() {
	for chances := nearChances; ; chances-- {
		queue := &n.mu.main
		if n.mu.new.bytes > n.maxBytes/nearNewShare || queue.bytes == 0 {
			queue = &n.mu.new
		}
		p := queue.last()
		reads := p.kept.counter()
		switch r := reads.Load(); {
		case r == 0 || chances == 0:
			if queue == &n.mu.new {
				n.mu.left.add(p.kept.hashed(), n.mu.count)
			}
			n.leaveLocked(p)
			p.kept.remove(true)
			return
		case queue == &n.mu.new:
			reads.Store(0)
		default:
			reads.Store(r - 1)
		}
		queue.pop(p)
		n.mu.main.push(p)
	}
}

// leaveLocked takes an entry out of the queues.
func (n *near) leaveLocked(p *nearPlace) {
	p.queue.pop(p)
	p.queue = nil
	n.mu.count--
	if p.index >= 0 {
		heap.Remove(&n.mu.ends, int(p.index))
	}
}

// drop takes out an entry that is of no use any more, if it is still there.
func (n *near) drop(p *nearPlace) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p.queue != nil {
		n.leaveLocked(p)
		p.kept.remove(false)
	}
}

func (n *near) bytes() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.bytesLocked()
}

// A nearQueue is a ring in order of entry: next of it is the latest.
type nearQueue struct {
	nearPlace
	bytes int64
}

func (q *nearQueue) init()            { q.prev, q.next = &q.nearPlace, &q.nearPlace }
func (q *nearQueue) last() *nearPlace { return q.prev }

func (q *nearQueue) push(p *nearPlace) {
	p.queue, p.prev, p.next = q, &q.nearPlace, q.next
	p.prev.next, p.next.prev = p, p
	q.bytes += int64(p.bytes)
}

func (q *nearQueue) pop(p *nearPlace) {
	p.prev.next, p.next.prev = p.next, p.prev
	p.prev, p.next = nil, nil // a reader that still has the entry does not hold others
	q.bytes -= int64(p.bytes)
}

// nearGhosts remember the hashes of what left the new queue, about as many as
// there are entries: each slot that of the last to leave of those that share it.
type nearGhosts []uint32

func (g nearGhosts) slot(hash uint64) *uint32 { return &g[hash&uint64(len(g)-1)] }

func (g *nearGhosts) add(hash uint64, entries int) {
	if len(*g) < entries {
		*g = make(nearGhosts, max(64, 2*len(*g))) // what is forgotten comes in by the new queue once more
	}
	*g.slot(hash) = uint32(hash >> 32)
}

// take reports whether a hash is remembered, and forgets it.
func (g nearGhosts) take(hash uint64) bool {
	if len(g) == 0 {
		return false
	}
	s := g.slot(hash)
	if *s != uint32(hash>>32) {
		return false
	}
	*s = 0
	return true
}

// nearEnds is a heap of the entries that have an end, the first to end on top.
type nearEnds []nearEnd

type nearEnd struct {
	*nearPlace
	end time.Duration // of the place, here to be compared without looking there
}

func (h nearEnds) Len() int           { return len(h) }
func (h nearEnds) Less(i, j int) bool { return h[i].end < h[j].end }

func (h nearEnds) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = int32(i), int32(j)
}

func (h *nearEnds) Push(x any) {
	p := x.(*nearPlace)
	p.index = int32(len(*h))
	*h = append(*h, nearEnd{p, p.end})
}

func (h *nearEnds) Pop() any {
	last := len(*h) - 1
	p := (*h)[last].nearPlace
	(*h)[last] = nearEnd{}
	*h = (*h)[:last]
	p.index = -1
	return p
}
