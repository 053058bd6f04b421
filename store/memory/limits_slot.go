package memory

import (
	"math/bits"
	"unsafe"

	"github.com/hone-go/hone/ratelimit"
)

// A limitSlot is a bucket in half a cache line: what a check waits for longest
// is memory. It has no pointer, so that the garbage collector passes it by.
type limitSlot struct {
	digest digest
	// times is Bucket.At, and in its last lifeBits the code of how long from
	// then the bucket is in use.
	times uint64
	// state is Bucket.Used for GCRA; Used, and Before above it, for the
	// strategies that count windows, whose numbers are at most MaxAmount; and
	// loggedBit with a number of shardLogs for those with a log.
	state uint64
}

// slotBytes is what a slot takes, with its tag.
const slotBytes = int64(unsafe.Sizeof(limitSlot{})) + 1

const (
	// lifeBits leaves 53 bits for the time, which is all that a time may have
	// (see [ratelimit.Bucket]).
	lifeBits = 11
	// lifeMantissa is how many bits of a life are kept behind the first: it is
	// rounded up, by less than 1/32. Not fewer: memory is held for so much
	// longer. Not more: with the six bits of the exponent it fills lifeBits.
	lifeMantissa = 5

	loggedBit = 1 << 63
)

// at is Bucket.At.
func (s *limitSlot) at() int64 { return int64(s.times >> lifeBits) }

// until is when the bucket is as new, or less than 1/32 of its life later.
func (s *limitSlot) until() int64 {
	return s.at() + decodeLife(s.times&(1<<lifeBits-1))
}

// setTimes stores Bucket.At and when the bucket is as new, or 0 if it is.
func (s *limitSlot) setTimes(at, until int64) {
	s.times = uint64(at)<<lifeBits | encodeLife(max(0, until-at))
}

// encodeLife returns life as a floating point number: the exponent, and the
// mantissa without its first bit. What is below 2^lifeMantissa is its own code.
func encodeLife(life int64) uint64 {
	if life < 1<<lifeMantissa {
		return uint64(life)
	}
	exponent := bits.Len64(uint64(life)) - 1 - lifeMantissa
	mantissa := (uint64(life) + 1<<exponent - 1) >> exponent
	// A mantissa that was rounded up to the next power carries over.
	return uint64(exponent)<<lifeMantissa + mantissa
}

func decodeLife(code uint64) int64 {
	if code < 1<<lifeMantissa {
		return int64(code)
	}
	exponent := code>>lifeMantissa - 1
	return int64((code - exponent<<lifeMantissa) << exponent)
}

// counters returns Bucket.Used and Bucket.Before of a bucket without a log.
func (s *limitSlot) counters(p *ratelimit.Plan) (used, before int64) {
	if p.Strategy == ratelimit.GCRA {
		return int64(s.state), 0
	}
	return int64(s.state & (1<<32 - 1)), int64(s.state >> 32)
}

// setCounters stores what counters returns. Of GCRA, before is 0.
func (s *limitSlot) setCounters(used, before int64) {
	s.state = uint64(used) | uint64(before)<<32
}

// bucket returns a copy of the slot's bucket.
func (s *limitSlot) bucket(p *ratelimit.Plan, logs *shardLogs) ratelimit.Bucket {
	b := ratelimit.Bucket{At: s.at()}
	if log := logs.of(s); log != nil {
		b.Used, b.Before, b.Log = log.used, log.before, log.entries
	} else {
		b.Used, b.Before = s.counters(p)
	}
	return b
}

// keep stores a bucket, whose log had room for so many entries before.
func (s *limitSlot) keep(b *ratelimit.Bucket, p *ratelimit.Plan, logs *shardLogs, room int) {
	s.setTimes(b.At, b.Expiry(p))
	if b.Log != nil || logs.of(s) != nil {
		logs.keep(s, b, room)
	} else {
		s.setCounters(b.Used, b.Before)
	}
}
