package redis

import (
	_ "embed"
	"sync/atomic"

	"github.com/hone-go/hone/ratelimit"
)

var (
	//go:embed scripts/limits/arithmetic.lua
	limitsArithmeticLua string
	//go:embed scripts/limits/take.lua
	limitsTakeLua string
	//go:embed scripts/limits/reset.lua
	limitsResetLua string
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
// core is what the script of plain takes shares with it, "" if they are none.
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

var limitsResetScript = newScript(limitsResetLua)

// limitScripts holds the scripts, made when they are first needed. The server
// runs all of a script each time, and most requests need one strategy's part of
// it: there is one for the plain takes of each strategy, and one for each set
// of strategies.
type limitScripts struct {
	take [strategies]atomic.Pointer[script]
	sets [1 << strategies]atomic.Pointer[script]
}

// ofTakes returns the script for plain takes by a strategy.
func (l *limitScripts) ofTakes(s ratelimit.Strategy) *script {
	return once(&l.take[s], func() *script {
		return newScript(limitsArithmeticLua, partOf(s).core, limitsTakeLua)
	})
}

// of returns the script for a set of strategies.
func (l *limitScripts) of(set uint) *script {
	return once(&l.sets[set], func() *script {
		parts := []string{limitsArithmeticLua, limitsHeadLua}
		for i := range strategies {
			if set&(1<<i) != 0 {
				part := partOf(ratelimit.Strategy(i))
				parts = append(parts, part.core, part.source)
			}
		}
		return newScript(append(parts, limitsTailLua)...)
	})
}

// once returns what p points to, made if there is nothing: another's is the
// same.
func once(p *atomic.Pointer[script], build func() *script) *script {
	s := p.Load()
	if s == nil {
		s = build()
		p.Store(s)
	}
	return s
}

// isPlain reports whether a Take of the charges is a plain one: of one strategy
// that keeps three numbers, and nothing special.
func isPlain(charges []ratelimit.Charge) bool {
	strategy := charges[0].Limit.Strategy
	if partOf(strategy).core == "" {
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
