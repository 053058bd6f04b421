package redis_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/redis"
)

func TestValuesComeBackAsTheyWere(t *testing.T) {
	s := shared(t)
	key := testserver.Prefix() + "v"
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, v := range []string{
		"", "v", "\x00", string(all), strings.Repeat("x", 1<<20),
		"\x00lease", "\x00lease\x00", "\x00lease\x00" + strings.Repeat("t", 16), "\x00lease\x01", "\x00lease\x01v", "\x00lease\x02v",
	} {
		set(t, s, key, v)
		wantValue(t, s, key, v)
		wantState(t, "Claim of a value", claim(t, s, key, token(), false), cache.Found)
		if it := claim(t, s, key, token(), false); string(it.Value) != v {
			t.Errorf("Claim after Set(%.20q) = %.20q", v, it.Value)
		}
	}
	if it, err := s.Get(t.Context(), key); err != nil || it.Value == nil {
		t.Errorf("Get = %v, %v", it, err)
	}
	set(t, s, key, "")
	if it, _ := s.Get(t.Context(), key); it.Value == nil {
		t.Error("Get of an empty value has a nil one")
	}
}

func TestACounterIsPlainDecimal(t *testing.T) {
	s, c := shared(t), rawShared(t)
	key := testserver.Prefix() + "n"
	tests := []struct{ delta, want int64 }{
		{5, 5},
		{-7, -2},
		{math.MaxInt64, math.MaxInt64 - 2}, // beyond what a Lua number holds
		{1, math.MaxInt64 - 1},
	}
	for _, tt := range tests {
		if got, err := s.Increment(t.Context(), key, tt.delta, time.Hour); got != tt.want || err != nil {
			t.Errorf("Increment(%d) = %d, %v, want %d", tt.delta, got, err, tt.want)
		}
	}
	if got, err := command(t, c, "GET", key).ToString(); got != fmt.Sprint(int64(math.MaxInt64-1)) || err != nil {
		t.Errorf("GET = %q, %v", got, err)
	}
	if _, err := s.Increment(t.Context(), key, 2, time.Hour); !errors.Is(err, cache.ErrNotNumber) {
		t.Errorf("Increment beyond int64 = %v, want ErrNotNumber", err)
	}
	set(t, s, key, "x")
	if _, err := s.Increment(t.Context(), key, 2, time.Hour); !errors.Is(err, cache.ErrNotNumber) {
		t.Errorf("Increment of x = %v, want ErrNotNumber", err)
	}
	wantValue(t, s, key, "x")
}

func TestAForeignTypeIsToldAndRepaired(t *testing.T) {
	s, c := shared(t), rawShared(t)
	ctx := t.Context()
	p := testserver.Prefix()
	list, good := p+"list", p+"good"
	set(t, s, good, "v")
	command(t, c, "RPUSH", list, "a")

	_, err := s.Get(ctx, list)
	if !errors.Is(err, redis.ErrForeign) || errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Get = %v, want ErrForeign, which is an answer", err)
	}
	items, err := s.GetMany(ctx, []string{list, good})
	if !errors.Is(err, redis.ErrForeign) || len(items) != 2 || string(items[1].Value) != "v" {
		t.Errorf("GetMany = %v, %v, want the other key's value and ErrForeign", items, err)
	}
	for _, refresh := range []bool{false, true} {
		items, err = s.Claim(ctx, []string{good, list}, cache.Claim{Token: token(), Life: time.Minute, Refresh: refresh})
		if !errors.Is(err, redis.ErrForeign) || items[1].State != cache.Absent || items[0].State == cache.Absent {
			t.Errorf("Claim with Refresh %v = %v, %v, want the other key's item and ErrForeign", refresh, items, err)
		}
	}
	if _, err := s.Increment(ctx, list, 1, time.Hour); !errors.Is(err, redis.ErrForeign) {
		t.Errorf("Increment = %v, want ErrForeign", err)
	}
	if n, err := s.Delete(ctx, []string{list}); n != 1 || err != nil {
		t.Errorf("Delete = %d, %v, want 1", n, err)
	}
	wantAbsent(t, s, list)
	command(t, c, "RPUSH", list, "a")
	set(t, s, list, "repaired")
	wantValue(t, s, list, "repaired")
}

func TestWrongCallsChangeNothing(t *testing.T) {
	s := open(t, testserver.Redis(t), redis.Config{MaxValueBytes: 10})
	ctx := t.Context()
	p := testserver.Prefix()
	good := entry(p+"good", "v")
	tests := []struct {
		name string
		e    cache.Entry
		want error
	}{
		{"no key", cache.Entry{Life: time.Hour}, cache.ErrKey},
		{"long key", cache.Entry{Key: p + strings.Repeat("k", cache.MaxKeyLen), Life: time.Hour}, cache.ErrKey},
		{"opening brace", cache.Entry{Key: p + "{", Life: time.Hour}, cache.ErrKey},
		{"closing brace", cache.Entry{Key: p + "}", Life: time.Hour}, cache.ErrKey},
		{"no life", cache.Entry{Key: p}, cache.ErrLife},
		{"negative life", cache.Entry{Key: p, Life: -2}, cache.ErrLife},
		{"short life", cache.Entry{Key: p, Life: time.Millisecond - 1}, cache.ErrLife},
		{"life for ever", cache.Entry{Key: p, Life: math.MaxInt64}, cache.ErrLife},
		{"large value", cache.Entry{Key: p, Life: time.Hour, Value: make([]byte, 11)}, cache.ErrTooLarge},
	}
	for _, tt := range tests {
		if err := s.Set(ctx, []cache.Entry{good, tt.e}); !errors.Is(err, tt.want) {
			t.Errorf("%s: Set = %v, want %v", tt.name, err, tt.want)
		}
		if _, err := s.Fill(ctx, []cache.Entry{good, tt.e}, token()); !errors.Is(err, tt.want) {
			t.Errorf("%s: Fill = %v, want %v", tt.name, err, tt.want)
		}
		if _, err := s.Add(ctx, tt.e); !errors.Is(err, tt.want) {
			t.Errorf("%s: Add = %v, want %v", tt.name, err, tt.want)
		}
	}
	wantAbsent(t, s, good.Key)
}

func TestLivesAreRoundedUp(t *testing.T) {
	s, c := shared(t), rawShared(t)
	key := testserver.Prefix() + "k"
	if err := s.Set(t.Context(), []cache.Entry{{Key: key, Life: time.Hour + 1}}); err != nil {
		t.Fatal(err)
	}
	// PEXPIRETIME has no time passing in it.
	at, err := command(t, c, "PEXPIRETIME", key).AsInt64()
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(time.UnixMilli(at)); left > time.Hour+time.Millisecond || left < time.Hour-patience {
		t.Errorf("it expires in %v, want an hour and a millisecond less the time since", left)
	}
	left, found, err := s.Life(t.Context(), key)
	if !found || err != nil || left > time.Hour+time.Millisecond || left < time.Hour-patience {
		t.Errorf("Life = %v, %v, %v, want about an hour", left, found, err)
	}
}

func TestALeaseHasNoLife(t *testing.T) {
	s := shared(t)
	key := testserver.Prefix() + "k"
	claim(t, s, key, token(), false)
	if left, found, err := s.Life(t.Context(), key); found || err != nil {
		t.Errorf("Life of a lease = %v, %v, %v, want no value", left, found, err)
	}
	if found, err := s.Touch(t.Context(), key, time.Hour); found || err != nil {
		t.Errorf("Touch of a lease = %v, %v, want no value", found, err)
	}
	if n, err := s.Delete(t.Context(), []string{key}); n != 0 || err != nil {
		t.Errorf("Delete of a lease = %d, %v, want 0", n, err)
	}
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	s := shared(t)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	_, err := s.Get(t.Context(), "k")
	wantUnavailable(t, "Get", err)
	_, err = s.Watch("n", cache.Events{})
	wantUnavailable(t, "Watch", err)
}

func TestAnEndedContextIsNoAnswer(t *testing.T) {
	s := shared(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Get(ctx, "k")
	wantUnavailable(t, "Get", err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Get = %v, want it to match context.Canceled too", err)
	}
}
