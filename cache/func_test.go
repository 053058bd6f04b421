package cache_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

// wants checks the answer of a Get.
func wants[V any](t *testing.T, call string, want V, wantFound bool) func(V, bool, error) {
	t.Helper()
	return func(v V, found bool, err error) {
		t.Helper()
		if err != nil || found != wantFound || !reflect.DeepEqual(v, want) {
			t.Errorf("%s = %#v, %v, %v, want %#v, %v, nil", call, v, found, err, want, wantFound)
		}
	}
}

func TestGetRunsTheFunctionOnce(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{})
	var loads atomic.Int64
	f := define(t, c, "square", func(_ context.Context, n int) (int, error) {
		loads.Add(1)
		return n * n, nil
	}, cache.FuncConfig[int, int]{Beta: -1})
	for range 3 {
		wants(t, "Get(7)", 49, true)(f.Get(t.Context(), 7))
	}
	wants(t, "Get(8)", 64, true)(f.Get(t.Context(), 8))
	if got := loads.Load(); got != 2 {
		t.Errorf("loads = %d, want one for each of two keys", got)
	}
	s := f.Stats()
	if s.Hits != 2 || s.Misses != 2 || s.Loads != 2 || s.Filled != 2 || s.Name != "square" {
		t.Errorf("Stats() = %+v, want 2 hits, 2 misses, 2 loads, 2 filled", s)
	}
	if all := c.Stats(); len(all) != 1 || all[0] != s {
		t.Errorf("Cache.Stats() = %+v, want those of the function", all)
	}
}

// TestSetDeleteRefresh: each changes what the next Get returns, and in another
// Cache over the store too.
func TestSetDeleteRefresh(t *testing.T) {
	store := memoryStore(t)
	var version atomic.Int64
	load := func(context.Context, string) (int64, error) { return version.Add(1), nil }
	here := define(t, openCache(t, store, cache.Config{Near: cache.Near{MaxBytes: 1 << 20}}), "v", load, cache.FuncConfig[string, int64]{Beta: -1})
	there := define(t, openCache(t, store, cache.Config{}), "v", load, cache.FuncConfig[string, int64]{Beta: -1})
	ctx := t.Context()
	both := func(after string, want int64) {
		t.Helper()
		for range 2 {
			wants(t, "Get after "+after, want, true)(here.Get(ctx, "k"))
			wants(t, "Get elsewhere after "+after, want, true)(there.Get(ctx, "k"))
		}
	}
	both("nothing", 1)
	if err := here.Delete(ctx, "k", "not there"); err != nil {
		t.Fatal(err)
	}
	both("Delete", 2)
	if err := there.Set(ctx, "k", 100); err != nil {
		t.Fatal(err)
	}
	both("Set", 100)
	wants(t, "Refresh", int64(3), true)(here.Refresh(ctx, "k"))
	both("Refresh", 3)
	if err := there.DeleteAll(ctx); err != nil {
		t.Fatal(err)
	}
	both("DeleteAll", 4)
}

// TestGetManyAsksOnce: one round trip for what is there, one for what is not,
// one load of all that is missing, one round trip to store it.
func TestGetManyAsksOnce(t *testing.T) {
	s := newSpy(t)
	c := openCache(t, s, cache.Config{})
	var bulk [][]int
	f := define(t, c, "square", func(context.Context, int) (int, error) { return 0, errors.New("one by one") },
		cache.FuncConfig[int, int]{Beta: -1, LoadMany: func(_ context.Context, keys []int) (map[int]int, error) {
			bulk = append(bulk, slices.Sorted(slices.Values(keys)))
			m := make(map[int]int)
			for _, k := range keys {
				if k > 0 {
					m[k] = k * k
				}
			}
			return m, nil
		}})
	steps := []struct {
		name  string
		keys  []int
		want  map[int]int
		loads [][]int
		calls map[string]int
	}{
		{"nothing asked", nil, map[int]int{}, nil, map[string]int{}},
		{
			"nothing there",
			[]int{1, 2, 3, 3, -1},
			map[int]int{1: 1, 2: 4, 3: 9},
			[][]int{{-1, 1, 2, 3}},
			map[string]int{"Claim": 1, "Generations": 1, "Fill": 1, "Release": 1}, // -1 has a lease and is not stored
		},
		{"all there", []int{1, 2, 3}, map[int]int{1: 1, 2: 4, 3: 9}, nil, map[string]int{"GetMany": 1}},
		{
			"some there",
			[]int{1, 2, 5, 6},
			map[int]int{1: 1, 2: 4, 5: 25, 6: 36},
			[][]int{{5, 6}},
			map[string]int{"Claim": 1, "Fill": 1},
		},
	}
	for _, tt := range steps {
		bulk = nil
		got, err := f.GetMany(t.Context(), tt.keys)
		if err != nil || !maps.Equal(got, tt.want) {
			t.Errorf("%s: GetMany(%v) = %v, %v, want %v", tt.name, tt.keys, got, err, tt.want)
		}
		if !reflect.DeepEqual(bulk, tt.loads) {
			t.Errorf("%s: loads = %v, want %v", tt.name, bulk, tt.loads)
		}
		if calls := s.taken(); !maps.Equal(calls, tt.calls) {
			t.Errorf("%s: calls of the store = %v, want %v", tt.name, calls, tt.calls)
		}
	}
}

func TestGetManyWithoutLoadMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCache(t, memoryStore(t), cache.Config{})
		var mu sync.Mutex
		now, most := 0, 0
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			now += n
			most = max(most, now)
		}
		f := define(t, c, "square", func(_ context.Context, n int) (string, error) {
			count(1)
			defer count(-1)
			time.Sleep(time.Second)
			switch {
			case n == 3:
				return "", sql.ErrNoRows
			case n == 4:
				return "", errors.New("four")
			case n == 5:
				panic("five")
			}
			return fmt.Sprint(n), nil
		}, cache.FuncConfig[int, string]{})
		got, err := f.GetMany(t.Context(), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
		want := map[int]string{0: "0", 1: "1", 2: "2", 6: "6", 7: "7", 8: "8", 9: "9"}
		if !maps.Equal(got, want) {
			t.Errorf("GetMany() = %v, want %v", got, want)
		}
		var failed *cache.KeyErrors[int]
		var panicked *cache.PanicError
		if !errors.As(err, &failed) || len(failed.Errors) != 2 || failed.Errors[4] == nil || !errors.As(failed.Errors[5], &panicked) {
			t.Errorf("GetMany() error = %v, want *KeyErrors of 4 and 5", err)
		}
		if most != 4 {
			t.Errorf("loads at a time = %d, want 4", most)
		}
	})
}

// TestLoadManyFindsNothing: an error that says so is an answer.
func TestLoadManyFindsNothing(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{})
	f := define(t, c, "none", func(context.Context, int) (int, error) { return 0, cache.ErrNotFound },
		cache.FuncConfig[int, int]{LoadMany: func(context.Context, []int) (map[int]int, error) {
			return nil, fmt.Errorf("shop: %w", sql.ErrNoRows)
		}})
	if got, err := f.GetMany(t.Context(), []int{1, 2}); err != nil || len(got) != 0 {
		t.Errorf("GetMany() = %v, %v, want nothing and no error", got, err)
	}
}

// TestNotFoundIsAPolicy: it is remembered for a life of its own, and ends like
// any other result.
func TestNotFoundIsAPolicy(t *testing.T) {
	for _, tt := range []struct {
		name     string
		notFound cache.TTL
		at       []time.Duration // of a Get that has to load
	}{
		{"off", cache.TTL{}, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}},
		{"two seconds", cache.For(1500 * time.Millisecond), []time.Duration{0, 2 * time.Second}},
		{"forever", cache.Forever(), []time.Duration{0}},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := openCache(t, memoryStore(t), cache.Config{Jitter: -1})
			begin := time.Now()
			var there atomic.Bool
			var at []time.Duration
			f := define(t, c, "user", func(context.Context, int) (string, error) {
				at = append(at, time.Since(begin))
				if there.Load() {
					return "ann", nil
				}
				return "not this", cache.ErrNotFound
			}, cache.FuncConfig[int, string]{NotFound: tt.notFound, Beta: -1})
			for range 4 {
				wants(t, tt.name+": Get", "", false)(f.Get(t.Context(), 1))
				time.Sleep(time.Second)
			}
			if !slices.Equal(at, tt.at) {
				t.Errorf("%s: loads at %v, want %v", tt.name, at, tt.at)
			}
			there.Store(true)
			if err := f.Delete(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			wants(t, tt.name+": Get after Delete", "ann", true)(f.Get(t.Context(), 1))
		})
	}
}

// TestEveryValueIsAValue: what is there is told from what is not, whatever it
// is.
func TestEveryValueIsAValue(t *testing.T) {
	type product struct {
		Name string
		Tags []string
	}
	c := openCache(t, memoryStore(t), cache.Config{Near: cache.Near{MaxBytes: 1 << 20}})
	roundTrip(t, c, "nil-pointer", (*product)(nil))
	roundTrip(t, c, "pointer", &product{"x", []string{}})
	roundTrip(t, c, "nil-slice", []int(nil))
	roundTrip(t, c, "empty-slice", []int{})
	roundTrip(t, c, "nil-map", map[string]int(nil))
	roundTrip(t, c, "empty-map", map[string]int{})
	roundTrip(t, c, "zero", 0)
	roundTrip(t, c, "false", false)
	roundTrip(t, c, "empty-string", "")
	roundTrip(t, c, "zero-struct", product{})
	roundTrip(t, c, "nil-any", any(nil))
	roundTrip(t, c, "nil-bytes", []byte(nil))
	roundTrip(t, c, "empty-bytes", []byte{})
	roundTrip(t, c, "nothing", struct{}{})
}

// roundTrip gets v from the function, the store and the near cache.
func roundTrip[V any](t *testing.T, c *cache.Cache, name string, v V) {
	t.Helper()
	loads := 0
	f := define(t, c, name, func(context.Context, int) (V, error) { loads++; return v, nil }, cache.FuncConfig[int, V]{Beta: -1})
	for _, from := range []string{"the function", "the store", "near"} {
		wants(t, name+": Get from "+from, v, true)(f.Get(t.Context(), 1))
	}
	if s := f.Stats(); loads != 1 || s.Hits != 2 || s.NearHits != 1 {
		t.Errorf("%s: %d loads, %+v, want one load, a hit in the store and one near", name, loads, s)
	}
}
