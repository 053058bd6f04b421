package cache

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// TTL is a time to live: how long a result counts as fresh. The zero TTL
// means the default of wherever it is given.
type TTL struct {
	life time.Duration
	kind ttlKind
}

type ttlKind uint8

const (
	ttlDefault ttlKind = iota
	ttlDuration
	ttlForever
)

// For is the TTL of a duration from one millisecond to 100 years. Any other
// is refused where the TTL is used, the same on every store: a computed life
// that has come out at 0 or below is neither "default" nor "forever".
func For(d time.Duration) TTL { return TTL{d, ttlDuration} }

// Forever is the TTL of what stays until it is invalidated or has to make
// room.
func Forever() TTL { return TTL{NoExpiry, ttlForever} }

// MaxLife is the longest life of an entry, 100 years. It leaves room for sums:
// beyond it, a life is a mistake or means [Forever].
const MaxLife = 100 * 365 * 24 * time.Hour

const minLife = time.Millisecond // the stores' resolution

// CheckLife returns an [ErrLife] unless a [Store] must take life. Cost: none.
func CheckLife(life time.Duration) error {
	if life == NoExpiry || life >= minLife && life <= MaxLife {
		return nil
	}
	return fmt.Errorf("%w: %v, want 1ms to 100 years, or NoExpiry", ErrLife, life)
}

// or returns t, or the given one if t is the zero TTL.
func (t TTL) or(other TTL) TTL {
	if t.kind == ttlDefault {
		return other
	}
	return t
}

func (t TTL) check() error {
	switch {
	case t.kind != ttlDuration:
		return nil
	case t.life == NoExpiry: // For(-1): a nanosecond below 0, and not meant so
		return fmt.Errorf("%w: %v, want 1ms to 100 years, or Forever", ErrLife, t.life)
	}
	return CheckLife(t.life)
}

// String returns the duration, "default" or "forever".
func (t TTL) String() string {
	switch t.kind {
	case ttlDefault:
		return "default"
	case ttlForever:
		return "forever"
	}
	return t.life.String()
}

// spread returns the life, moved by up to share of itself either way, so that
// what was stored together does not expire together.
func (t TTL) spread(share float64) time.Duration {
	if t.kind == ttlForever || share <= 0 {
		return t.life
	}
	moved := float64(t.life) * (1 + share*(2*rand.Float64()-1))
	return min(max(minLife, time.Duration(moved)), MaxLife)
}
