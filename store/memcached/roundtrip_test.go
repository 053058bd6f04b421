package memcached_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
)

// A meter stands before a server and counts the questions that it is asked.
type meter struct {
	net.Listener
	to    string
	asked atomic.Int64
}

func startMeter(t *testing.T, to string) *meter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{Listener: l, to: to}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", m.to)
			if err != nil {
				_ = client.Close()
				continue
			}
			var answered atomic.Bool
			answered.Store(true)
			go pass(server, client, func() {
				if answered.Swap(false) { // else it is more of the same question
					m.asked.Add(1)
				}
			})
			go pass(client, server, func() { answered.Store(true) })
		}
	}()
	return m
}

// pass copies until either end closes, and calls seen before each part is sent
// on.
func pass(to, from net.Conn, seen func()) {
	defer to.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if n > 0 {
			seen()
			_, _ = to.Write(b[:n])
		}
		if err != nil {
			return
		}
	}
}

// TestReadsAreOneRoundTrip counts what a cache's hits cost on the wire: one
// question, whatever tags the entries have and whatever has been invalidated,
// once the process has met them.
func TestReadsAreOneRoundTrip(t *testing.T) {
	m := startMeter(t, testserver.Memcached(t))
	c, err := cache.New(open(t, m.Addr().String()), cache.Config{
		Namespace: strings.TrimSuffix(testserver.Prefix(), ":"), StoreTimeout: time.Minute, // the machine may be busy
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	length := func(_ context.Context, key string) (int, error) { return len(key), nil }
	f, err := cache.Memoize(c, "f", length, cache.FuncConfig[string, int]{
		Beta: -1, Tags: func(k string, _ int) []string { return []string{"tag:" + k, "all"} },
	})
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"a", "bb", "ccc", "dddd", "eeeee"}
	get := func() (int, error) {
		_, found, err := f.Get(t.Context(), "ccc")
		return map[bool]int{true: 1}[found], err
	}
	getMany := func() (int, error) {
		found, err := f.GetMany(t.Context(), keys)
		return len(found), err
	}
	invalidate := func(tags ...string) {
		t.Helper()
		if err := c.Invalidate(t.Context(), tags...); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name   string
		before func()
		loads  bool
	}{
		{name: "the first time", before: func() {}, loads: true},
		{name: "after nothing", before: func() {}},
		{name: "after an invalidation of others", before: func() { invalidate("x", "y") }},
		{name: "after one of all", before: func() { invalidate("all") }, loads: true},
		{name: "after one of some", before: func() { invalidate("tag:a", "tag:ccc") }, loads: true},
	} {
		step.before()
		if step.loads {
			for range 2 { // load, and meet the entries
				if n, err := getMany(); n != len(keys) || err != nil {
					t.Fatalf("%s: GetMany = %d, %v, want %d", step.name, n, err, len(keys))
				}
			}
		}
		for name, read := range map[string]struct {
			f    func() (int, error)
			want int
		}{"Get": {get, 1}, "GetMany": {getMany, len(keys)}} {
			hits, asked := f.Stats().Hits, m.asked.Load()
			n, err := read.f()
			if n != read.want || err != nil || f.Stats().Hits-hits != int64(read.want) {
				t.Errorf("%s: %s = %d, %v, want %d hits", step.name, name, n, err, read.want)
			}
			if asked = m.asked.Load() - asked; asked != 1 {
				t.Errorf("%s: %s asked the server %d times, want once", step.name, name, asked)
			}
		}
	}
}
