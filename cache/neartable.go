package cache

import "sync/atomic"

// nearTable finds the entries of one function by their keys: a chained hash
// table that is read without a lock. What writes to it holds near.mu.
//
// A reader sees an entry that is being replaced or taken out, or does not; and
// while a segment grows, it may miss one that is there. It then asks the store.
type nearTable[K comparable, V any] struct {
	segments [nearSegments]struct {
		heads atomic.Pointer[nearHeads[K, V]] // nil: there is none
		count int
	}
}

// nearHeads are the first entries of the chains, a power of two of them.
type nearHeads[K comparable, V any] []atomic.Pointer[nearEntry[K, V]]

// nearSegments is into how many parts a table is divided, each of which grows
// by itself. Not smaller: growing moves all entries of a part under the lock,
// 4,000 of them when there are a million. Not larger: they are 4 KB.
const nearSegments = 1 << 8

// minNearHeads is how many chains a segment begins with.
const minNearHeads = 4

func (h nearHeads[K, V]) at(hash uint64) *atomic.Pointer[nearEntry[K, V]] {
	return &h[hash&uint64(len(h)-1)]
}

// look returns the entry of a key, or nil.
func (t *nearTable[K, V]) look(hash uint64, key K) *nearEntry[K, V] {
	heads := t.segments[hash>>56].heads.Load()
	if heads == nil {
		return nil
	}
	e := heads.at(hash).Load()
	for e != nil && (e.hash != hash || e.key != key) {
		e = e.next.Load()
	}
	return e
}

// put adds an entry, and returns the one of the same key that it replaces, or
// nil.
func (t *nearTable[K, V]) put(e *nearEntry[K, V]) (old *nearEntry[K, V]) {
	s := &t.segments[e.hash>>56]
	if heads := s.heads.Load(); heads == nil || s.count >= len(*heads)/2 {
		t.grow(e.hash)
	}
	old = t.look(e.hash, e.key)
	head := s.heads.Load().at(e.hash)
	e.next.Store(head.Load())
	head.Store(e)
	s.count++
	if old != nil {
		t.remove(old)
	}
	return old
}

// remove takes out an entry, which is there.
func (t *nearTable[K, V]) remove(e *nearEntry[K, V]) {
	s := &t.segments[e.hash>>56]
	link := s.heads.Load().at(e.hash)
	for link.Load() != e {
		link = &link.Load().next
	}
	link.Store(e.next.Load()) // who is reading e goes on from it
	e.gone.Store(true)
	s.count--
}

// grow doubles a segment.
func (t *nearTable[K, V]) grow(hash uint64) {
	s := &t.segments[hash>>56]
	var old nearHeads[K, V]
	if p := s.heads.Load(); p != nil {
		old = *p
	}
	heads := make(nearHeads[K, V], max(minNearHeads, 2*len(old)))
	for i := range old {
		for e := old[i].Load(); e != nil; {
			next := e.next.Load()
			head := heads.at(e.hash)
			e.next.Store(head.Load())
			head.Store(e)
			e = next
		}
	}
	s.heads.Store(&heads)
}
