// Package xfetch decides when what is cached is loaded anew before its end, so
// that it never ends while it is asked for.
package xfetch

import (
	"math"
	"math/rand/v2"
	"time"
)

// Due reports whether a reader loads anew what is fresh for left and took that
// long to load. It is XFetch (Vattani, Chierichetti, Lowenstein: Optimal
// Probabilistic Cache Stampede Prevention, VLDB 2015,
// https://cseweb.ucsd.edu/~avattani/papers/cache_stampede.pdf): with took = δ,
// u uniform in (0, 1] and beta = β, it does so iff
//
//	now − δ·β·ln(u) ≥ expiry.
//
// Several readers may be told so: a lease lets one of them through. A beta of 0
// or below is never. Cost: no allocation.
func Due(took, left time.Duration, beta float64) bool {
	if beta <= 0 {
		return false
	}
	u := 1 - rand.Float64() // Float64 is in [0, 1)
	return -math.Log(u)*beta*float64(took) >= float64(left)
}

// reach is how many multiples of took·beta before the end a load can begin:
// −ln(u) is above 36 with a probability below 3e-16.
const reach = 36

// AtMost returns how long before the end Due can say yes.
func AtMost(took time.Duration, beta float64) time.Duration {
	if beta <= 0 {
		return 0
	}
	return time.Duration(reach * beta * float64(took))
}
