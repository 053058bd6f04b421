package cache

import (
	"hash/maphash"
	"maps"
	"slices"
	"time"
)

// NearReads and the like are the constants of the near cache's policy.
const (
	NearReads    = nearReads
	NearNewShare = nearNewShare
	NearChances  = nearChances
	NearDead     = nearDead
)

// HitStripes is how many goroutines can count hits side by side.
const HitStripes = hitStripes

// HitStripe tells where the caller's goroutine counts.
func HitStripe() int {
	var t tally
	at := t.stripe()
	for i := range t.hits {
		if at == &t.hits[i] {
			return i
		}
	}
	return -1
}

// A NearRoom is a near cache alone, of numbers under numbers.
type NearRoom struct{ f *Func[int, int] }

func NewNearRoom(maxBytes int64) NearRoom {
	c := &Cache{near: newNear(maxBytes)}
	return NearRoom{&Func[int, int]{cache: c, seed: maphash.MakeSeed(), table: new(nearTable[int, int]), tally: new(tally)}}
}

// Put keeps a value that is dead from end on.
func (r NearRoom) Put(key, value int, bytes uint32, end, now time.Duration) {
	e := &nearEntry[int, int]{f: r.f, hash: r.f.nearHash(key), key: key, value: value}
	e.place = nearPlace{kept: e, end: end, bytes: bytes}
	r.f.putNear(e, now)
}

func (r NearRoom) Read(key int) (value int, ok bool) {
	e := r.f.table.look(r.f.nearHash(key), key)
	if e == nil {
		return 0, false
	}
	e.count()
	return e.value, true
}

// Drop takes a key out, as two readers do that have found it outdated.
func (r NearRoom) Drop(key int) {
	if e := r.f.table.look(r.f.nearHash(key), key); e != nil {
		r.f.cache.near.drop(&e.place)
		r.f.cache.near.drop(&e.place)
	}
}

func (r NearRoom) Hash(key int) uint64 { return r.f.nearHash(key) }
func (r NearRoom) Bytes() int64        { return r.f.cache.near.bytes() }
func (r NearRoom) Evicted() int64      { return r.f.tally.evicted.Load() }

// Keys returns what is in the table, sorted.
func (r NearRoom) Keys() []int {
	keys := make(map[int]struct{})
	for i := range r.f.table.segments {
		heads := r.f.table.segments[i].heads.Load()
		if heads == nil {
			continue
		}
		for j := range *heads {
			for e := (*heads)[j].Load(); e != nil; e = e.next.Load() {
				keys[e.key] = struct{}{}
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}
