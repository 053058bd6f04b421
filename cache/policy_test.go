package cache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache"
)

type userKey struct{}

// TestCallbacks says for each what it sees, what its answers mean, and that a
// panic is told and means the cautious answer.
func TestCallbacks(t *testing.T) {
	type config = cache.FuncConfig[int, int]
	tests := []struct {
		name  string
		set   func(cfg *config, f func(args ...any) bool)
		saw   string // by the callback, of the first Get; "" if it is not asked
		yes   int    // loads of two Gets if it says true
		no    int    // if it says false
		panic int    // if it panics
	}{
		{"Unless", func(cfg *config, f func(...any) bool) {
			cfg.Unless = func(ctx context.Context, k int) bool { return f(ctx.Value(userKey{}), k) }
		}, "[ann 7]", 2, 1, 2},
		{"Fresh", func(cfg *config, f func(...any) bool) {
			cfg.Fresh = func(ctx context.Context, k int) bool { return f(ctx.Value(userKey{}), k) }
		}, "[ann 7]", 2, 1, 2},
		{"Keep", func(cfg *config, f func(...any) bool) {
			cfg.Keep = func(ctx context.Context, k, v int) bool { return f(ctx.Value(userKey{}), k, v) }
		}, "[ann 7 49]", 1, 2, 2},
		{"TTLOf", func(cfg *config, f func(...any) bool) {
			cfg.TTLOf = func(k, v int) cache.TTL {
				if f(k, v) {
					return cache.Forever()
				}
				return cache.For(0)
			}
		}, "[7 49]", 1, 2, 2},
		{"Tags", func(cfg *config, f func(...any) bool) {
			cfg.Tags = func(k, v int) []string {
				if f(k, v) {
					return []string{"tag"}
				}
				return make([]string, 101)
			}
		}, "[7 49]", 1, 2, 2},
	}
	for _, tt := range tests {
		for answer, want := range map[string]int{"true": tt.yes, "false": tt.no, "panic": tt.panic} {
			t.Run(tt.name+"/"+answer, func(t *testing.T) {
				var told complaints
				c := openCache(t, memoryStore(t), cache.Config{OnError: told.add, Near: cache.Near{MaxBytes: 1 << 20}})
				var saw string
				loads := 0
				cfg := config{Beta: -1}
				tt.set(&cfg, func(args ...any) bool {
					if saw == "" {
						saw = fmt.Sprint(args)
					}
					if answer == "panic" {
						panic("callback")
					}
					return answer == "true"
				})
				f := define(t, c, "square", func(_ context.Context, n int) (int, error) { loads++; return n * n, nil }, cfg)
				ctx := context.WithValue(t.Context(), userKey{}, "ann")
				for range 2 {
					wants(t, "Get(7)", 49, true)(f.Get(ctx, 7))
				}
				if loads != want || saw != tt.saw {
					t.Errorf("%s: %d loads and it saw %s, want %d and %s", answer, loads, saw, want, tt.saw)
				}
				var p *cache.PanicError
				errs := told.taken()
				if answer == "panic" && (len(errs) != 2 || !errors.As(errs[0], &p) || !strings.Contains(p.In, "square") || !strings.Contains(p.In, tt.name)) {
					t.Errorf("OnError was told %v, want two panics of %s", errs, tt.name)
				}
				if answer == "true" && len(errs) != 0 {
					t.Errorf("OnError was told %v, want nothing", errs)
				}
			})
		}
	}
}

// TestUnlessAndFreshDiffer: the one leaves the stored result alone, the other
// replaces it, for GetMany too.
func TestUnlessAndFreshDiffer(t *testing.T) {
	type mode struct{}
	is := func(want string) func(context.Context, int) bool {
		return func(ctx context.Context, _ int) bool { return ctx.Value(mode{}) == want }
	}
	loads := 0
	f := define(t, openCache(t, memoryStore(t), cache.Config{Near: cache.Near{MaxBytes: 1 << 20}}), "n",
		func(context.Context, int) (int, error) { loads++; return loads, nil },
		cache.FuncConfig[int, int]{Unless: is("unless"), Fresh: is("fresh"), Beta: -1})
	get := func(ctx context.Context, k int) (int, bool, error) { return f.Get(ctx, k) }
	many := func(ctx context.Context, k int) (int, bool, error) {
		m, err := f.GetMany(ctx, []int{k})
		v, found := m[k]
		return v, found, err
	}
	steps := []struct {
		mode string
		get  func(context.Context, int) (int, bool, error)
		want int
	}{
		{"", get, 1},
		{"unless", get, 2},
		{"", get, 1},
		{"", many, 1},
		{"fresh", get, 3},
		{"", get, 3},
		{"", get, 3},
		{"unless", many, 4},
		{"", many, 3},
		{"fresh", many, 5},
		{"", many, 5},
		{"", get, 5},
	}
	for i, s := range steps {
		wants(t, fmt.Sprintf("step %d: Get with %q", i, s.mode), s.want, true)(s.get(context.WithValue(t.Context(), mode{}, s.mode), 1))
	}
	if s := f.Stats(); s.Bypassed != 2 {
		t.Errorf("Stats().Bypassed = %d, want 2", s.Bypassed)
	}
}

// TestSizeFailsClosed: a result without a size is not kept near.
func TestSizeFailsClosed(t *testing.T) {
	var told complaints
	c := openCache(t, memoryStore(t), cache.Config{OnError: told.add, Near: cache.Near{MaxBytes: 1 << 20}})
	one := func(context.Context, int) (int, error) { return 1, nil }
	bad := define(t, c, "bad", one, cache.FuncConfig[int, int]{Beta: -1, Size: func(int) int { panic("size") }})
	big := define(t, c, "big", one, cache.FuncConfig[int, int]{Beta: -1, Size: func(int) int { return 5000 }})
	off := define(t, c, "off", one, cache.FuncConfig[int, int]{Beta: -1, NoNear: true})
	for range 3 {
		for _, f := range []*cache.Func[int, int]{bad, big, off} {
			wants(t, "Get", 1, true)(f.Get(t.Context(), 1))
		}
	}
	if s := bad.Stats(); s.NearHits != 0 || s.Hits != 2 {
		t.Errorf("Stats() with a Size that panics = %+v, want two hits in the store", s)
	}
	if s := off.Stats(); s.NearHits != 0 || s.Hits != 2 {
		t.Errorf("Stats() with NoNear = %+v, want two hits in the store", s)
	}
	if s := big.Stats(); s.NearHits != 1 {
		t.Errorf("Stats() = %+v, want a hit near", s)
	}
	if got := c.NearBytes(); got < 5000 || got > 7000 {
		t.Errorf("NearBytes() = %d, want what Size says and some", got)
	}
	if errs := told.taken(); len(errs) != 2 {
		t.Errorf("OnError was told %v, want two panics of Size", errs)
	}
}

// TestTags: an invalidation reaches what carries the tag, in any function, and
// nothing else.
func TestTags(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{Near: cache.Near{MaxBytes: 1 << 20}})
	loads := map[string]int{}
	load := func(name string) func(context.Context, int) (int, error) {
		return func(_ context.Context, n int) (int, error) { loads[fmt.Sprint(name, n)]++; return n, nil }
	}
	product := define(t, c, "product", load("product"), cache.FuncConfig[int, int]{Beta: -1, Tags: func(k, _ int) []string { return []string{fmt.Sprint("product:", k)} }})
	page := define(t, c, "page", load("page"), cache.FuncConfig[int, int]{Beta: -1, Tags: func(int, int) []string { return []string{"product:1", "product:2", strings.Repeat("x", 9000), ""} }})
	other := define(t, c, "other", load("other"), cache.FuncConfig[int, int]{Beta: -1})
	steps := []struct {
		do   func(context.Context) error
		want []string // loaded anew
	}{
		{func(context.Context) error { return nil }, []string{"other1", "page1", "product1", "product2", "product3"}},
		{func(ctx context.Context) error { return c.Invalidate(ctx, "product:1") }, []string{"page1", "product1"}},
		{func(ctx context.Context) error { return c.Invalidate(ctx, "product:2", "product:3") }, []string{"page1", "product2", "product3"}},
		{func(ctx context.Context) error { return c.Invalidate(ctx, "product", "PRODUCT:1", "1") }, nil},
		{func(ctx context.Context) error { return c.Invalidate(ctx) }, nil},
		{func(ctx context.Context) error { return c.Invalidate(ctx, strings.Repeat("x", 9000)) }, []string{"page1"}},
		{func(ctx context.Context) error { return c.Invalidate(ctx, "") }, []string{"page1"}},
		{func(ctx context.Context) error { return product.DeleteAll(ctx) }, []string{"product1", "product2", "product3"}},
		{func(ctx context.Context) error { return c.Clear(ctx) }, []string{"other1", "page1", "product1", "product2", "product3"}},
	}
	for i, s := range steps {
		clear(loads)
		if err := s.do(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for k := 1; k <= 3; k++ {
				_, _, _ = product.Get(t.Context(), k)
			}
			_, _, _ = page.Get(t.Context(), 1)
			_, _, _ = other.Get(t.Context(), 1)
		}
		var got []string
		for name, n := range loads {
			got = append(got, name)
			if n != 1 {
				t.Errorf("step %d: %s was loaded %d times, want once", i, name, n)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, s.want) {
			t.Errorf("step %d: loaded %v, want %v", i, got, s.want)
		}
	}
}

// TestSetOfWhatIsNotKept: what is stored is not the value either, so it goes.
func TestSetOfWhatIsNotKept(t *testing.T) {
	f := define(t, openCache(t, memoryStore(t), cache.Config{}), "f", same, cache.FuncConfig[int, int]{
		Keep: func(_ context.Context, _, v int) bool { return v < 100 },
	})
	if err := errors.Join(f.Set(t.Context(), 1, 50), f.Set(t.Context(), 1, 100)); err != nil {
		t.Fatal(err)
	}
	wants(t, "Get after a Set that was not kept", 1, true)(f.Get(t.Context(), 1))
}
