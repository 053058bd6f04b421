package memcached_test

import (
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/cachetest"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/memcached"
)

func open(t testing.TB, servers ...string) *memcached.Store {
	t.Helper()
	s, err := memcached.New(servers, memcached.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	address := testserver.Memcached(t)
	cachetest.Run(t, func(t *testing.T) cache.Store { return open(t, address) })
}
