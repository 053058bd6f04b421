package measure

import "sync/atomic"

// A cacheLine keeps what is before it and what is behind it from slowing each
// other down: processors pass memory among themselves in lines of 64 bytes.
type cacheLine [64]byte

// gaugeCells is how many cells a gauge has. Not fewer: with 16, two of eight
// processors seldom meet. Not more: each is a cache line, and is read for the
// sum.
const gaugeCells = 16

// A gauge counts what is under way. It is spread over cells, because every
// request changes it twice, on every processor at once. The zero value is
// ready to use. It is safe for concurrent use.
type gauge struct {
	cells [gaugeCells]struct {
		n atomic.Int64
		_ [56]byte // to a cache line
	}
}

// add adds d to the cell that any random number stands for. What goes down
// need not do so where it went up.
func (g *gauge) add(random uint32, d int64) { g.cells[random%gaugeCells].n.Add(d) }

// load returns the sum. While it is read, some changes may be seen and others
// not; it is never below zero.
func (g *gauge) load() int64 {
	var sum int64
	for i := range g.cells {
		sum += g.cells[i].n.Load()
	}
	return max(0, sum)
}
