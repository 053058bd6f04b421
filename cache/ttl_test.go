package cache_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/null"
)

const years = 365 * 24 * time.Hour

// TestLivesMeanTheSameEverywhere: what is refused is refused by the cache,
// before any store sees it.
func TestLivesMeanTheSameEverywhere(t *testing.T) {
	tests := []struct {
		name string
		ttl  cache.TTL
		text string
		ok   bool
	}{
		{"default", cache.TTL{}, "default", true},
		{"forever", cache.Forever(), "forever", true},
		{"a duration", cache.For(time.Minute), "1m0s", true},
		{"the shortest", cache.For(time.Millisecond), "1ms", true},
		{"the longest", cache.For(100 * years), "876000h0m0s", true},
		{"zero", cache.For(0), "0s", false},
		{"what NoExpiry is", cache.For(cache.NoExpiry), "-1ns", false},
		{"negative", cache.For(-time.Second), "-1s", false},
		{"sub-millisecond", cache.For(time.Millisecond - 1), "999.999µs", false},
		{"above the longest", cache.For(100*years + 1), "876000h0m0.000000001s", false},
		{"overflow", cache.For(math.MaxInt64), "2562047h47m16.854775807s", false},
		{"underflow", cache.For(math.MinInt64), "-2562047h47m16.854775808s", false},
	}
	stores := map[string]cache.Store{"memory": memoryStore(t), "null": null.New()}
	load := func(context.Context, string) (int, error) { return 1, nil }
	for storeName, store := range stores {
		c := openCache(t, store, cache.Config{})
		v := valuesOf(t, c, "v", cache.ValuesConfig[int]{})
		for i, tt := range tests {
			if got := tt.ttl.String(); got != tt.text {
				t.Errorf("%s: String() = %q, want %q", tt.name, got, tt.text)
			}
			name := "f" + string(rune('a'+i))
			answers := map[string]error{"Set": v.Set(t.Context(), name, 1, tt.ttl)}
			_, answers["Memoize"] = cache.Memoize(c, name, load, cache.FuncConfig[string, int]{TTL: tt.ttl, NotFound: tt.ttl})
			_, answers["NewValues"] = cache.NewValues(c, name+"v", cache.ValuesConfig[int]{TTL: tt.ttl})
			_, answers["NewCounters"] = cache.NewCounters(c, name+"c", tt.ttl)
			_, answers["New"] = cache.New(store, cache.Config{Namespace: "x", TTL: tt.ttl})
			for call, err := range answers {
				if tt.ok && err != nil || !tt.ok && !errors.Is(err, cache.ErrLife) {
					t.Errorf("%s on %s with %s = %v, want ok = %v or ErrLife", call, storeName, tt.name, err, tt.ok)
				}
			}
		}
	}
}

// TestLivesEnd: to the millisecond, and Forever does not.
func TestLivesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCache(t, memoryStore(t), cache.Config{TTL: cache.For(time.Hour), Near: cache.Near{MaxBytes: 1 << 20}})
		load := func(context.Context, string) (time.Time, error) { return time.Now(), nil }
		for name, tt := range map[string]struct {
			ttl  cache.TTL
			life time.Duration
		}{
			"default":  {cache.TTL{}, time.Hour},
			"duration": {cache.For(1500 * time.Millisecond), 1500 * time.Millisecond},
			"shortest": {cache.For(time.Millisecond), time.Millisecond},
			"longest":  {cache.For(100 * years), 100 * years},
			"forever":  {cache.Forever(), 100 * years},
		} {
			f := define(t, c, name, load, cache.FuncConfig[string, time.Time]{TTL: tt.ttl, Jitter: -1})
			first, _, _ := f.Get(t.Context(), "k")
			time.Sleep(min(tt.life-time.Millisecond, 2*time.Hour)) // the store ticks every second
			if again, _, _ := f.Get(t.Context(), "k"); !again.Equal(first) {
				t.Errorf("%s: loaded anew at the age of %v, want %v", name, again.Sub(first), tt.life)
			}
			if tt.life <= time.Hour {
				time.Sleep(time.Millisecond)
				if again, _, _ := f.Get(t.Context(), "k"); again.Equal(first) {
					t.Errorf("%s: not loaded anew at the age of %v", name, time.Since(first))
				}
			}
		}
	})
}

// TestJitterSpreads: uniformly over life·(1 ± jitter). Of 2000 samples, the
// mean is then normal with σ = 2·jitter·life/√(12·2000), and the outermost
// hundredths are empty with a probability below 1e-8.
func TestJitterSpreads(t *testing.T) {
	const n, life = 2000, 1000 * time.Second
	for _, tt := range []struct {
		name         string
		cache, value float64
		want         float64
	}{
		{"default", 0, 0, 0.1},
		{"of the cache", 0.5, 0, 0.5},
		{"of the function", 0.5, 0.02, 0.02},
		{"off", -1, 0, 0},
		{"off for the function", 0.5, -1, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := valuesOf(t, openCache(t, memoryStore(t), cache.Config{Jitter: tt.cache}), "v",
				cache.ValuesConfig[int]{TTL: cache.For(life), Jitter: tt.value})
			shortest, longest, sum := math.Inf(1), 0.0, 0.0
			for range n {
				if err := v.Set(t.Context(), "k", 1, cache.TTL{}); err != nil {
					t.Fatal(err)
				}
				left, _, _ := v.TimeLeft(t.Context(), "k")
				share := float64(left) / float64(life)
				shortest, longest, sum = min(shortest, share), max(longest, share), sum+share
			}
			const millisecond = 1e-6 // of life, by which they are rounded
			if shortest < 1-tt.want-millisecond || longest > 1+tt.want+millisecond {
				t.Errorf("%s: lives from %v to %v, want within 1 ± %v", tt.name, shortest, longest, tt.want)
			}
			if shortest > 1-0.98*tt.want || longest < 1+0.98*tt.want {
				t.Errorf("%s: lives from %v to %v, want them to reach 1 ± %v", tt.name, shortest, longest, tt.want)
			}
			if sigma := 2 * tt.want / math.Sqrt(12*n); math.Abs(sum/n-1) > 6*sigma+millisecond {
				t.Errorf("%s: mean life = %v, want 1 ± %v", tt.name, sum/n, 6*sigma)
			}
		})
	}
}

// TestExtremeLivesAreStored: neither jitter nor grace takes a life out of what
// a store accepts.
func TestExtremeLivesAreStored(t *testing.T) {
	var told complaints
	c := openCache(t, memoryStore(t), cache.Config{OnError: told.add})
	for name, cfg := range map[string]cache.FuncConfig[int, int]{
		"longest":  {TTL: cache.For(100 * years), Jitter: 0.99, StaleWhileRevalidate: 100 * years, StaleIfError: 100 * years},
		"shortest": {TTL: cache.For(time.Millisecond), Jitter: 0.99},
	} {
		f := define(t, c, name, func(context.Context, int) (int, error) { return 1, nil }, cfg)
		for k := range 100 {
			wants(t, "Get", 1, true)(f.Get(t.Context(), k))
		}
		if s := f.Stats(); s.Filled != 100 || s.Dropped != 0 {
			t.Errorf("%s: Stats() = %+v, want 100 filled; %v", name, s, told.taken())
		}
	}
}

// TestTTLOf: the life is computed from the result; one that is not usable keeps
// it from being stored, and is told.
func TestTTLOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told complaints
		c := openCache(t, memoryStore(t), cache.Config{Jitter: -1, OnError: told.add})
		type token struct{ Expires time.Time }
		life := map[string]time.Duration{"short": time.Second, "long": time.Minute, "expired": -time.Second}
		f := define(t, c, "token", func(_ context.Context, k string) (token, error) { return token{time.Now().Add(life[k])}, nil },
			cache.FuncConfig[string, token]{TTL: cache.For(time.Hour), Beta: -1, TTLOf: func(k string, v token) cache.TTL {
				if k == "default" {
					return cache.TTL{}
				}
				return cache.For(time.Until(v.Expires))
			}})
		for _, k := range []string{"short", "long", "default", "expired"} {
			if _, found, err := f.Get(t.Context(), k); !found || err != nil {
				t.Errorf("Get(%s) = %v, %v, want a result", k, found, err)
			}
		}
		errs := told.taken()
		if len(errs) != 1 || !errors.Is(errs[0], cache.ErrLife) || !strings.Contains(errs[0].Error(), "token: FuncConfig.TTLOf") {
			t.Errorf("OnError was told %v, want an ErrLife that names the function and TTLOf", errs)
		}
		if s := f.Stats(); s.Dropped != 1 || s.Filled != 3 {
			t.Errorf("Stats() = %+v, want 1 dropped and 3 filled", s)
		}
		time.Sleep(2 * time.Second)
		for _, k := range []string{"short", "long", "default"} {
			_, _, _ = f.Get(t.Context(), k)
		}
		if s := f.Stats(); s.Hits != 2 || s.Loads != 5 {
			t.Errorf("Stats() = %+v, want hits of long and default and a load of short", s)
		}
	})
}
