package memory

import (
	"math/rand/v2"
	"testing"
)

// TestLimitTableKeepsWhatIsNotRemoved compares a small table, in which most
// buckets are not at home, with a map.
func TestLimitTableKeepsWhatIsNotRemoved(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	table := newLimitTable(16)
	kept := make(map[digest]bool)
	for range 100_000 {
		d := digest{lo: r.Uint64N(64) << 58}
		switch slot := table.find(d); {
		case (slot != nil) != kept[d]:
			t.Fatalf("find(%x) = %v, want %t", d.lo, slot, kept[d])
		case slot != nil:
			slot.setTimes(0, 1)
			if r.IntN(2) == 0 {
				table.sweep(1, len(table.slots), &shardLogs{})
			} else {
				table.purge(1, &shardLogs{})
			}
			delete(kept, d)
		case table.fits(1):
			table.insert(d).setTimes(0, 2)
			kept[d] = true
		}
	}
}
