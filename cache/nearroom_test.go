package cache_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/hone-go/hone/cache"
)

const never = time.Duration(math.MaxInt64)

// A slowRoom is what a near cache should be, with slices to search through.
// Both queues begin with the latest.
type slowRoom struct {
	maxBytes  int64
	new, main []*slowEntry
	ghosts    map[uint64]uint32
	slots     int
	hash      func(int) uint64
}

type slowEntry struct {
	key, value int
	reads      int
	bytes      int64
	end        time.Duration
}

func (s *slowRoom) all() []*slowEntry { return slices.Concat(s.new, s.main) }

func (s *slowRoom) find(key int) *slowEntry {
	for _, e := range s.all() {
		if e.key == key {
			return e
		}
	}
	return nil
}

func bytesOf(entries []*slowEntry) (sum int64) {
	for _, e := range entries {
		sum += e.bytes
	}
	return sum
}

func (s *slowRoom) drop(e *slowEntry) {
	s.new = slices.DeleteFunc(s.new, func(o *slowEntry) bool { return o == e })
	s.main = slices.DeleteFunc(s.main, func(o *slowEntry) bool { return o == e })
}

func (s *slowRoom) put(e *slowEntry, now time.Duration) {
	if e.bytes > s.maxBytes {
		return
	}
	slot := s.hash(e.key) & uint64(s.slots-1)
	ghost, left := s.ghosts[slot]
	queue := &s.new
	switch old := s.find(e.key); {
	case old != nil:
		if slices.Contains(s.main, old) {
			queue = &s.main
		}
		s.drop(old)
	case s.slots > 0 && left && ghost == uint32(s.hash(e.key)>>32):
		delete(s.ghosts, slot)
		queue = &s.main
	}
	*queue = slices.Insert(*queue, 0, e)
	for i := 0; i < cache.NearDead || bytesOf(s.all()) > s.maxBytes; i++ {
		all := s.all()
		if len(all) == 0 {
			break
		}
		first := slices.MinFunc(all, func(a, b *slowEntry) int { return cmp.Compare(a.end, b.end) })
		if first.end > now {
			break
		}
		s.drop(first)
	}
	for bytesOf(s.all()) > s.maxBytes {
		s.evict()
	}
}

func (s *slowRoom) evict() {
	for chances := cache.NearChances; ; chances-- {
		queue := &s.main
		if bytesOf(s.new) > s.maxBytes/cache.NearNewShare || len(s.main) == 0 {
			queue = &s.new
		}
		e := (*queue)[len(*queue)-1]
		fresh := slices.Contains(s.new, e)
		leaves := e.reads == 0 || chances == 0
		if leaves && fresh {
			if n := len(s.all()); s.slots < n {
				s.slots, s.ghosts = max(64, 2*s.slots), make(map[uint64]uint32)
			}
			s.ghosts[s.hash(e.key)&uint64(s.slots-1)] = uint32(s.hash(e.key) >> 32)
		}
		s.drop(e)
		switch {
		case leaves:
			return
		case fresh:
			e.reads = 0
		default:
			e.reads--
		}
		s.main = slices.Insert(s.main, 0, e)
	}
}

// TestNearRoomModel gives the same random puts, reads and drops to a near cache
// and to a slow one. Ends differ, so that it is certain which is the first. Some
// rooms hold few entries and others most, which are read seldom or often.
func TestNearRoomModel(t *testing.T) {
	for run := range 30 {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 0))
		const maxBytes = 10_000
		largest, skew, ends := 400, 3.0, 2 // one in so many ends
		if run%3 == 0 {
			largest, skew, ends = 100, 1, 20
		}
		room := cache.NewNearRoom(maxBytes)
		slow := &slowRoom{maxBytes: maxBytes, ghosts: make(map[uint64]uint32), hash: room.Hash}
		now := time.Duration(0)
		for i := range 3000 {
			if now++; r.IntN(100) == 0 {
				now += 300 // so that several have died since the last put
			}
			key := int(300 * math.Pow(r.Float64(), skew))
			switch r.IntN(8) {
			case 0, 1:
				bytes := uint32(1 + r.IntN(largest))
				if r.IntN(200) == 0 {
					bytes *= 100
				}
				end := never
				if r.IntN(ends) == 0 {
					end = now + time.Duration(r.IntN(1000))
					for slices.ContainsFunc(slow.all(), func(e *slowEntry) bool { return e.end == end }) {
						end++
					}
				}
				room.Put(key, i, bytes, end, now)
				slow.put(&slowEntry{key: key, value: i, bytes: int64(bytes), end: end}, now)
			case 2:
				if r.IntN(10) == 0 {
					room.Drop(key)
					if e := slow.find(key); e != nil {
						slow.drop(e)
					}
				}
			default:
				got, ok := room.Read(key)
				want := slow.find(key)
				if ok != (want != nil) || ok && got != want.value {
					t.Fatalf("seed %d, step %d: Read(%d) = %d, %v, want %+v", seed, i, key, got, ok, want)
				}
				if want != nil {
					want.reads = min(want.reads+1, cache.NearReads)
				}
			}
			var keys []int
			for _, e := range slow.all() {
				keys = append(keys, e.key)
			}
			slices.Sort(keys)
			if got := room.Keys(); !slices.Equal(got, keys) || room.Bytes() != bytesOf(slow.all()) || room.Bytes() > maxBytes {
				t.Fatalf("seed %d, step %d: %d bytes of %v, want %d of %v", seed, i, room.Bytes(), got, bytesOf(slow.all()), keys)
			}
		}
		if room.Evicted() == 0 {
			t.Error("nothing was evicted")
		}
	}
}

// TestNearRoomTakesTheDeadFirst fills a near cache with what never ends, was
// never read and came first, and with what is dead by now.
func TestNearRoomTakesTheDeadFirst(t *testing.T) {
	room := cache.NewNearRoom(1000)
	for key := range 50 {
		room.Put(key, key, 10, never, 0)
	}
	for key := 50; key < 100; key++ {
		room.Put(key, key, 10, 100, 0)
	}
	for key := 100; key < 150; key++ {
		room.Put(key, key, 10, never, 100)
	}
	if keys := room.Keys(); len(keys) != 100 || slices.ContainsFunc(keys, func(k int) bool { return k >= 50 && k < 100 }) || room.Evicted() != 0 {
		t.Errorf("%d evicted, %v are left, want all but 50 to 99", room.Evicted(), keys)
	}
}

// TestNearRoomConcurrently has readers meet writers, evictions and growth: what
// is read under a key is what was put there.
func TestNearRoomConcurrently(t *testing.T) {
	const keys, entry = 5000, 10
	room := cache.NewNearRoom(keys / 2 * entry)
	var stop atomic.Bool
	var hits atomic.Int64
	var readers, writers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for !stop.Load() {
				key := rand.IntN(keys)
				if v, ok := room.Read(key); ok {
					hits.Add(1)
					if v%keys != key {
						t.Errorf("Read(%d) = %d, want %[1]d mod %d", key, v, keys)
						return
					}
				}
			}
		})
	}
	for range 4 {
		writers.Go(func() {
			for i := range 30_000 {
				key := rand.IntN(keys)
				if i%10 == 0 {
					room.Drop(key)
				} else {
					room.Put(key, i*keys+key, entry, never, 0)
				}
			}
		})
	}
	writers.Wait()
	stop.Store(true)
	readers.Wait()
	if got, want := room.Bytes(), int64(len(room.Keys())*entry); got != want || hits.Load() == 0 {
		t.Errorf("Bytes() = %d after %d hits, want %d, as that is in the table, and some", got, hits.Load(), want)
	}
}

// TestNearRoomHitRatio compares the share of hits with otter's W-TinyLFU, under
// Zipf's law with and without a scan beside it.
func TestNearRoomHitRatio(t *testing.T) {
	const keys, room, lookups = 20_000, 2000, 200_000
	for _, s := range []float64{1, 0.9} {
		for _, scan := range []bool{false, true} {
			next := zipf(keys, s)
			near := cache.NewNearRoom(room)
			peer := otter.Must(&otter.Options[int, int]{MaximumSize: room, Executor: func(fn func()) { fn() }})
			var hits, peerHits int
			ask := func(key int) {
				if _, ok := near.Read(key); ok {
					hits++
				} else {
					near.Put(key, key, 1, never, 0)
				}
				if _, ok := peer.GetIfPresent(key); ok {
					peerHits++
				} else {
					peer.Set(key, key)
				}
			}
			for i := range lookups {
				ask(next())
				if scan && i%5 == 0 {
					ask(keys + i)
				}
			}
			if behind := float64(peerHits-hits) / lookups; behind > 0.01 {
				t.Errorf("s=%v, scan=%v: hits in %.4f of the lookups, %.4f fewer than otter, want at most 0.01", s, scan, float64(hits)/lookups, behind)
			} else {
				t.Logf("s=%v, scan=%v: %.4f, otter %.4f", s, scan, float64(hits)/lookups, float64(peerHits)/lookups)
			}
		}
	}
}

// zipf returns numbers below n of which the i-th is drawn with a probability
// that is proportional to 1/i^s. They are the same each time.
func zipf(n int, s float64) func() int {
	r := rand.New(rand.NewPCG(1, 2))
	sums := make([]float64, n)
	sum := 0.0
	for i := range sums {
		sum += math.Pow(float64(i+1), -s)
		sums[i] = sum
	}
	return func() int {
		i, _ := slices.BinarySearch(sums, sum*r.Float64())
		return i
	}
}
