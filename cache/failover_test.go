package cache_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

// A failover is a Redis whose primary can be lost.
type failover struct {
	url       string
	namespace string            // whose generations are on the primary
	primary   *server.RedisNode // to be killed
	admin     rueidis.Client    // of the primary
	known     func() bool       // the others serve everything again
}

func TestSentinelFailover(t *testing.T) {
	testserver.Redis(t) // skips without one
	s, err := server.StartRedisSentinel(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	primary := adminOf(t, s.Master.Address())
	eventually(t, "the replica is in step", 10*busy, func() bool {
		return strings.Contains(answer(t, primary, "INFO", "replication"), "state=online")
	})
	var sentinels []rueidis.Client
	for _, a := range s.Addresses {
		c := adminOf(t, a)
		sentinels = append(sentinels, c)
		eventually(t, "the Sentinels know each other and the replica", 10*busy, func() bool {
			m, err := do(t, c, "SENTINEL", "MASTER", server.SentinelMaster).AsStrMap()
			return err == nil && m["num-other-sentinels"] == "2" && m["num-slaves"] == "1"
		})
	}
	testFailover(t, failover{
		url: s.URL(), namespace: "failover", primary: s.Master, admin: primary,
		known: func() bool {
			for _, c := range sentinels {
				at, _ := do(t, c, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", server.SentinelMaster).AsStrSlice()
				if len(at) != 2 || at[1] != s.Replica.Port {
					return false
				}
			}
			return true
		},
	})
}

func TestClusterFailover(t *testing.T) {
	testserver.Redis(t) // skips without one
	c, err := server.StartRedisCluster(t.Context(), t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	for _, n := range c.Nodes {
		admin := adminOf(t, n.Address())
		eventually(t, "the nodes agree", 10*busy, func() bool {
			info := answer(t, admin, "CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:6")
		})
	}
	first := adminOf(t, c.Nodes[0].Address())
	eventually(t, "the replica is in step", 10*busy, func() bool {
		return strings.Contains(answer(t, first, "INFO", "replication"), "state=online")
	})
	namespace := ""
	for i := 0; namespace == ""; i++ { // redis-cli gives the first node the first third of the slots
		name := fmt.Sprint("failover", i)
		if slot, err := do(t, first, "CLUSTER", "KEYSLOT", "{"+name+"}").AsInt64(); err != nil || slot < 16384/3 {
			namespace = name
		}
	}
	survivors := []rueidis.Client{adminOf(t, c.Nodes[1].Address()), adminOf(t, c.Nodes[2].Address())}
	testFailover(t, failover{
		url: c.URL(), namespace: namespace, primary: c.Nodes[0], admin: first,
		known: func() bool {
			for _, s := range survivors {
				if !strings.Contains(answer(t, s, "CLUSTER", "INFO"), "cluster_state:ok") ||
					!servedByAnother(answer(t, s, "CLUSTER", "NODES"), c.Nodes[0].Port) {
					return false
				}
			}
			return true
		},
	})
}

// servedByAnother reports whether slot 0 has a living master that is not on
// the port, by the answer to CLUSTER NODES.
func servedByAnother(nodes, port string) bool {
	for line := range strings.Lines(nodes) {
		words := strings.Fields(line)
		if len(words) > 8 && strings.HasPrefix(words[8], "0-") && !strings.Contains(words[1], ":"+port+"@") &&
			strings.Contains(words[2], "master") && !strings.Contains(words[2], "fail") {
			return true
		}
	}
	return false
}

// testFailover kills a primary in the middle of a lease, under load. No request
// fails; what was invalidated stays so, as the replica had confirmed it; and
// within a second of the new primary being known, results are stored again.
func testFailover(t *testing.T, fo failover) {
	slow := newGate()
	src := &source{before: func(ctx context.Context, key string, v int64) error {
		if key == "slow" {
			return slow.wait(ctx, key, v)
		}
		return nil
	}}
	tagged := versionsConfig{Tags: func(k string, _ int64) []string { return []string{"tag:" + k, "every"} }}
	cfg := cache.Config{
		Near: cache.Near{MaxBytes: 1 << 20, MaxStale: staleness}, StoreTimeout: 100 * time.Millisecond,
		LeaseLife: time.Minute, MaxWait: 30 * time.Second, LoadTimeout: time.Minute,
	}
	var caches [2]*cache.Cache
	var funcs [2]*versions
	var loads [2]*watchful
	for i := range caches {
		caches[i] = redisMember(t, fo.url, fo.namespace, cfg)
		funcs[i] = memoized(t, caches[i], src, tagged)
		loads[i] = readUnderWatch(t, funcs[i])
	}
	here, there := 0, 1
	keys := slices.Sorted(maps.Keys(loads[here].floors))
	// change writes keys, and invalidates them through one of the caches until
	// that is accepted. From then on, it sees nothing older, nor does the other
	// from when it has seen the change.
	change := func(who int, invalidate func(*cache.Cache, *versions, string) error, confirm func(), keys ...string) {
		t.Helper()
		for _, k := range keys {
			want := src.write(k)
			eventually(t, "the invalidation is accepted", 10*busy, func() bool { return invalidate(caches[who], funcs[who], k) == nil })
			confirm()
			loads[who].floors[k].Store(want)
			eventually(t, "the other sees it", staleness+busy, func() bool { return get(t, funcs[1-who], k).version >= want })
			loads[1-who].floors[k].Store(want)
		}
	}
	byTag := func(c *cache.Cache, _ *versions, k string) error { return c.Invalidate(t.Context(), "tag:"+k) }
	byKey := func(_ *cache.Cache, f *versions, k string) error { return f.Delete(t.Context(), k) }
	replicated := func() { t.Helper(); confirmReplica(t, fo.admin, "{"+fo.namespace+"}:mark") }

	for i := range loads {
		loads[i].served()
		eventually(t, "values are near", 10*busy, func() bool { return funcs[i].Stats().NearHits > 0 })
	}
	change(here, byTag, replicated, keys[:5]...)
	change(there, byKey, func() {}, keys[5:10]...)

	leased := ask(t.Context(), funcs[here], "slow")
	<-slow.reached
	waiting := ask(t.Context(), funcs[there], "slow")
	eventually(t, "the other process waits for the lease", busy, func() bool { return funcs[there].Stats().Waits > 0 })
	replicated()
	fo.primary.Kill()
	killed := time.Now()
	for i := range loads {
		loads[i].served()
	}
	eventually(t, "the new primary is known", 30*time.Second, fo.known)
	known := time.Now()
	for i, f := range funcs {
		filled, n := f.Stats().Filled, 0
		eventually(t, "results are stored again", time.Second+busy, func() bool {
			n++
			if a := get(t, f, fmt.Sprint("after", i, n)); a.err != nil {
				t.Fatalf("Get after the failover = %v, want no error", a.err)
			}
			return caches[i].Reachable() && f.Stats().Filled > filled
		})
	}
	t.Logf("the new primary was known %v after the end of the old, results were stored again after another %v", known.Sub(killed), time.Since(known))
	close(slow.open)
	wantVersion(t, "Get with the lease from before the failover", <-leased, 0)
	wantVersion(t, "Get that waited for that lease", <-waiting, 0)
	if n := len(slow.reached); n > 1 {
		t.Errorf("the slow load ran %d times, want twice at most: once by the lease, once by who could not see it", n+1)
	}

	change(here, byKey, func() {}, keys[10:15]...)
	change(there, byTag, func() {}, keys[15:20]...)
	for _, k := range keys {
		src.write(k)
	}
	if err := caches[here].Invalidate(t.Context(), "every"); err != nil {
		t.Errorf("Invalidate after the failover = %v", err)
	}
	for i, f := range funcs {
		want := make(map[string]int64)
		for _, k := range keys {
			want[k] = loads[i].floors[k].Load() + 1
		}
		eventually(t, "GetMany has what all keys are now", staleness+busy, func() bool {
			m, err := f.GetMany(t.Context(), keys)
			if err != nil {
				t.Fatalf("GetMany after the failover = %v, want no error", err)
			}
			return maps.Equal(m, want)
		})
	}
	for i := range loads {
		loads[i].served()
		loads[i].stop()
	}
}

// watchful readers read keys without pause, and fail the test if a Get does, or
// gives less than the key's floor was when it began.
type watchful struct {
	t       *testing.T
	floors  map[string]*atomic.Int64
	answers atomic.Int64
	stop    func()
}

func readUnderWatch(t *testing.T, f *versions) *watchful {
	w := &watchful{t: t, floors: make(map[string]*atomic.Int64)}
	for i := range 40 {
		w.floors[fmt.Sprintf("key%02d", i)] = new(atomic.Int64)
	}
	keys := slices.Sorted(maps.Keys(w.floors))
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for r := range 8 {
		readers.Go(func() {
			pace := time.NewTicker(time.Millisecond) // leaves the machine to the servers
			defer pace.Stop()
			for n := r; ctx.Err() == nil; n++ {
				k := keys[n%len(keys)]
				floor := w.floors[k].Load()
				v, found, err := f.Get(t.Context(), k)
				if err != nil || !found || v < floor {
					t.Errorf("Get(%s) = %d, %v, %v, want at least %d, which was there when it began", k, v, found, err, floor)
					return
				}
				w.answers.Add(1)
				<-pace.C
			}
		})
	}
	w.stop = func() { cancel(); readers.Wait() }
	t.Cleanup(w.stop)
	return w
}

// served waits until requests have been.
func (w *watchful) served() {
	w.t.Helper()
	n := w.answers.Load()
	eventually(w.t, "requests are served", 10*busy, func() bool { return w.answers.Load() > n+400 })
}

// confirmReplica waits until a replica has what its primary has been sent by
// anyone: WAIT speaks of what its own connection has written, and a replica
// gets all in order.
func confirmReplica(t *testing.T, primary rueidis.Client, key string) {
	t.Helper()
	var n int64
	err := primary.Dedicated(func(c rueidis.DedicatedClient) error {
		r := c.DoMulti(t.Context(),
			c.B().Set().Key(key).Value("").Build(),
			c.B().Wait().Numreplicas(1).Timeout(10_000).Build())
		var err error
		n, err = r[1].AsInt64()
		return err
	})
	if err != nil || n < 1 {
		t.Fatalf("WAIT = %d, %v, want a replica", n, err)
	}
}

// adminOf is a client of one server.
func adminOf(t *testing.T, address string) rueidis.Client {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func do(t *testing.T, c rueidis.Client, words ...string) rueidis.RedisResult {
	t.Helper()
	return c.Do(t.Context(), c.B().Arbitrary(words...).Build())
}

// answer is a command's answer as text, "" if there is none.
func answer(t *testing.T, c rueidis.Client, words ...string) string {
	t.Helper()
	text, _ := do(t, c, words...).ToString()
	return text
}
