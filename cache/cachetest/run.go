package cachetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
)

// Run checks that the stores that open returns keep the contract of
// [cache.Store], and of [cache.LifeTeller], [cache.TagReader] and
// [cache.Watcher] if they have these. It calls open once for each case, and closes what it returned. The
// store needs room for some megabytes. Run it with the race detector.
func Run(t *testing.T, open func(t *testing.T) cache.Store) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			store := open(t)
			t.Cleanup(func() { _ = store.Close() })
			c.run(newSuite(t, store))
		})
	}
}

// A testCase is named for the sentence of the contract that it checks.
type testCase struct {
	name string
	run  func(*suite)
}

func cases() []testCase {
	var all []testCase
	for _, part := range [][]testCase{
		valueCases(), lifeCases(), keyCases(), counterCases(), leaseCases(), leaseEndCases(),
		generationCases(), taggedCases(), raceCases(), watchCases(), closeCases(),
	} {
		all = append(all, part...)
	}
	return all
}

// defaultPatience is not shorter, because a store may be a server on a busy
// machine and round lives up by almost a second, and not longer, because it is
// spent where a store is wrong.
const defaultPatience = 10 * time.Second

// A suite is what a case works with. Its helpers end the case at an error of
// the store.
type suite struct {
	testing.TB
	ctx   context.Context
	store cache.Store
	space string // a namespace that no other case has
	// patience is how long to wait for what has to happen.
	patience time.Duration
}

func newSuite(t testing.TB, store cache.Store) *suite {
	return &suite{TB: t, ctx: context.Background(), store: store, space: newSpace(), patience: defaultPatience}
}

func newSpace() string {
	t := newToken()
	return "cachetest-" + hex.EncodeToString(t[:6])
}

func newToken() (t cache.Token) {
	_, _ = rand.Read(t[:]) // never fails
	return t
}

// key returns the key of the case's namespace with this name.
func (s *suite) key(name string) string { return s.space + ":" + name }

func (s *suite) must(call string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s failed: %v", call, err)
	}
}

func (s *suite) get(key string) cache.Item {
	s.Helper()
	item, err := s.store.Get(s.ctx, key)
	s.must("Get", err)
	return item
}

func (s *suite) set(key, value string, life time.Duration) {
	s.Helper()
	s.must("Set", s.store.Set(s.ctx, []cache.Entry{{Key: key, Value: []byte(value), Life: life}}))
}

func (s *suite) add(key, value string, life time.Duration) bool {
	s.Helper()
	added, err := s.store.Add(s.ctx, cache.Entry{Key: key, Value: []byte(value), Life: life})
	s.must("Add", err)
	return added
}

func (s *suite) delete(keys ...string) int {
	s.Helper()
	n, err := s.store.Delete(s.ctx, keys)
	s.must("Delete", err)
	return n
}

func (s *suite) increment(key string, delta int64, life time.Duration) int64 {
	s.Helper()
	n, err := s.store.Increment(s.ctx, key, delta, life)
	s.must("Increment", err)
	return n
}

// claim claims one key.
func (s *suite) claim(key string, c cache.Claim) cache.Item {
	s.Helper()
	items, err := s.store.Claim(s.ctx, []string{key}, c)
	s.must("Claim", err)
	if len(items) != 1 {
		s.Fatalf("Claim of 1 key = %d items, want 1", len(items))
	}
	return items[0]
}

// fill fills one key with an entry without end.
func (s *suite) fill(key, value string, by cache.Token) bool {
	s.Helper()
	stored, err := s.store.Fill(s.ctx, []cache.Entry{{Key: key, Value: []byte(value), Life: cache.NoExpiry}}, by)
	s.must("Fill", err)
	if len(stored) != 1 {
		s.Fatalf("Fill of 1 entry = %d answers, want 1", len(stored))
	}
	return stored[0]
}

// lease makes by the holder of a key's lease.
func (s *suite) lease(key string, by cache.Token, life time.Duration) {
	s.Helper()
	s.wantState(key, s.claim(key, cache.Claim{Token: by, Life: life}), cache.Granted)
}

// wantFree checks that nobody has a lease on a key, by taking one.
func (s *suite) wantFree(key string) {
	s.Helper()
	item := s.claim(key, cache.Claim{Token: newToken(), Life: time.Hour, Refresh: true})
	s.wantState(key, item, cache.Granted)
}

// wantLeased checks that somebody has a lease on a key.
func (s *suite) wantLeased(key string) {
	s.Helper()
	item := s.claim(key, cache.Claim{Token: newToken(), Life: time.Hour, Refresh: true})
	s.wantState(key, item, cache.Held)
}

func (s *suite) wantState(key string, item cache.Item, want cache.State) {
	s.Helper()
	if item.State != want {
		s.Fatalf("state of %q = %s, want %s", key, stateName(item.State), stateName(want))
	}
}

func (s *suite) wantValue(key, want string) {
	s.Helper()
	item := s.get(key)
	s.wantState(key, item, cache.Found)
	if !bytes.Equal(item.Value, []byte(want)) {
		s.Fatalf("value of %q = %s, want %s", key, short(item.Value), short([]byte(want)))
	}
}

func (s *suite) wantAbsent(key string) {
	s.Helper()
	s.wantState(key, s.get(key), cache.Absent)
}

func (s *suite) wantError(call string, err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("%s = error %v, want one that matches %q", call, err, want)
	}
}

// eventually waits until f says that it has happened.
func (s *suite) eventually(what string, f func() bool) {
	s.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(s.patience); !f(); {
		if time.Now().After(end) {
			s.Fatalf("%s: not within %v", what, s.patience)
		}
		<-tick.C
	}
}

func stateName(state cache.State) string {
	names := []string{"Absent", "Found", "Granted", "Held"}
	if int(state) < len(names) {
		return names[state]
	}
	return "no state"
}

// short returns a value as a failure can show it.
func short(value []byte) string {
	if len(value) > 40 {
		return strconv.Quote(string(value[:40])) + "…"
	}
	return strconv.Quote(string(value))
}
