package redis_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/cachetest"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/store/redis"
)

func TestSentinelFailoverUnderLoad(t *testing.T) {
	needServer(t)
	sn, err := server.StartRedisSentinel(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sn.Stop)
	master, replica := raw(t, sn.Master.Address()), raw(t, sn.Replica.Address())
	info := func() string {
		// Its connections end when it becomes the master.
		text, _ := replica.Do(t.Context(), replica.B().Info().Section("replication").Build()).ToString()
		return text
	}
	testserver.Eventually(t, "the replica is in step", func() bool { return strings.Contains(info(), "master_link_status:up") })
	sentinel := raw(t, sn.Addresses[0])
	testserver.Eventually(t, "the Sentinels know each other and the replica", func() bool {
		m, err := command(t, sentinel, "SENTINEL", "MASTER", server.SentinelMaster).AsStrMap()
		return err == nil && m["num-other-sentinels"] == "2" && m["num-slaves"] == "1"
	})

	s := ready(t, sn.URL(), redis.Config{})
	r, w := watch(t, s, "n")
	first := invalidate(t, s, "n", "a")
	a, b := token(), token()
	wantState(t, "Claim before the failover", claim(t, s, "n:lease", a, false), cache.Granted)
	confirm(t, master) // so that the replica has the lease
	l := startLoad(t, s, "n:load")
	l.answered()
	lost := r.count("lost")

	sn.Master.Kill()
	killed := time.Now()
	testserver.Eventually(t, "the replica is the master", func() bool { return strings.Contains(info(), "role:master") })
	promoted := time.Now()
	l.answered()
	t.Logf("the replica was the master after %v, calls were answered after %v", promoted.Sub(killed), time.Since(killed))
	if took := time.Since(promoted); took > sentinelNotice+callSlack {
		t.Errorf("calls were answered %v after the promotion, want %v", took, sentinelNotice)
	}
	l.end()
	l.wantPrompt()

	wantState(t, "another's Claim after the failover", claim(t, s, "n:lease", b, false), cache.Held)
	if !fill(t, s, "n:lease", "v", a) {
		t.Error("the holder's Fill after the failover was refused")
	}
	if g := invalidate(t, s, "n", "b"); g <= first {
		t.Errorf("Invalidate after the failover = %d, want above %d", g, first)
	}
	done := time.Now()
	testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(done) })
	if r.count("lost") == lost {
		t.Error("Told moved on over a failover without Lost")
	}
}

// confirm waits until a replica has what its master has been sent by anyone:
// WAIT speaks of what its own connection has written, and a replica gets all
// in order.
func confirm(t *testing.T, master rueidis.Client) {
	t.Helper()
	err := master.Dedicated(func(c rueidis.DedicatedClient) error {
		r := c.DoMulti(t.Context(), c.B().Set().Key("mark").Value("").Build(), c.B().Wait().Numreplicas(1).Timeout(10_000).Build())
		n, err := r[1].AsInt64()
		if err == nil && n < 1 {
			err = errors.New("no replica has confirmed")
		}
		return err
	})
	if err != nil {
		t.Fatalf("WAIT: %v", err)
	}
}

// sentinelNotice is how long after a promotion the store may take to follow:
// the Sentinels' own notice, and the interval at which they are asked.
const sentinelNotice = 3 * time.Second

// cluster starts a Cluster of three masters, each with so many replicas, and
// waits until its nodes agree.
func cluster(t *testing.T, replicas int) *server.RedisCluster {
	t.Helper()
	needServer(t)
	c, err := server.StartRedisCluster(t.Context(), t.TempDir(), replicas)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	known := fmt.Sprintf("cluster_known_nodes:%d", len(c.Nodes))
	for _, n := range c.Nodes {
		cl := raw(t, n.Address())
		testserver.Eventually(t, "the nodes agree", func() bool {
			text, _ := command(t, cl, "CLUSTER", "INFO").ToString()
			return strings.Contains(text, "cluster_state:ok") && strings.Contains(text, known)
		})
	}
	return c
}

func TestCluster(t *testing.T) {
	c := cluster(t, 1)
	s := ready(t, c.URL(), redis.Config{})
	r, w := watch(t, s, "n")

	keys := make([]string, 300)
	entries := make([]cache.Entry, len(keys))
	for i := range keys {
		keys[i] = fmt.Sprint("n:", i)
		entries[i] = entry(keys[i], "v"+keys[i])
	}
	t.Run("connections", func(t *testing.T) {
		s := open(t, "redis+cluster://"+c.Nodes[0].Address(), redis.Config{Heartbeat: time.Hour})
		testserver.Eventually(t, "each master is connected to", func() bool { return s.Made() >= 3 })
	})
	t.Run("many keys", func(t *testing.T) { testManySlots(t, s, keys, entries) })
	t.Run("watch", func(t *testing.T) {
		if err := s.Set(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		invalidate(t, s, "n", "a")
		done := time.Now()
		testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(done) })
		for _, k := range keys {
			if r.count("key "+k) == 0 {
				t.Errorf("%s was not told", k)
			}
		}
		if !strings.Contains(strings.Join(r.all(), "\n"), "tag a ") {
			t.Error("the tag was not told")
		}
	})
	t.Run("conformance", func(t *testing.T) {
		cachetest.Run(t, func(t *testing.T) cache.Store { return ready(t, c.URL(), redis.Config{}) })
	})
	t.Run("moved slot", func(t *testing.T) { testMovedSlot(t, c, s, keys) })
	t.Run("killed master", func(t *testing.T) {
		first := invalidate(t, s, "n", "a")
		l := startLoad(t, s, "n:load")
		l.answered()
		lost := r.count("lost")
		c.Nodes[0].Kill()
		killed := time.Now()
		testserver.Eventually(t, "every slot is served again", func() bool {
			_, err := s.GetMany(t.Context(), keys)
			return err == nil && time.Since(killed) > time.Second // the node's timeout
		})
		t.Logf("every slot was served %v after a master was killed", time.Since(killed))
		l.end()
		l.wantPrompt()
		if g := invalidate(t, s, "n", "a"); g <= first {
			t.Errorf("Invalidate after the failover = %d, want above %d", g, first)
		}
		done := time.Now()
		testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(done) })
		if r.count("lost") == lost {
			t.Error("Told moved on over a failover without Lost")
		}
	})
}

func testManySlots(t *testing.T, s *redis.Store, keys []string, entries []cache.Entry) {
	a := token()
	items, err := s.Claim(t.Context(), keys, cache.Claim{Token: a, Life: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for i, it := range items {
		wantState(t, keys[i], it, cache.Granted)
	}
	stored, err := s.Fill(t.Context(), entries, a)
	if err != nil {
		t.Fatal(err)
	}
	items, err = s.GetMany(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, it := range items {
		if !stored[i] || string(it.Value) != "v"+keys[i] {
			t.Errorf("%s: stored %v, then %q", keys[i], stored[i], it.Value)
		}
	}
	if n, err := s.Delete(t.Context(), keys); n != len(keys) || err != nil {
		t.Errorf("Delete = %d, %v, want %d", n, err, len(keys))
	}
}

// testMovedSlot moves the slot of the first key from one master to another, as
// resharding does.
func testMovedSlot(t *testing.T, c *server.RedisCluster, s *redis.Store, keys []string) {
	first := raw(t, c.Nodes[0].Address())
	slot, err := command(t, first, "CLUSTER", "KEYSLOT", keys[0]).AsInt64()
	if err != nil {
		t.Fatal(err)
	}
	// redis-cli gives each of the first three nodes a third of the slots.
	from := int(slot * 3 / 16384)
	to := (from + 1) % 3
	ids := make([]string, 3)
	for i := range ids {
		ids[i], _ = command(t, raw(t, c.Nodes[i].Address()), "CLUSTER", "MYID").ToString()
	}
	n := decimal(slot)
	source, target := raw(t, c.Nodes[from].Address()), raw(t, c.Nodes[to].Address())
	command(t, target, "CLUSTER", "SETSLOT", n, "IMPORTING", ids[from])
	command(t, source, "CLUSTER", "SETSLOT", n, "MIGRATING", ids[to])
	wantValue(t, s, keys[0], "v"+keys[0])
	all, err := command(t, source, "CLUSTER", "GETKEYSINSLOT", n, "10000").AsStrSlice() // others' too
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		command(t, source, "MIGRATE", "127.0.0.1", c.Nodes[to].Port, k, "0", "5000")
	}
	wantValue(t, s, keys[0], "v"+keys[0]) // ASK
	for i := range 3 {
		command(t, raw(t, c.Nodes[i].Address()), "CLUSTER", "SETSLOT", n, "NODE", ids[to])
	}
	wantValue(t, s, keys[0], "v"+keys[0]) // MOVED
	set(t, s, keys[0], "v")
	wantValue(t, s, keys[0], "v")
}
