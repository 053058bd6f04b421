package redis

import (
	_ "embed"
	"math/bits"
	"sync/atomic"

	"github.com/hone-go/hone/ratelimit"
)

var (
	//go:embed scripts/limits/arithmetic.lua
	limitsArithmeticLua string
	//go:embed scripts/limits/quick.lua
	limitsQuickLua string
	//go:embed scripts/limits/head.lua
	limitsHeadLua string
	//go:embed scripts/limits/fixed_core.lua
	limitsFixedCoreLua string
	//go:embed scripts/limits/fixed.lua
	limitsFixedLua string
	//go:embed scripts/limits/sliding_core.lua
	limitsSlidingCoreLua string
	//go:embed scripts/limits/sliding.lua
	limitsSlidingLua string
	//go:embed scripts/limits/gcra_core.lua
	limitsGCRACoreLua string
	//go:embed scripts/limits/gcra.lua
	limitsGCRALua string
	//go:embed scripts/limits/moving.lua
	limitsMovingLua string
	//go:embed scripts/limits/concurrent.lua
	limitsConcurrentLua string
	//go:embed scripts/limits/tail.lua
	limitsTailLua string
)

// A strategyPart is one strategy's part of the script, and its letter in it.
// core is what the quick script shares with it, "" if it knows no quick way.
type strategyPart struct{ letter, core, source string }

func partOf(s ratelimit.Strategy) strategyPart {
	switch s {
	case ratelimit.FixedWindow:
		return strategyPart{"f", limitsFixedCoreLua, limitsFixedLua}
	case ratelimit.GCRA:
		return strategyPart{"g", limitsGCRACoreLua, limitsGCRALua}
	case ratelimit.MovingWindow:
		return strategyPart{"m", "", limitsMovingLua}
	case ratelimit.Concurrency:
		return strategyPart{"c", "", limitsConcurrentLua}
	default:
		return strategyPart{"s", limitsSlidingCoreLua, limitsSlidingLua}
	}
}

// strategies is how many there are.
const strategies = int(ratelimit.Concurrency) + 1

// limitScripts holds a script for each set of strategies, made when it is first
// needed: the server runs all of a script each time, and most requests need one
// strategy's part of it. Those after the sets are the quick ones, one for each
// strategy.
type limitScripts [1<<strategies + strategies]atomic.Pointer[script]

// of returns the script for all groups of a call.
func (l *limitScripts) of(groups []limitGroup) *script {
	var set uint
	for i := range groups {
		set |= groups[i].strategies
	}
	at := set
	if groups[0].quick { // then all are, by one strategy
		at = 1<<strategies + uint(bits.TrailingZeros(set))
	}
	if s := l[at].Load(); s != nil {
		return s
	}
	s := newLimitScript(set, groups[0].quick)
	l[at].Store(s) // another's is the same
	return s
}

func newLimitScript(set uint, quick bool) *script {
	if quick {
		core := partOf(ratelimit.Strategy(bits.TrailingZeros(set))).core
		return newScript(limitsArithmeticLua, core, limitsQuickLua)
	}
	parts := []string{limitsArithmeticLua, limitsHeadLua}
	for i := range strategies {
		if set&(1<<i) != 0 {
			part := partOf(ratelimit.Strategy(i))
			parts = append(parts, part.core, part.source)
		}
	}
	return newScript(append(parts, limitsTailLua)...)
}

// isQuick reports whether the quick script can do op on all charges: a Take of
// one strategy, and nothing special.
func isQuick(op ratelimit.Op, charges []ratelimit.Charge) bool {
	strategy := charges[0].Limit.Strategy
	if op != ratelimit.Take || partOf(strategy).core == "" {
		return false
	}
	for i := range charges {
		c := &charges[i]
		if c.Limit.Strategy != strategy || c.Check || c.Soft || c.Least != 0 && c.Least != c.Cost {
			return false
		}
	}
	return true
}
