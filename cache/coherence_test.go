package cache_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

// A proxy stands between a process and its Redis. A frozen one keeps its
// connections and passes nothing on, as a broken network does.
type proxy struct {
	net.Listener
	to   string
	flow sync.RWMutex // held by who freezes it
}

func startProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, to: to}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", p.to)
			if err != nil {
				_ = from.Close()
				continue
			}
			go p.pass(to, from)
			go p.pass(from, to)
		}
	}()
	return p
}

// pass copies until either end closes.
func (p *proxy) pass(to, from net.Conn) {
	defer to.Close()
	_, _ = io.Copy(thawed{p, to}, from)
}

// thawed writes while the proxy is not frozen.
type thawed struct {
	*proxy
	io.Writer
}

func (w thawed) Write(b []byte) (int, error) {
	w.flow.RLock()
	defer w.flow.RUnlock()
	return w.Writer.Write(b)
}

// TestTheBoundHoldsWhateverBreaks cuts this process off in several ways as
// another one deletes and invalidates what is near here. A Get that begins
// after the bound does not return it.
func TestTheBoundHoldsWhateverBreaks(t *testing.T) {
	testserver.Redis(t) // skips without one
	node, err := server.StartRedisNode(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Kill() })
	between := startProxy(t, node.Address())
	admin, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{node.Address()}, DisableCache: true, ForceSingleClient: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	src := new(source)
	cfg := cache.Config{Near: cache.Near{MaxBytes: 1 << 20, MaxStale: staleness}}
	f := memoized(t, redisMember(t, "redis://"+between.Addr().String(), "cut", cfg), src, versionsConfig{
		Tags: func(k string, _ int64) []string { return []string{"tag:" + k} },
	})
	other := startChild(t, "redis://"+node.Address(), "cut")

	nothing := func() error { return nil }
	cuts := []struct {
		name               string
		before, after, end func() error // of the change by the other process
	}{
		{"nothing", nothing, nothing, nothing},
		{"the network is frozen", func() error { between.flow.Lock(); return nil }, nothing, func() error { between.flow.Unlock(); return nil }},
		{"connections are killed", func() error { return killWatches(t, admin) }, nothing, nothing},
		{"Redis is frozen", nothing, func() error { return node.Freeze() }, func() error { return node.Thaw() }},
		{"Redis is killed", nothing, func() error { node.Kill(); return nil }, func() error { return node.Start(t.Context()) }},
	}
	for round := range 4 {
		for _, c := range cuts {
			eventually(t, c.name+": the key is near", 10*busy, func() bool {
				before := f.Stats().NearHits
				get(t, f, "k")
				return f.Stats().NearHits > before
			})
			want := src.write("k")
			if err := c.before(); err != nil {
				t.Fatal(err)
			}
			other.do([]string{"delete k", "invalidate tag:k"}[round%2], "done")
			changed := time.Now()
			if err := c.after(); err != nil {
				t.Fatal(err)
			}
			for {
				began := time.Now()
				a := get(t, f, "k")
				if a.err != nil {
					t.Fatalf("%s: Get = %v, want no error", c.name, a.err)
				}
				if a.version == want {
					t.Logf("%s: seen after %v", c.name, time.Since(changed))
					break
				}
				if late := began.Sub(changed); late > staleness {
					t.Fatalf("%s: Get %v after the change = %d, want %d after %v", c.name, late, a.version, want, staleness)
				}
			}
			if err := c.end(); err != nil {
				t.Fatal(err)
			}
			if c.name == "Redis is killed" { // the other process has to find the new one
				other.kill()
				other = startChild(t, "redis://"+node.Address(), "cut")
			}
		}
	}
}

// killWatches kills the connections on which Redis tells of changes.
func killWatches(t *testing.T, admin rueidis.Client) error {
	list, err := admin.Do(t.Context(), admin.B().Arbitrary("CLIENT", "LIST").Build()).ToString()
	if err != nil {
		return err
	}
	killed := 0
	for line := range strings.Lines(strings.TrimPrefix(list, "txt:")) { // a verbatim string
		var id string
		watches := false
		for _, word := range strings.Fields(line) {
			if v, ok := strings.CutPrefix(word, "id="); ok {
				id = v
			}
			if v, ok := strings.CutPrefix(word, "flags="); ok {
				watches = strings.ContainsAny(v, "tB")
			}
		}
		if watches {
			killed++
			if err := admin.Do(t.Context(), admin.B().Arbitrary("CLIENT", "KILL", "ID", id).Build()).Error(); err != nil {
				return err
			}
		}
	}
	if killed == 0 {
		return fmt.Errorf("no connection watches:\n%s", list)
	}
	return nil
}
