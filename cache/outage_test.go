package cache_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

// redisOf starts a Redis of the test's own.
func redisOf(t *testing.T, settings ...string) *server.RedisNode {
	t.Helper()
	testserver.Redis(t) // skips without one
	node, err := server.StartRedisNode(t.Context(), t.TempDir(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Kill() })
	return node
}

// stored waits until results are: each try is a key of its own.
func stored(t *testing.T, what string, f *versions) {
	t.Helper()
	eventually(t, what, time.Second+busy, func() bool {
		filled := f.Stats().Filled
		get(t, f, fmt.Sprint("new", time.Now().UnixNano()))
		return f.Stats().Filled > filled
	})
}

// TestAFullRedisIsRead: one that evicts nothing and has no room left. What it
// has is served, what it has not is computed, and invalidations that do not
// fit say so.
func TestAFullRedisIsRead(t *testing.T) {
	node := redisOf(t)
	admin := adminOf(t, node.Address())
	src := new(source)
	c := redisMember(t, "redis://"+node.Address(), "full", cache.Config{StoreTimeout: busy})
	f := memoized(t, c, src, versionsConfig{})
	// One that has not met the key claims it, and is to be given the value.
	claims := memoized(t, redisMember(t, "redis://"+node.Address(), "full", cache.Config{StoreTimeout: busy}), src, versionsConfig{})
	stored(t, "Redis is used", f)
	stored(t, "and by the other", claims)
	get(t, f, "had")
	src.write("had")
	src.write("new")
	if err := do(t, admin, "CONFIG", "SET", "maxmemory", "1").Error(); err != nil {
		t.Fatal(err)
	}
	wantVersion(t, "the first Get by another of what a full Redis has", get(t, claims, "had"), 0)
	filled := f.Stats().Filled
	for range 20 { // more than would open the breaker
		wantVersion(t, "Get of what a full Redis has", get(t, f, "had"), 0)
		wantVersion(t, "Get of what it has not", get(t, f, "new"), 1)
	}
	if s := f.Stats(); s.Filled != filled || s.Dropped < 20 {
		t.Errorf("%d results were stored and %d dropped, want none and each", s.Filled-filled, s.Dropped)
	}
	if err := f.Delete(t.Context(), "had"); err != nil {
		t.Errorf("Delete in a full Redis = %v", err)
	}
	wantVersion(t, "Get after it", get(t, f, "had"), 1)
	if err := do(t, admin, "CONFIG", "SET", "maxmemory", "0").Error(); err != nil {
		t.Fatal(err)
	}
	stored(t, "there is room again", f)
}

// TestAReadOnlyRedisIsRead: a replica, which takes no writes, nor leases.
func TestAReadOnlyRedisIsRead(t *testing.T) {
	primary := redisOf(t)
	replica := redisOf(t, "--replicaof", "127.0.0.1", primary.Port)
	src := new(source)
	writer := memoized(t, redisMember(t, "redis://"+primary.Address(), "replica", cache.Config{StoreTimeout: busy}), src, versionsConfig{})
	c := redisMember(t, "redis://"+replica.Address(), "replica", cache.Config{StoreTimeout: busy})
	reader := memoized(t, c, src, versionsConfig{})
	stored(t, "the primary is used", writer)
	get(t, writer, "had")
	confirmReplica(t, adminOf(t, primary.Address()), "mark")
	src.write("had")
	src.write("new")
	for range 20 {
		wantVersion(t, "Get of what the replica has", get(t, reader, "had"), 0)
		wantVersion(t, "Get of what it has not", get(t, reader, "new"), 1)
	}
	if s := reader.Stats(); s.Filled != 0 {
		t.Errorf("%d results were stored in a replica", s.Filled)
	}
	if err := c.Invalidate(t.Context(), "tag"); err == nil {
		t.Error("Invalidate by a replica succeeded, want an error: nothing was invalidated")
	}
}

// TestAFlappingNetworkFailsNothing: one that freezes and thaws many times over,
// and breaks its connections in between.
func TestAFlappingNetworkFailsNothing(t *testing.T) {
	node := redisOf(t)
	between := startProxy(t, node.Address())
	src := new(source)
	f := memoized(t, redisMember(t, "redis://"+between.Addr().String(), "flap", cache.Config{
		Near: cache.Near{MaxBytes: 1 << 20, MaxStale: staleness},
	}), src, versionsConfig{Tags: func(k string, _ int64) []string { return []string{"tag:" + k} }})
	load := readUnderWatch(t, f)
	for range 20 {
		between.flow.Lock()
		load.served()
		between.flow.Unlock()
		load.served()
		if err := do(t, adminOf(t, node.Address()), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Error(); err != nil {
			t.Fatal(err)
		}
		load.served()
	}
	load.stop()
	stored(t, "the network is whole", f)
}
