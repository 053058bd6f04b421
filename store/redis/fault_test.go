package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/redis"
)

// callLife is how long a call under load may take, and callSlack how much
// later than that it may return on a busy machine.
const (
	callLife  = 50 * time.Millisecond
	callSlack = 2 * time.Second
)

// load calls the store from several goroutines until it is stopped.
type load struct {
	t        *testing.T
	answers  atomic.Int64
	failures atomic.Int64
	longest  atomic.Int64 // nanoseconds
	stop     context.CancelFunc
	callers  sync.WaitGroup
}

func startLoad(t *testing.T, s cache.Store, prefix string) *load {
	ctx, stop := context.WithCancel(t.Context())
	l := &load{t: t, stop: stop}
	for g := range 16 {
		l.callers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				key := fmt.Sprint(prefix, (g+i)%100)
				began := time.Now()
				err := l.call(ctx, s, key, i)
				if took := int64(time.Since(began)); took > l.longest.Load() {
					l.longest.Store(took)
				}
				switch {
				case err == nil:
					l.answers.Add(1)
				case errors.Is(err, cache.ErrUnavailable):
					l.failures.Add(1)
				default:
					t.Errorf("a call under load failed with %v, want ErrUnavailable or none", err)
				}
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

func (l *load) call(ctx context.Context, s cache.Store, key string, i int) error {
	ctx, cancel := context.WithTimeout(ctx, callLife)
	defer cancel()
	switch i % 4 {
	case 0:
		return s.Set(ctx, []cache.Entry{entry(key, "v")})
	case 1:
		_, err := s.Claim(ctx, []string{key, key + "x"}, cache.Claim{Token: token(), Life: time.Second})
		return err
	case 2:
		_, err := s.Delete(ctx, []string{key})
		return err
	default:
		it, err := s.Get(ctx, key)
		if err == nil && it.State == cache.Found && string(it.Value) != "v" {
			l.t.Errorf("Get = %q, want v", it.Value)
		}
		return err
	}
}

func (l *load) end() {
	l.stop()
	l.callers.Wait()
}

// answered waits for answers.
func (l *load) answered() {
	l.t.Helper()
	before := l.answers.Load()
	testserver.Eventually(l.t, "calls are answered", func() bool { return l.answers.Load() > before+100 })
}

func (l *load) wantPrompt() {
	l.t.Helper()
	if longest := time.Duration(l.longest.Load()); longest > callLife+callSlack {
		l.t.Errorf("a call with %v took %v", callLife, longest)
	}
}

func TestOpenNeedsNoServer(t *testing.T) {
	n := node(t)
	n.Kill()
	for _, u := range []string{
		url(n),
		"redis+sentinel://" + n.Address() + "/m",
		"redis+cluster://" + n.Address(),
	} {
		s := open(t, u, redis.Config{})
		began := time.Now()
		_, err := s.Get(t.Context(), "k")
		wantUnavailable(t, "Get without a server", err)
		if took := time.Since(began); took > callSlack {
			t.Errorf("Get without a server took %v", took)
		}
		if !strings.Contains(err.Error(), "refused") {
			t.Errorf("Get = %v, want it to say why", err)
		}
	}
	s := open(t, url(n), redis.Config{})
	r := new(record)
	w, err := s.Watch("n", r.watch())
	if err != nil {
		t.Fatal(err)
	}
	if told := w.Told(); !told.IsZero() || r.count("lost") != 0 {
		t.Errorf("a watch without a server told until %v", told)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	testserver.Eventually(t, "the store answers", func() bool { return s.Ping(t.Context()) == nil })
	testserver.Eventually(t, "the watch tells", func() bool { return r.count("lost") > 0 && w.Told().After(began) })
}

func TestKillAndRestartUnderLoad(t *testing.T) {
	n := node(t)
	s := ready(t, url(n), redis.Config{})
	r, w := watch(t, s, "n")
	first := invalidate(t, s, "n", "a")
	l := startLoad(t, s, "n:")
	for range 3 {
		l.answered()
		lost := r.count("lost")
		n.Kill()
		before := l.failures.Load()
		testserver.Eventually(t, "calls fail", func() bool { return l.failures.Load() > before })
		testserver.Eventually(t, "the disconnection is told", func() bool { return r.count("lost") > lost })
		lost = r.count("lost")
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		back := time.Now()
		l.answered()
		if took := time.Since(back); took > time.Second+callSlack {
			t.Errorf("calls were answered %v after the restart, want a second", took)
		}
		testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(back) })
		if r.count("lost") == lost {
			t.Error("Told moved on after a restart without another Lost")
		}
		if of, now := generations(t, s, "n", "a"); of[0] <= first || now <= first {
			t.Errorf("generations after the restart = %d, %d, want above %d", of, now, first)
		}
	}
	l.end()
	l.wantPrompt()
}

func TestAFrozenServerHoldsNoCallBeyondItsContext(t *testing.T) {
	n := node(t)
	s := ready(t, url(n), redis.Config{})
	r, w := watch(t, s, "n")
	l := startLoad(t, s, "n:")
	l.answered()
	if err := n.Freeze(); err != nil {
		t.Fatal(err)
	}
	frozen := time.Now()
	before := l.failures.Load()
	// Far more calls than there is room for, so that the gate holds too; and
	// the connections are closed meanwhile, for being silent.
	testserver.Eventually(t, "many calls fail", func() bool { return l.failures.Load() > before+2*redis.GateCalls })
	if told := w.Told(); told.After(frozen.Add(callSlack)) {
		t.Errorf("Told() = %v while the server is frozen since %v", told, frozen)
	}
	if err := n.Thaw(); err != nil {
		t.Fatal(err)
	}
	thawed := time.Now()
	l.answered()
	if took := time.Since(thawed); took > time.Second+callSlack {
		t.Errorf("calls were answered %v after the thaw, want a second", took)
	}
	testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(thawed) })
	if r.count("lost") == 0 {
		t.Error("no Lost")
	}
	l.end()
	l.wantPrompt()
}

func TestAFullServerStillReads(t *testing.T) {
	n := node(t)
	s := ready(t, url(n), redis.Config{})
	ctx := t.Context()
	set(t, s, "n:found", "v")
	set(t, s, "n:other", "v")
	claim(t, s, "n:held", token(), false)
	command(t, raw(t, n.Address()), "CONFIG", "SET", "maxmemory", "1") // below what it has, and nothing is evicted

	wantUnavailable(t, "Set in a full server", s.Set(ctx, []cache.Entry{entry("n:new", "v")}))
	for _, scripts := range []bool{false, true} {
		if scripts {
			s.ForceScripts()
		}
		items, err := s.Claim(ctx, []string{"n:found", "n:absent"}, cache.Claim{Token: token(), Life: time.Minute})
		wantUnavailable(t, "Claim of an absent key", err)
		if string(items[0].Value) != "v" || items[1].State != cache.Absent {
			t.Errorf("scripts %v: Claim in a full server = %v, want the value and nothing", scripts, items)
		}
		if items, err := s.Claim(ctx, []string{"n:found"}, cache.Claim{Token: token(), Life: time.Minute}); err != nil || items[0].State != cache.Found {
			t.Errorf("scripts %v: Claim of a value in a full server = %v, %v, want Found", scripts, items, err)
		}
	}
	if n, err := s.Delete(ctx, []string{"n:other"}); n != 1 || err != nil {
		t.Errorf("Delete in a full server = %d, %v, want 1", n, err)
	}
}

func TestEvictionOfTheTagsKillsEntries(t *testing.T) {
	n := node(t, "--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru")
	s := ready(t, url(n), redis.Config{})
	r, w := watch(t, s, "n")
	loaded := invalidate(t, s, "n", "a")
	big := strings.Repeat("x", 10_000)
	c := raw(t, n.Address())
	for i := 0; ; i++ {
		set(t, s, fmt.Sprint("other:", i%2000), big)
		if n, err := command(t, c, "EXISTS", "{n}:g").AsInt64(); err == nil && n == 0 {
			break
		}
		if i == 20_000 {
			t.Fatal("the tags were never evicted")
		}
	}
	gone := time.Now()
	testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(gone) })
	if r.count("lost") < 2 {
		t.Errorf("told %q, want Lost for the loss of the tags", r.all())
	}
	if of, now := generations(t, s, "n", "a", "b"); of[0] <= loaded || of[1] <= loaded || now <= loaded {
		t.Errorf("generations after the eviction = %d, %d, want above %d", of, now, loaded)
	}
}

func TestAReadOnlyReplicaIsRead(t *testing.T) {
	master := node(t)
	replica := node(t, "--replicaof", "127.0.0.1", master.Port)
	m, s := ready(t, url(master), redis.Config{}), ready(t, url(replica), redis.Config{})
	set(t, m, "n:k", "v")
	invalidate(t, m, "n", "a")
	testserver.Eventually(t, "the replica has the value", func() bool {
		it, err := s.Get(t.Context(), "n:k")
		return err == nil && it.State == cache.Found
	})
	for _, scripts := range []bool{false, true} {
		if scripts {
			s.ForceScripts()
		}
		items, err := s.Claim(t.Context(), []string{"n:k"}, cache.Claim{Token: token(), Life: time.Minute})
		if err != nil || items[0].State != cache.Found {
			t.Errorf("scripts %v: Claim on a replica = %v, %v, want Found", scripts, items, err)
		}
		_, err = s.Claim(t.Context(), []string{"n:absent"}, cache.Claim{Token: token(), Life: time.Minute})
		wantUnavailable(t, "Claim of an absent key on a replica", err)
	}
	wantUnavailable(t, "Set on a replica", s.Set(t.Context(), []cache.Entry{entry("n:k", "w")}))
	_, err := s.Invalidate(t.Context(), "n", []string{"a"})
	wantUnavailable(t, "Invalidate on a replica", err)
}
