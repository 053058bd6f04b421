package redis_test

import (
	"testing"

	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/ratelimittest"
	"github.com/hone-go/hone/store/redis"
)

func TestLimitsBehindSentinel(t *testing.T) {
	needServer(t)
	sn, err := server.StartRedisSentinel(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sn.Stop)
	ratelimittest.Run(t, func(t *testing.T) ratelimit.Store {
		return ready(t, sn.URL(), redis.Config{}).Limits()
	}, ratelimittest.AgreementConfig{Seed: *seed})
}
