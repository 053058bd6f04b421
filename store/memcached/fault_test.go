//go:build unix

package memcached_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/store/memcached"
)

// start starts a memcached of the test's own, if there may be one.
func start(t *testing.T, settings ...string) *server.MemcachedNode {
	t.Helper()
	_ = testserver.Memcached(t) // skips without one
	n, err := server.StartMemcachedNode(t.Context(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Process.Kill() })
	return n
}

func set(t *testing.T, s cache.Store, key string, value []byte) {
	t.Helper()
	if err := s.Set(t.Context(), []cache.Entry{{Key: key, Value: value, Life: cache.NoExpiry}}); err != nil {
		t.Fatal(err)
	}
}

func generations(t *testing.T, s cache.Store, tags ...string) (of []int64, now int64) {
	t.Helper()
	of, now, err := s.Generations(t.Context(), "n", tags)
	if err != nil {
		t.Fatal(err)
	}
	return of, now
}

func TestRestart(t *testing.T) {
	n := start(t)
	s := open(t, n.Address())
	set(t, s, "k", []byte("v"))
	_, before := generations(t, s, "tag")
	n.Kill()
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Get without a server = %v, want ErrUnavailable", err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	item, err := s.Get(t.Context(), "k")
	if err != nil || item.State != cache.Absent {
		t.Errorf("Get after the restart = %+v, %v, want Absent", item, err)
	}
	// What was loaded before is dead for every tag.
	if of, now := generations(t, s, "tag", "never"); of[0] <= before || of[1] <= before || now < of[0] {
		t.Errorf("generations before the restart %d, after %d, %d: want all of them above", before, of, now)
	}
}

// TestRestartCostsOneCall: the idle connections to a server that has gone are
// not tried one after the other.
func TestRestartCostsOneCall(t *testing.T) {
	n := start(t)
	s := open(t, n.Address())
	set(t, s, "k", make([]byte, 1<<19)) // large, so that calls overlap
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { _, _ = s.Get(t.Context(), "k") })
	}
	wg.Wait()
	n.Kill()
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 16 {
		if _, err := s.Get(t.Context(), "k"); err != nil {
			failed++
		}
	}
	if failed > 1 {
		t.Errorf("%d calls failed after the restart, want 1 at most", failed)
	}
}

// TestFrozenServer: calls end with their contexts, and leave no goroutine for
// longer than the timeout.
func TestFrozenServer(t *testing.T) {
	n := start(t)
	s, err := memcached.New([]string{n.Address()}, memcached.Config{Timeout: 300 * time.Millisecond, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	set(t, s, "k", []byte("v"))
	goroutines := runtime.NumGoroutine()
	if err := n.Freeze(); err != nil {
		t.Fatal(err)
	}
	get := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, err := s.Get(ctx, "k")
		return err
	}
	testserver.Eventually(t, "the last of its threads has stopped", func() bool { return get() != nil })
	began := time.Now()
	for range 20 { // more than there are slots
		if err := get(); !errors.Is(err, cache.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Get of a frozen server = %v, want ErrUnavailable for the deadline", err)
		}
	}
	if d := time.Since(began); d > 3*time.Second {
		t.Errorf("20 calls with 10ms each took %v", d)
	}
	if more := runtime.NumGoroutine() - goroutines; more > 2*4+2 {
		t.Errorf("%d goroutines are left, want two for each slot at most", more)
	}
	if err := n.Thaw(); err != nil {
		t.Fatal(err)
	}
	if item, err := s.Get(t.Context(), "k"); err != nil || item.State != cache.Found {
		t.Errorf("Get after it = %v, %v, want Found", item.State, err)
	}
}

func TestFlushAll(t *testing.T) {
	n := start(t)
	s := open(t, n.Address())
	token := cache.Token{1}
	claimed, err := s.Claim(t.Context(), []string{"k"}, cache.Claim{Token: token, Life: time.Hour})
	if err != nil || claimed[0].State != cache.Granted {
		t.Fatal(claimed, err)
	}
	_, before := generations(t, s, "tag")
	if err := memcache.New(n.Address()).FlushAll(); err != nil {
		t.Fatal(err)
	}
	stored, err := s.Fill(t.Context(), []cache.Entry{{Key: "k", Value: []byte("v"), Life: time.Hour}}, token)
	if err != nil || stored[0] {
		t.Errorf("Fill after flush_all = %v, %v, want false", stored, err)
	}
	if of, _ := generations(t, s, "tag"); of[0] <= before {
		t.Errorf("generation before flush_all %d, after %d, want it above", before, of[0])
	}
}

// TestForgottenTag: without its record, a tag that was invalidated is as if it
// were invalidated now, and one that never was is not.
func TestForgottenTag(t *testing.T) {
	n := start(t)
	s := open(t, n.Address())
	invalidated, err := s.Invalidate(t.Context(), "n", []string{"tag"})
	if err != nil {
		t.Fatal(err)
	}
	_, loaded := generations(t, s)
	if err := memcache.New(n.Address()).Delete(memcached.TagName("n", "tag")); err != nil {
		t.Fatal(err)
	}
	other := open(t, n.Address()) // another process
	of, now := generations(t, other, "tag", "never")
	if of[0] <= loaded || of[0] > now || of[1] >= invalidated {
		t.Errorf("generations = %d, %d after %d, want that of the tag above and the other below", of, now, loaded)
	}
	if again, _ := generations(t, s, "tag"); again[0] != of[0] {
		t.Errorf("generation = %d, then %d, want the same", of[0], again[0])
	}
}

// TestPressure writes ten times what the server holds: what is there is whole,
// and no invalidated generation comes back.
func TestPressure(t *testing.T) {
	n := start(t, "-m", "2")
	s := open(t, n.Address())
	_, loaded := generations(t, s, "tag")
	if _, err := s.Invalidate(t.Context(), "n", []string{"tag"}); err != nil {
		t.Fatal(err)
	}
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 1000+i%9000) }
	var keys []string
	for i := range 4000 {
		key := fmt.Sprint("k:", i)
		keys = append(keys, key)
		// A full server may refuse, which must leave nothing torn.
		err := s.Set(t.Context(), []cache.Entry{{Key: key, Value: value(i), Life: time.Hour}})
		if err != nil && !errors.Is(err, cache.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	items, err := s.GetMany(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	absent := 0
	for i, item := range items {
		if item.State == cache.Absent {
			absent++
		} else if !bytes.Equal(item.Value, value(i)) {
			t.Errorf("%s has %d bytes, want %d", keys[i], len(item.Value), len(value(i)))
		}
	}
	if absent == 0 {
		t.Error("nothing had to go: the test proves nothing")
	}
	if of, _ := generations(t, s, "tag"); of[0] <= loaded {
		t.Errorf("generation = %d, want it above %d: the invalidation is forgotten", of[0], loaded)
	}
}

func TestTooLarge(t *testing.T) {
	s := open(t, testserver.Memcached(t))
	key := testserver.Prefix() + "k"
	set(t, s, key, make([]byte, 1<<20-1<<10))
	err := s.Set(t.Context(), []cache.Entry{{Key: key, Value: make([]byte, 1<<20), Life: time.Hour}})
	if item, gerr := s.Get(t.Context(), key); !errors.Is(err, cache.ErrTooLarge) || gerr != nil || item.State != cache.Found {
		t.Errorf("Set of 1 MiB = %v, then Get = %v, %v, want ErrTooLarge and the old value", err, item.State, gerr)
	}
}

// TestWithoutCAS: such a server cannot hold a lease safely.
func TestWithoutCAS(t *testing.T) {
	s := open(t, start(t, "-C").Address())
	set(t, s, "k", []byte("v"))
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Get = %v, want ErrUnavailable", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, servers := range [][]string{nil, {""}, {"host"}, {"h:1", "relative/path"}} {
		if s, err := memcached.New(servers, memcached.Config{}); err == nil || s != nil {
			t.Errorf("New(%q) = %v, %v, want an error", servers, s, err)
		}
	}
	if _, err := memcached.New([]string{"h:1"}, memcached.Config{Timeout: -1, MaxConns: -1, MaxValueBytes: -1}); err == nil {
		t.Error("New with a bad Config succeeded")
	}
}
