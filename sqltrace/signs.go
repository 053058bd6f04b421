package sqltrace

import (
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// signs are what a request shows of mistakes while it runs. A request without
// any is not looked through at its end: one or two statements that do nothing
// out of the ordinary cost their request no lock there.
type signs struct{ seen atomic.Uint32 }

const (
	signRepeats  = 1 << iota // a statement was sent often enough to be a loop
	signNested               // one was sent while another was read
	signSlow                 // one was slow
	signTable                // one returned more than Config.MaxRows rows
	signManyRows             // one returned enough rows to compare with the answer
)

func (s *signs) add(sign uint32) {
	if s.seen.Load()&sign != sign {
		s.seen.Or(sign)
	}
}

// manyRows is how many rows one look-up must return before they are compared
// with what is written out. Not smaller: a few dozen rows are cheap to read,
// and to filter, wherever that is done. Not larger: hundreds that nobody is
// shown are already most of such a request's time.
const manyRows = 100

// bytesPerRow is how much a row that is written out takes at least: a digit and
// what separates it from the next.
const bytesPerRow = 2

// signOf returns what the end of an execution shows.
func (c *Config) signOf(fp *fingerprint, elapsed time.Duration, rows int64) uint32 {
	var sign uint32
	if c.SlowStatement > 0 && elapsed >= c.SlowStatement {
		sign |= signSlow
	}
	if fp.lookup && c.MaxRows > 0 {
		switch {
		case rows > c.MaxRows:
			sign |= signTable
		case rows >= manyRows:
			sign |= signManyRows
		}
	}
	if c.MinRepeats < 0 {
		return 0
	}
	return sign
}

// within reports whether the request that ended with sum must be looked
// through.
func (s *signs) within(sum *ledger.Summary) bool {
	seen := s.seen.Load()
	return seen&^signManyRows != 0 || seen != 0 && unwritten(sum) || sum.Open > 0 || len(sum.Held) > 0
}

// unwritten reports whether the request read more rows than it can have
// written out. Only a response that ended well shows that; one that called
// another service may have sent them there.
func unwritten(sum *ledger.Summary) bool {
	return sum.Bytes > 0 && sum.Status >= 200 && sum.Status <= 299 && !sum.Canceled && len(sum.Spans) == 0 &&
		sum.SQL.Rows > sum.Bytes/bytesPerRow
}
