package mongo_test

import (
	"flag"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/ratelimittest"
	"github.com/hone-go/hone/store/internal/limitstest"
	"github.com/hone-go/hone/store/mongo"
)

var seed = flag.Uint64("seed", 0, "seed of random charges; 0 takes one")

func open(t testing.TB, url string, cfg mongo.Config) *mongo.Limits {
	t.Helper()
	l, err := mongo.Open(url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// fresh returns limits with a collection of their own: FerretDB reads all of it
// where several buckets are asked for.
func fresh(t *testing.T, url string) *mongo.Limits {
	return open(t, url, mongo.Config{Timeout: patient, Collection: limitstest.NewScope()})
}

func TestLimitsConform(t *testing.T) {
	url := database(t)
	ratelimittest.Run(t, func(t *testing.T) ratelimit.Store {
		return fresh(t, url)
	}, ratelimittest.AgreementConfig{Seed: *seed, Calls: 1000})
}

// TestLimitsConformWithTheirOwnClock hides the hook of the clock.
func TestLimitsConformWithTheirOwnClock(t *testing.T) {
	url := database(t)
	ratelimittest.Run(t, func(t *testing.T) ratelimit.Store {
		return struct{ ratelimit.Store }{fresh(t, url)}
	}, ratelimittest.AgreementConfig{})
}
