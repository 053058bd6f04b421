package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/redis"
)

// both runs a test with the commands of Redis 7, and with what older ones know.
func both(t *testing.T, test func(t *testing.T, s *redis.Store)) {
	for _, scripts := range []bool{false, true} {
		t.Run(fmt.Sprintf("scripts=%v", scripts), func(t *testing.T) {
			s := shared(t)
			if scripts {
				s.ForceScripts()
			}
			test(t, s)
			if s.Scripted() != scripts {
				t.Errorf("the store uses scripts: %v, want %v", s.Scripted(), scripts)
			}
		})
	}
}

func TestLeaseOfAMiss(t *testing.T) {
	both(t, func(t *testing.T, s *redis.Store) {
		key := testserver.Prefix() + "k"
		a, b := token(), token()
		wantState(t, "first Claim", claim(t, s, key, a, false), cache.Granted)
		wantState(t, "another's Claim", claim(t, s, key, b, false), cache.Held)
		wantState(t, "another's Claim to refresh", claim(t, s, key, b, true), cache.Held)
		wantState(t, "its own Claim again", claim(t, s, key, a, false), cache.Granted)
		wantState(t, "its own Claim to refresh", claim(t, s, key, a, true), cache.Granted)
		wantAbsent(t, s, key)
		if fill(t, s, key, "b", b) {
			t.Error("Fill by another was stored")
		}
		if err := s.Release(t.Context(), []string{key}, b); err != nil {
			t.Error(err)
		}
		if n, err := s.Extend(t.Context(), []string{key}, a, time.Hour); n != 1 || err != nil {
			t.Errorf("Extend = %d, %v, want 1", n, err)
		}
		if !fill(t, s, key, "a", a) {
			t.Error("Fill by the holder was refused")
		}
		wantValue(t, s, key, "a")
		if fill(t, s, key, "again", a) {
			t.Error("a second Fill was stored")
		}
	})
}

func TestAClaimAgainHasANewLife(t *testing.T) {
	both(t, func(t *testing.T, s *redis.Store) {
		key := testserver.Prefix() + "k"
		a := token()
		claim(t, s, key, a, false)
		if _, err := s.Claim(t.Context(), []string{key}, cache.Claim{Token: a, Life: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if ms, err := command(t, rawShared(t), "PTTL", key).AsInt64(); ms < int64(30*time.Minute/time.Millisecond) || err != nil {
			t.Errorf("the lease lives %d ms, %v, want an hour", ms, err)
		}
	})
}

func TestLeaseToRefresh(t *testing.T) {
	both(t, func(t *testing.T, s *redis.Store) {
		key := testserver.Prefix() + "k"
		a, b := token(), token()
		set(t, s, key, "old")
		wantState(t, "Claim of a value", claim(t, s, key, a, false), cache.Found)
		wantState(t, "Claim to refresh", claim(t, s, key, a, true), cache.Granted)
		wantState(t, "another's", claim(t, s, key, b, true), cache.Held)
		wantValue(t, s, key, "old")
		if fill(t, s, key, "b", b) || !fill(t, s, key, "new", a) {
			t.Error("want Fill by the holder alone to be stored")
		}
		wantValue(t, s, key, "new")
		wantState(t, "Claim to refresh after Fill", claim(t, s, key, b, true), cache.Granted)
		if err := s.Release(t.Context(), []string{key}, b); err != nil {
			t.Error(err)
		}
		wantState(t, "Claim to refresh after Release", claim(t, s, key, a, true), cache.Granted)
	})
}

func TestAWriteVoidsLeases(t *testing.T) {
	writes := []struct {
		name  string
		write func(s *redis.Store, key string) error
	}{
		{"Set", func(s *redis.Store, key string) error {
			return s.Set(t.Context(), []cache.Entry{entry(key, "1")})
		}},
		{"Delete", func(s *redis.Store, key string) error {
			_, err := s.Delete(t.Context(), []string{key})
			return err
		}},
		{"Increment", func(s *redis.Store, key string) error {
			_, err := s.Increment(t.Context(), key, 1, time.Hour)
			return err
		}},
		{"Delete and Add", func(s *redis.Store, key string) error {
			if _, err := s.Delete(t.Context(), []string{key}); err != nil {
				return err
			}
			_, err := s.Add(t.Context(), entry(key, "1"))
			return err
		}},
	}
	for _, w := range writes {
		for _, refresh := range []bool{false, true} {
			s := shared(t)
			key := testserver.Prefix() + "k"
			a := token()
			if refresh {
				set(t, s, key, "1") // what Set will set: the lease ends all the same
			}
			wantState(t, "Claim", claim(t, s, key, a, refresh), cache.Granted)
			if err := w.write(s, key); err != nil {
				t.Fatal(err)
			}
			if fill(t, s, key, "loaded before", a) {
				t.Errorf("refresh %v: Fill after %s was stored", refresh, w.name)
			}
		}
	}
}

func TestAddTakesTheKeyFromALease(t *testing.T) {
	s := shared(t)
	key := testserver.Prefix() + "k"
	a := token()
	claim(t, s, key, a, false)
	if added, err := s.Add(t.Context(), entry(key, "v")); !added || err != nil {
		t.Errorf("Add = %v, %v, want true", added, err)
	}
	if fill(t, s, key, "late", a) {
		t.Error("Fill after Add was stored")
	}
	if added, err := s.Add(t.Context(), entry(key, "w")); added || err != nil {
		t.Errorf("second Add = %v, %v, want false", added, err)
	}
	wantValue(t, s, key, "v")
}

func TestARefreshThatOutlivesItsValue(t *testing.T) {
	s, c := shared(t), rawShared(t)
	a, b := token(), token()
	for _, another := range []bool{false, true} {
		key := testserver.Prefix() + "k"
		set(t, s, key, "old")
		wantState(t, "Claim to refresh", claim(t, s, key, a, true), cache.Granted)
		command(t, c, "DEL", key) // as if it had expired
		if another {
			wantState(t, "another's Claim", claim(t, s, key, b, false), cache.Granted)
		}
		if stored := fill(t, s, key, "new", a); stored == another {
			t.Errorf("with another's lease %v, Fill stored = %v", another, stored)
		}
	}
}

func TestClaimOfManyKeys(t *testing.T) {
	both(t, func(t *testing.T, s *redis.Store) {
		p := testserver.Prefix()
		keys := []string{p + "found", p + "held", p + "mine", p + "free"}
		a, b := token(), token()
		set(t, s, keys[0], "v")
		claim(t, s, keys[1], b, false)
		claim(t, s, keys[2], a, false)
		items, err := s.Claim(t.Context(), keys, cache.Claim{Token: a, Life: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []cache.State{cache.Found, cache.Held, cache.Granted, cache.Granted} {
			wantState(t, keys[i], items[i], want)
		}
	})
}
