package redis_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/store/redis"
)

// patience is how long a test waits for a state.
const patience = 20 * time.Second

func open(t testing.TB, url string, c redis.Config) *redis.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), url, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return s
}

// ready opens a store and waits until it answers.
func ready(t testing.TB, url string, c redis.Config) *redis.Store {
	t.Helper()
	s := open(t, url, c)
	testserver.Eventually(t, "the store answers", func() bool { return s.Ping(t.Context()) == nil })
	return s
}

// connected opens a store and waits until all its connections are made: it picks
// one of a few at random for each call.
func connected(t testing.TB, url string, c redis.Config) *redis.Store {
	t.Helper()
	s := open(t, url, c)
	testserver.Eventually(t, "all connections answer", func() bool {
		for range 64 {
			if _, err := s.Get(t.Context(), "k"); err != nil {
				return false
			}
		}
		return true
	})
	return s
}

// shared opens a store in the Redis that all tests use.
func shared(t testing.TB) *redis.Store {
	t.Helper()
	return ready(t, testserver.Redis(t), redis.Config{})
}

// node starts a Redis of the test's own.
func node(t testing.TB, settings ...string) *server.RedisNode {
	t.Helper()
	needServer(t)
	n, err := server.StartRedisNode(t.Context(), t.TempDir(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Kill() })
	return n
}

// needServer skips the test where there is no Redis, and says so where there
// has to be one.
func needServer(t testing.TB) {
	t.Helper()
	testserver.Redis(t)
}

func url(n *server.RedisNode) string { return "redis://" + n.Address() }

// raw is a client that does what stores do not.
func raw(t testing.TB, address string) rueidis.Client {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func rawShared(t testing.TB) rueidis.Client {
	t.Helper()
	return raw(t, strings.TrimPrefix(testserver.Redis(t), "redis://"))
}

// command runs a command that has to succeed.
func command(t testing.TB, c rueidis.Client, words ...string) rueidis.RedisResult {
	t.Helper()
	r := c.Do(context.Background(), c.B().Arbitrary(words...).Build())
	if err := r.Error(); err != nil && !rueidis.IsRedisNil(err) {
		t.Fatalf("%q: %v", words, err)
	}
	return r
}

func token() (tk cache.Token) {
	_, _ = rand.Read(tk[:]) // never fails
	return tk
}

func entry(key, value string) cache.Entry {
	return cache.Entry{Key: key, Value: []byte(value), Life: cache.NoExpiry}
}

func set(t testing.TB, s cache.Store, key, value string) {
	t.Helper()
	if err := s.Set(t.Context(), []cache.Entry{entry(key, value)}); err != nil {
		t.Fatalf("Set(%q) = %v", key, err)
	}
}

func wantValue(t testing.TB, s cache.Store, key, want string) {
	t.Helper()
	it, err := s.Get(t.Context(), key)
	if err != nil || it.State != cache.Found || !bytes.Equal(it.Value, []byte(want)) {
		t.Errorf("Get(%q) = %v, %q, %v, want Found, %q", key, it.State, it.Value, err, want)
	}
}

func wantAbsent(t testing.TB, s cache.Store, key string) {
	t.Helper()
	if it, err := s.Get(t.Context(), key); err != nil || it.State != cache.Absent {
		t.Errorf("Get(%q) = %v, %q, %v, want Absent", key, it.State, it.Value, err)
	}
}

// claim claims one key.
func claim(t testing.TB, s cache.Store, key string, tk cache.Token, refresh bool) cache.Item {
	t.Helper()
	items, err := s.Claim(t.Context(), []string{key}, cache.Claim{Token: tk, Life: time.Minute, Refresh: refresh})
	if err != nil {
		t.Fatalf("Claim(%q) = %v", key, err)
	}
	return items[0]
}

func wantState(t testing.TB, what string, got cache.Item, want cache.State) {
	t.Helper()
	if got.State != want {
		t.Errorf("%s = %v, want %v", what, got.State, want)
	}
}

func fill(t testing.TB, s cache.Store, key, value string, tk cache.Token) bool {
	t.Helper()
	stored, err := s.Fill(t.Context(), []cache.Entry{entry(key, value)}, tk)
	if err != nil {
		t.Fatalf("Fill(%q) = %v", key, err)
	}
	return stored[0]
}

func wantUnavailable(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("%s = %v, want an error that matches ErrUnavailable", what, err)
	}
}

// record notes what a watch tells.
type record struct {
	mu     sync.Mutex
	events []string
}

func (r *record) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, fmt.Sprintf(format, args...))
}

func (r *record) watch() cache.Events {
	return cache.Events{
		Key:  func(k string) { r.note("key %s", k) },
		Tag:  func(tag string, g int64) { r.note("tag %s %d", tag, g) },
		Lost: func() { r.note("lost") },
	}
}

func (r *record) count(event string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e == event {
			n++
		}
	}
	return n
}

func (r *record) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.events...)
}

// watch begins a watch and waits until it tells.
func watch(t testing.TB, s *redis.Store, namespace string) (*record, cache.Watch) {
	t.Helper()
	r := new(record)
	w, err := s.Watch(namespace, r.watch())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	testserver.Eventually(t, "Lost is called", func() bool { return r.count("lost") > 0 })
	return r, w
}
