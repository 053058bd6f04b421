package memory

import (
	"hash/maphash"
	"math/bits"
	"strings"
	"sync/atomic"

	"github.com/hone-go/hone/ratelimit"
)

// A digest stands for a bucket's scope, key and limit.
type digest struct{ lo, hi uint64 }

// A limitHash is the limit's part of a digest, and, with the scope's, what
// shared buckets are known by.
type limitHash struct{ lo, hi uint64 }

// limitSeeds are what the digests of one store depend on and nobody else knows.
type limitSeeds struct {
	key, scope [2]maphash.Seed
	limit      [8]uint64
}

func newLimitSeeds() limitSeeds {
	s := limitSeeds{
		key:   [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		scope: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
	for i := range s.limit {
		s.limit[i] = maphash.Bytes(maphash.MakeSeed(), nil)
	}
	return s
}

// digest hashes the key and adds the rest, so that where one ends is not lost.
func (s *limitSeeds) digest(key string, rest limitHash) digest {
	return digest{
		lo: mix(maphash.String(s.key[0], key), rest.lo),
		hi: mix(maphash.String(s.key[1], key), rest.hi),
	}
}

// rest hashes what is not the key.
func (s *limitSeeds) rest(c *ratelimit.Charge) limitHash {
	limit := s.of(&c.Limit)
	return limitHash{
		lo: mix(maphash.String(s.scope[0], c.Scope), limit.lo),
		hi: mix(maphash.String(s.scope[1], c.Scope), limit.hi),
	}
}

func (s *limitSeeds) of(l *ratelimit.Limit) limitHash {
	amount, period, burst, strategy := uint64(l.Amount), uint64(l.Period), uint64(l.Burst), uint64(l.Strategy)
	k := &s.limit
	return limitHash{
		lo: mix(amount^k[0], period^k[1]) ^ mix(burst^k[2], strategy^k[3]),
		hi: mix(amount^k[4], period^k[5]) ^ mix(burst^k[6], strategy^k[7]),
	}
}

// mix folds the product of two numbers: every bit of it depends on all of both.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// A planCache keeps what was worked out for the limits that were used last. It
// is safe for concurrent use, without a lock.
type planCache [64]atomic.Pointer[plannedLimit]

type plannedLimit struct {
	limit ratelimit.Limit
	scope string
	plan  ratelimit.Plan
	hash  limitHash
}

// longScope is the length of scopes that are not kept: the cache's memory is
// not counted.
const longScope = 256

func (p *planCache) of(c *ratelimit.Charge, seeds *limitSeeds) *plannedLimit {
	l := &c.Limit
	// Limits that meet here are worked out again: slow, and nothing else.
	// The ends of scopes differ where anything does, mostly.
	sign := uint64(len(c.Scope))
	if n := len(c.Scope); n > 0 {
		sign += uint64(c.Scope[n-1])<<16 + uint64(c.Scope[n/2])<<8
	}
	limit := uint64(l.Amount) + uint64(l.Burst)<<24 + uint64(l.Strategy)<<56
	at := &p[mix(limit^seeds.limit[0], uint64(l.Period)+sign<<40^seeds.limit[1])%uint64(len(p))]
	if known := at.Load(); known != nil && known.limit == *l && known.scope == c.Scope {
		return known
	}
	made := &plannedLimit{limit: *l, scope: strings.Clone(c.Scope), plan: l.Plan(), hash: seeds.rest(c)}
	if len(c.Scope) < longScope {
		at.Store(made)
	}
	return made
}
