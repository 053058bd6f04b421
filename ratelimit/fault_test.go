package ratelimit_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/ratelimit"
)

// needServer skips the test where there is no Redis, and says so where there
// has to be one.
func needServer(t testing.TB) {
	t.Helper()
	testserver.Redis(t)
}

// openHere opens the store in this process too, and waits until it answers.
func openHere(t testing.TB, url string) (*ratelimit.Limiter, map[string]*ratelimit.Rule) {
	t.Helper()
	s, l, rules, err := openProcess(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	for i := range 64 { // over each of its connections
		testserver.Eventually(t, "the store answers", func() bool {
			_, err := rules["sliding"].Take(t.Context(), fmt.Sprint("ready ", os.Getpid(), i), 1)
			return err == nil
		})
	}
	return l, rules
}

func raw(t testing.TB, address string) rueidis.Client {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func info(t testing.TB, c rueidis.Client, section string) string {
	// Its connections may end meanwhile.
	text, _ := c.Do(t.Context(), c.B().Info().Section(section).Build()).ToString()
	return text
}

// commandCalls returns how often a server was sent each command.
func commandCalls(t testing.TB, address string) map[string]int64 {
	t.Helper()
	calls := make(map[string]int64)
	for line := range strings.Lines(info(t, raw(t, address), "commandstats")) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		n, _, _ := strings.Cut(rest, ",")
		if v, err := strconv.ParseInt(n, 10, 64); err == nil {
			calls[name] = v
		}
	}
	return calls
}

const (
	// recovery is how soon after the store is back decisions are its own again.
	recovery = time.Second
	// slack is how much later than that a busy machine may be.
	slack = 2 * time.Second
)

// TestPoliciesOnARealStore takes Redis away in three ways, and looks at each
// policy while it is away and when it is back.
func TestPoliciesOnARealStore(t *testing.T) {
	for _, c := range []struct {
		name       string
		away, back func(*testing.T, *server.RedisNode)
		empty      bool // it comes back without data
	}{
		{
			"killed and restarted empty",
			func(_ *testing.T, n *server.RedisNode) { n.Kill() },
			func(t *testing.T, n *server.RedisNode) { must(t, n.Start(t.Context())) },
			true,
		},
		{
			"frozen",
			func(t *testing.T, n *server.RedisNode) { must(t, n.Freeze()) },
			func(t *testing.T, n *server.RedisNode) { must(t, n.Thaw()) },
			false,
		},
		{
			"taking no writes",
			func(t *testing.T, n *server.RedisNode) { config(t, n, "min-replicas-to-write", "1") },
			func(t *testing.T, n *server.RedisNode) { config(t, n, "min-replicas-to-write", "0") },
			false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := node(t)
			l, rules := openHere(t, "redis://"+n.Address())
			for name, r := range rules {
				if d, err := r.Take(t.Context(), "key", 1); err != nil || !d.Allowed || d.Degraded != nil {
					t.Fatalf("%s: Take = %t, %v, %v", name, d.Allowed, err, d.Degraded)
				}
			}
			testserver.Eventually(t, "the census is made", func() bool { return l.Instances() == 1 })
			c.away(t, n)
			seen := make(map[string]*counts)
			for _, name := range []string{"open", "closed", "share"} {
				seen[name] = new(counts)
				seen[name].run(20, func(i int) bool { return i < 100 }, rules[name], "key")
			}
			for name, got := range seen {
				a, r, f, d := got.admitted.Load(), got.refused.Load(), got.failed.Load(), got.degraded.Load()
				ok := map[string]bool{
					"open":   a == 2000 && f == 0,
					"closed": f == 2000 && a == 0,
					"share":  a == 1000 && r == 1000 && f == 0, // alone, its share is the limit
				}[name]
				if !ok || d != 2000 {
					t.Errorf("%s: %d admitted, %d refused, %d failed, %d degraded of 2000", name, a, r, f, d)
				}
				if longest := time.Duration(got.longest.Load()) * time.Millisecond; longest > callTime*5/4+slack {
					t.Errorf("%s: a call took %v, want at most %v", name, longest, callTime*5/4)
				}
			}
			if _, err := rules["closed"].Take(t.Context(), "key", 1); !errors.Is(err, ratelimit.ErrUnavailable) {
				t.Errorf("closed: Take = %v, want an error that matches ErrUnavailable", err)
			}
			c.back(t, n)
			back := time.Now()
			testserver.Eventually(t, "the store decides", func() bool {
				d, err := rules["closed"].Take(t.Context(), "other", 1)
				return err == nil && d.Allowed && d.Degraded == nil
			})
			if took := time.Since(back); took > recovery+slack {
				t.Errorf("the store decided %v after it was back, want %v", took, recovery)
			}
			d, err := rules["closed"].Peek(t.Context(), "key", 1)
			if err != nil {
				t.Fatal(err)
			}
			want := int64(999) // nothing was charged while it was away
			if c.empty {
				want = 1000
			}
			if got := d.Closest().Remaining; got > want || got < 999-20 { // calls under way may have been made
				t.Errorf("%d units remain, want %d", got, want)
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func config(t testing.TB, n *server.RedisNode, name, value string) {
	t.Helper()
	c := raw(t, n.Address())
	must(t, c.Do(t.Context(), c.B().Arbitrary("CONFIG", "SET", name, value).Build()).Error())
}

// TestAKilledStoreUnderLoad takes Redis from three processes under load. In each
// life of the store at most the limit is admitted, and as much in each outage by
// the shares.
func TestAKilledStoreUnderLoad(t *testing.T) {
	t.Parallel()
	n := node(t)
	fleet := startFleet(t, "redis://"+n.Address(), 3)
	testserver.Eventually(t, "all know of each other", func() bool {
		for _, c := range fleet {
			if r := together([]*child{c}, "take closed other 1 1"); r.instances != 3 {
				return false
			}
		}
		return true
	})
	for _, rule := range []string{"closed", "share"} {
		for _, c := range fleet {
			c.tell("load %s key 3000", rule)
		}
		pause(500 * time.Millisecond)
		n.Kill()
		pause(time.Second)
		must(t, n.Start(t.Context()))
		sum := collect(fleet)
		t.Logf("%s: %+v", rule, sum)
		most := 2000 // each life of the store
		if rule == "share" {
			most += 1000 // and what the shares are together
		}
		if sum.admitted > most || sum.admitted < 1000 {
			t.Errorf("%s: %d were admitted over a loss of the store, want at most %d", rule, sum.admitted, most)
		}
		if rule == "closed" && sum.failed == 0 || rule == "share" && (sum.failed != 0 || sum.degraded == 0) {
			t.Errorf("%s: %+v", rule, sum)
		}
		if longest := time.Duration(sum.longest) * time.Millisecond; longest > callTime*5/4+slack {
			t.Errorf("%s: a call took %v", rule, longest)
		}
	}
}

// pause lets a load run for some time. It waits for no state.
func pause(d time.Duration) { <-time.After(d) }

// TestAFailoverUnderLoad has the Sentinels promote the replica under load: at
// most what the replica had not seen is admitted again.
func TestAFailoverUnderLoad(t *testing.T) {
	t.Parallel()
	needServer(t)
	sn, err := server.StartRedisSentinel(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(sn.Stop)
	replica, sentinel := raw(t, sn.Replica.Address()), raw(t, sn.Addresses[0])
	testserver.Eventually(t, "the replica is in step", func() bool {
		return strings.Contains(info(t, replica, "replication"), "master_link_status:up")
	})
	testserver.Eventually(t, "the Sentinels know each other and the replica", func() bool {
		m, err := sentinel.Do(t.Context(), sentinel.B().Arbitrary("SENTINEL", "MASTER", server.SentinelMaster).Build()).AsStrMap()
		return err == nil && m["num-other-sentinels"] == "2" && m["num-slaves"] == "1"
	})
	fleet := startFleet(t, sn.URL(), 3)
	const pace, whole = 1000, 10_000 // milliseconds
	for _, c := range fleet {
		c.tell("load leased-gcra key %d", whole)
	}
	pause(pace * time.Millisecond)
	sn.Master.Kill()
	testserver.Eventually(t, "the replica is the master", func() bool {
		return strings.Contains(info(t, replica, "replication"), "role:master")
	})
	sum := collect(fleet)
	t.Logf("%+v", sum)
	// The limit lets 10,000 pass, and 10,000 a minute; leases 1 % more. What the
	// master had not told when it was killed is one write of each caller's.
	bound := 10_000 + 100 + 10_000*whole/60_000 + 3*8*100
	if sum.admitted > bound || sum.failed == 0 {
		t.Errorf("%d were admitted over a failover, want at most %d; %d failed, want some", sum.admitted, bound, sum.failed)
	}
	// The fleet is served again, and by the charges that the replica had.
	after := together(fleet, "take fixed key 1 10")
	if after.admitted != 5 || after.failed != 0 {
		t.Errorf("after the failover %d of 30 were admitted and %d failed, want 5 and none", after.admitted, after.failed)
	}
}
