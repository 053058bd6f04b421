package memory_test

import (
	"flag"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/ratelimittest"
	"github.com/hone-go/hone/store/memory"
)

var limitsSeed = flag.Uint64("seed", 0, "seed of random charges; 0 takes one")

func openLimits(t testing.TB, cfg memory.LimitsConfig) *memory.Limits {
	t.Helper()
	l, err := memory.NewLimits(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLimitsConform(t *testing.T) {
	ratelimittest.Run(t, func(t *testing.T) ratelimit.Store {
		return openLimits(t, memory.LimitsConfig{})
	}, ratelimittest.AgreementConfig{Seed: *limitsSeed, Calls: 20_000, Steady: true})
}

// TestLimitsConformWithTheirOwnClock hides the hook of the clock.
func TestLimitsConformWithTheirOwnClock(t *testing.T) {
	ratelimittest.Run(t, func(t *testing.T) ratelimit.Store {
		return struct{ ratelimit.Store }{openLimits(t, memory.LimitsConfig{})}
	}, ratelimittest.AgreementConfig{})
}
