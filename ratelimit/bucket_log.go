package ratelimit

import "slices"

// shortLog is the number of entries up to which a log is moved to the front of
// its memory when some lapse: 2 KiB, some 30 ns. A longer one would make the
// charge slower than an allocation now and then.
const shortLog = 64

// live returns the index of the first entry that is younger than the time since.
func (b *Bucket) live(since int64) int {
	i := 0
	for i < len(b.Log) && b.Log[i].At <= since {
		i++
	}
	return i
}

// liveUsed returns the units of the entries that are younger than since.
func (b *Bucket) liveUsed(since int64) int64 {
	used := b.Used
	for i := 0; i < len(b.Log) && b.Log[i].At <= since; i++ {
		used -= b.Log[i].Cost
	}
	return used
}

// lapse returns the At of the first entry with which so many have lapsed that
// the units of all others are at most -over. It is called only when not that
// many have.
func (b *Bucket) lapse(over int64) int64 {
	i := -1
	for over += b.Used; over > 0; over -= b.Log[i].Cost {
		i++
	}
	return b.Log[i].At
}

// prune drops what has lapsed.
func (b *Bucket) prune(since int64) {
	n := b.live(since)
	for i := range n {
		b.Used -= b.Log[i].Cost
	}
	if len(b.Log)-n <= shortLog {
		b.Log = b.Log[:copy(b.Log, b.Log[n:])]
	} else {
		b.Log = b.Log[n:]
	}
}

func (b *Bucket) push(e Entry) {
	b.Log = append(b.Log, e)
	b.Used += e.Cost
}

// takeBack takes up to n units from an entry, at the time at, when what is not
// younger than since has lapsed.
func (b *Bucket) takeBack(i int, n, at, since int64) int64 {
	back := min(n, b.Log[i].Cost)
	if back == 0 {
		return 0
	}
	b.Log[i].Cost -= back
	b.Used -= back
	if b.Log[i].Cost == 0 {
		b.Log = slices.Delete(b.Log, i, i+1)
	}
	b.prune(since)
	b.At = at
	return back
}

// newest returns the last entry's At, and life more.
func (b *Bucket) newest(life int64) int64 {
	if len(b.Log) == 0 {
		return 0
	}
	return b.Log[len(b.Log)-1].At + life
}
