package redis_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/internal/limitstest"
	"github.com/hone-go/hone/store/redis"
)

func TestMain(m *testing.M) {
	limitstest.Main(m, func(url string) (ratelimit.Store, error) {
		s, err := redis.Open(context.Background(), url, redis.Config{})
		if err != nil {
			return nil, err
		}
		l := s.Limits()
		if !testserver.Poll(func() bool { return isConnected(l) }) {
			return nil, errors.New("no answer")
		}
		return l, nil
	})
}

// isConnected reports whether many keys, which go over all connections, are
// answered for.
func isConnected(l *redis.Limits) bool {
	for i := range 64 {
		c := plain(fmt.Sprint("warm ", i), 1, 1)
		if l.Apply(context.Background(), ratelimit.Peek, []ratelimit.Charge{c}, make([]ratelimit.Result, 1)) != nil {
			return false
		}
	}
	return true
}

func TestLimitsAcrossProcesses(t *testing.T) {
	limitstest.RunProcesses(t, testserver.Redis(t))
}

// testProcessesOverSlots is RunProcesses in a Cluster. Two buckets of one key
// share a slot: exactly five pass. Those of two keys do not: a call may be
// refused for what another has yet to give back, so that five pass at most at
// once, and exactly five in the end.
func testProcessesOverSlots(t *testing.T, url string, l *redis.Limits) {
	for s := range ratelimit.Concurrency + 1 {
		t.Run(s.String(), func(t *testing.T) {
			few := ratelimit.Charge{
				Limit: ratelimit.Limit{Strategy: s, Amount: 5, Period: 24 * time.Hour}, Scope: limitstest.NewScope(), Key: "few", Cost: 1,
			}
			more := few
			more.Limit.Amount = 8
			admitted := limitstest.Admitted(t, 2, limitstest.Work{URL: url, Goroutines: 50, Charges: []ratelimit.Charge{few, more}})
			if admitted != 5 {
				t.Errorf("of one key, 2 processes with 50 calls each took %d, want 5", admitted)
			}

			few.Scope, more.Scope, more.Key = limitstest.NewScope(), limitstest.NewScope(), "more"
			both := []ratelimit.Charge{few, more}
			admitted = limitstest.Admitted(t, 2, limitstest.Work{URL: url, Goroutines: 50, Charges: both})
			for range 5 {
				both[0].ID, both[1].ID = ratelimit.ID(token()), ratelimit.ID(token())
				if allowed(apply(t, l, ratelimit.Take, both)) {
					admitted++
				}
			}
			if admitted != 5 {
				t.Errorf("of two keys, 2 processes with 50 calls each and then 5 calls took %d, want 5", admitted)
			}
		})
	}
}
