package measure

import (
	"math"
	"math/bits"
	"time"
)

// Buckets are base-2 exponential at scale 5: bucket k holds the durations in
// (2^((k-1)/32), 2^(k/32)] seconds. Not coarser: scale 4 has an error of
// 2.2 %, and a regression of two milliseconds in a hundred could hide in it.
// Not finer: scale 6 doubles the 8 KiB per series and no reader can use it.
const (
	perOctave = 32
	minIndex  = -20*perOctave + 1 // the lowest bucket starts at 2^-20 s, 0.95 µs
	maxIndex  = 12 * perOctave    // the highest ends at 2^12 s, 68 min
	slots     = maxIndex - minIndex + 3

	underflowSlot = 0         // durations at or below 2^-20 s
	overflowSlot  = slots - 1 // durations above 2^12 s

	// slotOffset takes 32·e + i to a slot, where a duration of 2^e·m
	// nanoseconds, 1 ≤ m < 2, lies above i entries of boundaries:
	// 2^(k/32) s = 2^((k+956.706)/32) ns, and 956 boundaries plus the
	// fraction below the first entry lie under 1 ns.
	slotOffset = 956 + minIndex - 1
)

// slotOf returns the place of d among a histogram's counters. It is exact for
// every duration: the boundaries are compared in whole nanoseconds. It costs
// no logarithm, no division and no branch.
func slotOf(d time.Duration) int {
	zeros := bits.LeadingZeros64(uint64(max(d, 0)))
	mantissa := uint64(d) << zeros // in [2^63, 2^64), that is m·2^63
	below := boundariesBelow[mantissa>>57&63]
	// Both have their top bit set, so the difference is negative exactly if
	// the mantissa is above the one boundary that its 64th may contain.
	above := (boundaries[below&31] - mantissa) >> 63
	slot := (63-zeros)*perOctave + int(below) + int(above) - slotOffset
	return min(max(slot, underflowSlot), overflowSlot)
}

// boundaries are the bucket boundaries of one octave of nanoseconds, from 2^e
// to 2^(e+1): floor(m·2^63) of 2^e·m ns = 2^(k/32) s. Rounding down keeps the
// comparison with whole nanoseconds exact. The 29th is 1 s = 2^29·1.8626 ns.
var boundaries = [perOctave]uint64{
	0x81ffa7a9549ca6e3, 0x84d8626d3118d396, 0x87c11235836d16a3, 0x8aba10758e1ea3cf,
	0x8dc3b8960164a7d9, 0x90de67fff600044c, 0x940a7e28259fb382, 0x97485c9a622adb60,
	0x9a9867054d512391, 0x9dfb034651c99c68, 0xa1709975dfb06757, 0xa4f993f3ed7b61ca,
	0xa8965f74bf065071, 0xac476b0df43f745f, 0xb00d2843e1060dc2, 0xb3e80b172fd51af7,
	0xb7d88a12d0dd9ea0, 0xbbdf1e5a373ce5c6, 0xbffc43b7e604a922, 0xc43078ac4ed47ae7,
	0xc87c3e7d03cdbec3, 0xcce019443eb56ce4, 0xd15c9000bf211c1f, 0xd5f22ca6019743e0,
	0xdaa17c2cd19555db, 0xdf6b0ea438793a89, 0xe44f7742cb56e3dd, 0xe94f4c7859ce1066,
	0xee6b280000000000, 0xf3a3a6f29dd0c333, 0xf8f969d9b5abf948, 0xfe6d14c2b5114024,
}

// boundariesBelow counts, for each 64th of an octave, the boundaries below its
// start. Boundaries are at least 1/46 of an octave's base apart, so no 64th
// contains two.
var boundariesBelow = [64]uint8{
	0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 6, 7, 8, 8, 9, 10,
	10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 16, 16, 17, 17, 18, 18,
	19, 19, 19, 20, 20, 21, 21, 22, 22, 23, 23, 24, 24, 24, 25, 25,
	26, 26, 26, 27, 27, 28, 28, 28, 29, 29, 30, 30, 30, 31, 31, 31,
}

// indexOf returns the bucket of a slot that is neither underflow nor overflow.
func indexOf(slot int) int { return slot + minIndex - 1 }

// lower returns where a slot begins, in seconds; its durations lie above that.
func lower(slot int) float64 {
	if slot == underflowSlot {
		return 0
	}
	return math.Exp2(float64(indexOf(slot)-1) / perOctave)
}

// middle returns the duration, in seconds, that stands for a bucket (l, u]:
// 2lu/(l+u), which is off by at most (u-l)/(u+l) = 1.083 % of the true value
// at either end. The midpoint would be off by 1.095 % at the lower one.
func middle(slot int) float64 {
	if slot == underflowSlot {
		return ZeroThreshold / 2
	}
	const toMiddle = 2 * ratio / (1 + ratio)
	return lower(slot) * toMiddle
}

// ratio is 2^(1/32), the width of a bucket.
const ratio = 1.02189714865411667823

func seconds(s float64) time.Duration {
	return time.Duration(math.Round(s * float64(time.Second)))
}
