package memory

import "testing"

// TestSharedTableIsBounded fills the shared buckets of a shard.
func TestSharedTableIsBounded(t *testing.T) {
	var s limitShard
	s.init(100, &logBudget{})
	const until = 10
	for n := range uint64(100) {
		if !s.sharedRoom(until - 1) {
			break
		}
		s.shared.insert(digest{lo: n << 56, hi: n}).setTimes(1, until)
	}
	if got, want := s.shared.used, len(s.shared.slots)*7/8; got != want || want == 0 {
		t.Fatalf("shared buckets when there is no room = %d, want %d", got, want)
	}
	if !s.sharedRoom(until) {
		t.Error("sharedRoom = false though every bucket is as new, want true")
	}
	if got := s.shared.used; got != 0 {
		t.Errorf("shared buckets after that = %d, want 0", got)
	}
}

// TestTableIsPurgedRatherThanGrown has many buckets that are as new when the
// next one needs room: the table is kept, and given up when few are left.
func TestTableIsPurgedRatherThanGrown(t *testing.T) {
	var s limitShard
	s.init(1<<20, &logBudget{})
	for n := range uint64(700) {
		s.room(1, 1)
		s.own.insert(digest{lo: n * 0x9e3779b97f4a7c15}).setTimes(int64(n), int64(n)+10)
	}
	slots, first := len(s.own.slots), &s.own.slots[0]
	s.own.makeRoom(10+399, 1, s.mostOwn, &s.logs)
	if got := s.own.used; got != 300 || &s.own.slots[0] != first {
		t.Errorf("%d buckets in a table of %d slots, want 300, in the same one of %d", got, len(s.own.slots), slots)
	}
	s.own.makeRoom(1000, 1, s.mostOwn, &s.logs)
	if got := len(s.own.slots); got != minSlots {
		t.Errorf("slots of an empty table = %d, want %d", got, minSlots)
	}
}
