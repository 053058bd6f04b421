package ratelimit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
	"github.com/hone-go/hone/store/redis"
)

// The test binary is run again as another process, which this tells what store
// to share.
const envStore = "HONE_RATELIMIT_CHILD_STORE"

func TestMain(m *testing.M) {
	if url := os.Getenv(envStore); url != "" {
		if err := runChild(context.Background(), url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// childRules are the same in all processes.
var childRules = []struct {
	name, limits string
	config       ratelimit.RuleConfig
}{
	{"sliding", "5/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed}},
	{"fixed", "5/hour fixed", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed}},
	{"moving", "5/hour moving", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed}},
	{"gcra", "5/hour gcra", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed}},
	{"concurrent", "5 concurrent for 1h", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed}},
	{"place", "1 concurrent for 2s", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed}},
	{"leased", "10000/minute fixed", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed, Lease: 0.01}},
	{"leased-gcra", "10000/minute gcra", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed, Lease: 0.01}},
	{"closed", "1000/hour fixed", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed}},
	{"open", "1000/hour fixed", ratelimit.RuleConfig{OnStoreError: ratelimit.FailOpen}},
	{"share", "1000/hour fixed", ratelimit.RuleConfig{OnStoreError: ratelimit.FailShare}},
}

// openProcess opens the store as each process does.
func openProcess(ctx context.Context, url string) (*redis.Store, *ratelimit.Limiter, map[string]*ratelimit.Rule, error) {
	s, err := redis.Open(ctx, url, redis.Config{})
	if err != nil {
		return nil, nil, nil, err
	}
	local, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		return nil, nil, nil, err
	}
	l, err := ratelimit.New(s.Limits(), ratelimit.Config{Namespace: "fleet", Local: local, Timeout: callTime})
	if err != nil {
		return nil, nil, nil, err
	}
	rules := make(map[string]*ratelimit.Rule)
	for _, r := range childRules {
		if rules[r.name], err = l.Rule(r.name, r.limits, r.config); err != nil {
			return nil, nil, nil, err
		}
	}
	return s, l, rules, nil
}

// callTime is the deadline of a call: a second of a busy machine, as no test
// here wants a failure that the store is not to blame for.
const callTime = time.Second

// runChild does what it reads, a command a line: "take RULE KEY CALLERS TIMES"
// has so many callers take one unit so many times each, and "load RULE KEY
// MILLISECONDS" has eight take until the time is over. It answers with how many
// were admitted, refused, failed and degraded, and the longest call in
// milliseconds.
func runChild(ctx context.Context, url string) error {
	s, l, rules, err := openProcess(ctx, url)
	if err != nil {
		return err
	}
	defer s.Close()
	defer l.Close()
	// The store has several connections, and a key goes over one of them.
	for i := range 64 {
		if !testserver.Poll(func() bool {
			_, err := rules["sliding"].Take(ctx, fmt.Sprint("ready ", os.Getpid(), i), 1)
			return err == nil
		}) {
			return errors.New("the store does not answer")
		}
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		word := strings.Fields(in.Text())
		rule := rules[word[1]]
		n, err := strconv.Atoi(word[3])
		if err != nil || rule == nil {
			return fmt.Errorf("not a command: %q", in.Text())
		}
		var c counts
		switch word[0] {
		case "take":
			times, err := strconv.Atoi(word[4])
			if err != nil {
				return err
			}
			c.run(n, func(i int) bool { return i < times }, rule, word[2])
		case "load":
			end := time.Now().Add(time.Duration(n) * time.Millisecond)
			c.run(8, func(int) bool { time.Sleep(time.Millisecond); return time.Now().Before(end) }, rule, word[2])
		}
		fmt.Println(c.admitted.Load(), c.refused.Load(), c.failed.Load(), c.degraded.Load(), c.longest.Load(), l.Instances())
	}
	return nil
}

// counts are what callers saw.
type counts struct {
	admitted, refused, failed, degraded, longest atomic.Int64
}

func (c *counts) run(callers int, more func(i int) bool, r *ratelimit.Rule, key string) {
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for i := 0; more(i); i++ {
				c.take(r, key)
			}
		})
	}
	all.Wait()
}

func (c *counts) take(r *ratelimit.Rule, key string) {
	began := time.Now()
	d, err := r.Take(context.Background(), key, 1)
	if took := time.Since(began).Milliseconds(); took > c.longest.Load() {
		c.longest.Store(took)
	}
	switch {
	case err != nil:
		c.failed.Add(1)
	case d.Allowed:
		c.admitted.Add(1)
	default:
		c.refused.Add(1)
	}
	if d.Degraded != nil {
		c.degraded.Add(1)
	}
}

// A child is another process.
type child struct {
	t   testing.TB
	cmd *exec.Cmd
	in  *os.File
	out *bufio.Scanner
}

func startChild(t testing.TB, url string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envStore+"="+url)
	cmd.Stderr = os.Stderr
	from, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = from
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	from.Close()
	c := &child{t: t, cmd: cmd, in: in, out: bufio.NewScanner(out)}
	t.Cleanup(c.kill)
	return c
}

// startFleet starts processes and waits until all are there.
func startFleet(t testing.TB, url string, n int) []*child {
	t.Helper()
	fleet := make([]*child, n)
	for i := range fleet {
		fleet[i] = startChild(t, url)
	}
	for _, c := range fleet {
		if got := c.line(); got != "ready" {
			t.Fatalf("a process said %q, want ready", got)
		}
	}
	return fleet
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill() // may have ended
	_ = c.cmd.Wait()         // says that it was killed
	_ = c.in.Close()
}

func (c *child) line() string {
	c.t.Helper()
	if !c.out.Scan() {
		c.t.Fatalf("a process has ended: %v", c.out.Err())
	}
	return c.out.Text()
}

// tell sends a command, whose result is to be read.
func (c *child) tell(format string, args ...any) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.in, format+"\n", args...); err != nil {
		c.t.Fatal(err)
	}
}

// result is what callers of one process, or of all, saw.
type result struct{ admitted, refused, failed, degraded, longest, instances int }

func (c *child) result() (r result) {
	c.t.Helper()
	text := c.line()
	if n, err := fmt.Sscan(text, &r.admitted, &r.refused, &r.failed, &r.degraded, &r.longest, &r.instances); n != 6 {
		c.t.Fatalf("a process said %q: %v", text, err)
	}
	return r
}

// together sends a command to all and adds up what they saw.
func together(fleet []*child, format string, args ...any) (sum result) {
	for _, c := range fleet {
		c.tell(format, args...)
	}
	return collect(fleet)
}

func collect(fleet []*child) (sum result) {
	for _, c := range fleet {
		r := c.result()
		sum.admitted += r.admitted
		sum.refused += r.refused
		sum.failed += r.failed
		sum.degraded += r.degraded
		sum.longest = max(sum.longest, r.longest)
		sum.instances = max(sum.instances, r.instances)
	}
	return sum
}

// node starts a Redis of the test's own.
func node(t testing.TB) *server.RedisNode {
	t.Helper()
	needServer(t)
	n, err := server.StartRedisNode(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Kill() })
	return n
}

// TestProcessesAdmitExactly has 8 processes of 100 callers ask at once for five
// units.
func TestProcessesAdmitExactly(t *testing.T) {
	n := node(t)
	fleet := startFleet(t, "redis://"+n.Address(), 8)
	for _, rule := range []string{"sliding", "fixed", "moving", "gcra", "concurrent"} {
		for round := range 2 {
			sum := together(fleet, "take %s key%d 100 1", rule, round)
			if sum.admitted != 5 || sum.refused != 795 {
				t.Errorf("%s: of 800 callers %d were admitted, %d refused, %d failed, want 5, 795, 0", rule, sum.admitted, sum.refused, sum.failed)
			}
		}
	}
}

// TestProcessesLeaseWithinTheirBound has 8 processes ask for twice the budget of
// a minute at once.
func TestProcessesLeaseWithinTheirBound(t *testing.T) {
	n := node(t)
	fleet := startFleet(t, "redis://"+n.Address(), 8)
	began := time.Now()
	sum := together(fleet, "take leased key 10 250")
	took := time.Since(began)
	if took > 50*time.Second {
		t.Fatalf("20,000 requests took %v, more than the window", took)
	}
	// What a process held at the end of its time went to others, or is lost.
	if sum.admitted > 10_000 || sum.admitted < 9_500 || sum.failed != 0 {
		t.Errorf("fixed: %d of 20,000 were admitted and %d failed, want at most 10,000, and few less", sum.admitted, sum.failed)
	}
	began = time.Now()
	sum = together(fleet, "take leased-gcra key 10 250")
	bound := 10_000 + 100 + time.Since(began).Seconds()*10_000/60
	if float64(sum.admitted) > bound || sum.admitted < 9_500 || sum.failed != 0 {
		t.Errorf("gcra: %d of 20,000 were admitted and %d failed, want at most %.0f", sum.admitted, sum.failed, bound)
	}
	if calls := commandCalls(t, n.Address())["evalsha"]; calls > 30_000 {
		t.Errorf("%d calls for 40,000 requests, half of which had to be refused by the store", calls)
	}
}

// TestACrashedHolderLosesItsPlace kills a process that holds a lease.
func TestACrashedHolderLosesItsPlace(t *testing.T) {
	t.Parallel()
	n := node(t)
	url := "redis://" + n.Address()
	holder := startFleet(t, url, 1)[0]
	if r := together([]*child{holder}, "take place key 1 1"); r.admitted != 1 {
		t.Fatalf("the holder got %+v", r)
	}
	held := time.Now()
	holder.kill()
	_, rules := openHere(t, url)
	if d, err := rules["place"].Take(t.Context(), "key", 1); err != nil || d.Allowed {
		t.Errorf("Take while the lease stands = %t, %v, want false", d.Allowed, err)
	}
	testserver.Eventually(t, "the place is free", func() bool {
		d, err := rules["place"].Take(t.Context(), "key", 1)
		return err == nil && d.Allowed
	})
	if after := time.Since(held); after < 1900*time.Millisecond || after > 5*time.Second {
		t.Errorf("the place was free %v after it was taken, want 2s", after)
	}
}

// TestAResetReachesEveryProcess has two remember a refusal, and a third reset
// the key.
func TestAResetReachesEveryProcess(t *testing.T) {
	n := node(t)
	url := "redis://" + n.Address()
	fleet := startFleet(t, url, 2)
	sum := together(fleet, "take fixed key 1 10")
	if sum.admitted != 5 {
		t.Fatalf("%+v were admitted, want 5", sum)
	}
	before := commandCalls(t, n.Address())["evalsha"]
	if sum := together(fleet, "take fixed key 10 100"); sum.admitted != 0 || sum.refused != 2000 {
		t.Errorf("%+v, want 2000 refused", sum)
	}
	if sent := commandCalls(t, n.Address())["evalsha"] - before; sent > 4 { // the census
		t.Errorf("2000 requests of a refused key sent %d commands", sent)
	}
	_, rules := openHere(t, url)
	if err := rules["fixed"].Reset(t.Context(), "key"); err != nil {
		t.Fatal(err)
	}
	began, admitted := time.Now(), 0
	testserver.Eventually(t, "the processes ask again", func() bool {
		admitted += together(fleet, "take fixed key 1 5").admitted
		return admitted == 5
	})
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the reset was seen after %v", took)
	}
}
