package memcached_test

import (
	"testing"
	"time"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/internal/limitstest"
	"github.com/hone-go/hone/store/memcached"
)

func TestMain(m *testing.M) {
	limitstest.Main(m, func(address string) (ratelimit.Store, error) {
		s, err := memcached.New([]string{address}, memcached.Config{Timeout: 10 * time.Second})
		if err != nil {
			return nil, err
		}
		return s.Limits(), nil
	})
}

func TestLimitsAreExactOverProcesses(t *testing.T) {
	limitstest.RunProcesses(t, testserver.Memcached(t))
}
