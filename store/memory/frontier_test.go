package memory

import "testing"

// TestFrontier follows one change through the epochs.
func TestFrontier(t *testing.T) {
	clock := int64(0)
	f := frontier{now: func() int64 { clock++; return clock }}
	want := func(when string, want int64) {
		t.Helper()
		if got := f.advance(); got != want {
			t.Errorf("advance %s = %d, want %d", when, got, want)
		}
	}
	want("with nothing open", 1)
	want("with nothing open", 2)
	c := f.begin()
	want("with a change open", 2) // its epoch began at 2, and it may have happened since
	for range 3 {
		want("with a change still open", 2)
	}
	later := f.begin() // in an epoch that began at 3, while the first was open
	c.end()
	want("with only a later one open", 3)
	later.end()
	want("with nothing open again", 8)
}

// TestQueueIsBounded: a tag that comes again and again is kept once.
func TestQueueIsBounded(t *testing.T) {
	g := newGenerations()
	for range 10_000 {
		g.now++
		g.put("tag", 100)
	}
	if len(g.queue) > 100 || g.generation("tag") != g.now {
		t.Errorf("queue of 1 tag = %d long and of generation %d, want at most 100 and %d", len(g.queue), g.generation("tag"), g.now)
	}
}
