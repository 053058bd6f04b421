package mongo_test

import (
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/internal/limitstest"
	"github.com/hone-go/hone/store/mongo"
)

func TestMain(m *testing.M) {
	limitstest.Main(m, func(url string) (ratelimit.Store, error) {
		return mongo.Open(url, mongo.Config{Timeout: patient})
	})
}

func TestLimitsAreExactOverProcesses(t *testing.T) {
	limitstest.RunProcesses(t, database(t))
}
