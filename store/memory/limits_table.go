package memory

import "math/bits"

// A limitTable is a hash table of buckets with open addressing. A slot is as
// near behind the place of its digest as it was free: a search ends at a free
// slot, and removal closes the gap.
type limitTable struct {
	// tags has a byte for each slot: 0 if it is free. Of the others it says
	// seven bits of the digest, so that a search reads one slot, mostly.
	tags  []uint8
	slots []limitSlot
	used  int
	hand  int // where the search for buckets that are as new goes on
}

func newLimitTable(slots int) limitTable {
	return limitTable{tags: make([]uint8, slots), slots: make([]limitSlot, slots)}
}

func tagOf(d digest) uint8 { return uint8(d.lo) | 1<<7 }

// home returns where a digest would be in a table without others.
func (t *limitTable) home(d digest) int {
	at, _ := bits.Mul64(d.lo, uint64(len(t.slots)))
	return int(at)
}

func (t *limitTable) next(i int) int {
	if i++; i == len(t.slots) {
		return 0
	}
	return i
}

// find returns nil if there is no such bucket.
func (t *limitTable) find(d digest) *limitSlot {
	if len(t.slots) == 0 {
		return nil
	}
	tag := tagOf(d)
	for i := t.home(d); t.tags[i] != 0; i = t.next(i) {
		if t.tags[i] == tag && t.slots[i].digest == d {
			return &t.slots[i]
		}
	}
	return nil
}

// insert adds a bucket that is not in the table, which is not full.
func (t *limitTable) insert(d digest) *limitSlot {
	i := t.home(d)
	for t.tags[i] != 0 {
		i = t.next(i)
	}
	t.used++
	t.tags[i] = tagOf(d)
	t.slots[i].digest = d
	return &t.slots[i]
}

// fits reports whether n more leave an eighth of the table free. Searches would
// become long in a fuller one.
func (t *limitTable) fits(n int) bool { return (t.used+n)*8 <= len(t.slots)*7 }

// remove empties slot i, and moves what was kept from its place to the front.
func (t *limitTable) remove(i int, logs *shardLogs) {
	logs.drop(&t.slots[i])
	t.used--
	for j := t.next(i); t.tags[j] != 0; j = t.next(j) {
		// Slot j may move to i unless its home lies after i, up to j.
		if home := t.home(t.slots[j].digest); (j-home+len(t.slots))%len(t.slots) >= (j-i+len(t.slots))%len(t.slots) {
			t.slots[i], t.tags[i] = t.slots[j], t.tags[j]
			i = j
		}
	}
	t.free(i)
}

func (t *limitTable) free(i int) { t.slots[i], t.tags[i] = limitSlot{}, 0 }

// sweep looks at some slots and removes buckets that are as new.
func (t *limitTable) sweep(now int64, slots int, logs *shardLogs) {
	for range min(slots, len(t.slots)) {
		if t.hand >= len(t.slots) {
			t.hand = 0
		}
		if t.tags[t.hand] != 0 && t.slots[t.hand].until() <= now {
			t.remove(t.hand, logs) // another may be here now
		} else {
			t.hand++
		}
	}
}

// purge removes all buckets that are as new. Cost: it looks at every slot once.
func (t *limitTable) purge(now int64, logs *shardLogs) {
	start := 0
	for t.tags[start] != 0 {
		start++ // no search passes a free slot, and an eighth is free
	}
	for i := t.next(start); i != start; i = t.next(i) {
		if t.tags[i] == 0 {
			continue
		}
		s := t.slots[i]
		t.free(i)
		t.used--
		if s.until() > now {
			*t.insert(s.digest) = s // here, or in a gap before
		} else {
			logs.drop(&s)
		}
	}
}

// makeRoom makes room for n more buckets in a table of at most most slots: it
// removes those that are as new, and if they are too few or very many, it moves
// the others into a table of twice their number.
func (t *limitTable) makeRoom(now int64, n, most int, logs *shardLogs) {
	if len(t.slots) > 0 {
		t.purge(now, logs)
	}
	if need := t.used + n; need*2 > len(t.slots) || need*8 < len(t.slots) {
		old := *t
		*t = newLimitTable(min(most, max(minSlots, 2*need)))
		for i := range old.slots {
			if old.tags[i] != 0 {
				*t.insert(old.slots[i].digest) = old.slots[i]
			}
		}
	}
}

// minSlots is the size of the smallest table.
const minSlots = 8
