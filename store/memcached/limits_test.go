package memcached_test

import (
	"flag"
	"testing"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/ratelimittest"
)

var seed = flag.Uint64("seed", 0, "seed of random charges; 0 takes one")

func TestLimitsConform(t *testing.T) {
	address := testserver.Memcached(t)
	ratelimittest.Run(t, func(t *testing.T) ratelimit.Store {
		return open(t, address).Limits()
	}, ratelimittest.AgreementConfig{Seed: *seed})
}

// TestLimitsConformWithTheirOwnClock hides the hook of the clock.
func TestLimitsConformWithTheirOwnClock(t *testing.T) {
	address := testserver.Memcached(t)
	ratelimittest.Run(t, func(t *testing.T) ratelimit.Store {
		return struct{ ratelimit.Store }{open(t, address).Limits()}
	}, ratelimittest.AgreementConfig{})
}
