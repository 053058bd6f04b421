package cache_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache"
)

// refused returns the error of defining a function of keys of type K.
func refused[K comparable](t *testing.T) error {
	t.Helper()
	_, err := cache.Memoize(openCache(t, memoryStore(t), cache.Config{}), "f",
		func(context.Context, K) (int, error) { return 0, nil }, cache.FuncConfig[K, int]{})
	return err
}

type (
	owner  struct{ Name string }
	filter struct{ Owner *owner }
	query  struct {
		Page   int
		Filter filter
	}
	hidden struct{ any any }
)

func TestUnkeyableTypesAreRefused(t *testing.T) {
	_ = hidden{any: nil} // or the field would be unused
	for want, err := range map[string]error{
		"*cache_test.owner: a *cache_test.owner has no value to key by: use its ID": refused[*owner](t),
		"query.Filter.Owner: a *cache_test.owner has no value to key by":            refused[query](t),
		"hidden.any: a interface {} has no value to key by":                         refused[hidden](t),
		"a interface {} has no value to key by":                                     refused[any](t),
		"a chan int has no value to key by":                                         refused[chan int](t),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), `cache: function "f": `) {
			t.Errorf("Memoize = %v, want an error with the function's name and %q", err, want)
		}
	}
}

// TestAnyBytesAreAKey: of any length and content, each its own.
func TestAnyBytesAreAKey(t *testing.T) {
	v := valuesOf(t, openCache(t, memoryStore(t), cache.Config{}), "v", cache.ValuesConfig[string]{})
	mib := strings.Repeat("x", 1<<20)
	keys := []string{"", "\x00", "\xff\xfe", "\xff", "\ufffd", "{}", "%s%d%", "a:b", "a", "A", " ", "\r\nDEL x", mib, mib[1:], "é", "e\u0301"}
	for i, k := range keys {
		if err := v.Set(t.Context(), k, fmt.Sprint(i), cache.TTL{}); err != nil {
			t.Errorf("Set(%.10q) = %v", k, err)
		}
	}
	got, err := v.GetMany(t.Context(), keys)
	if err != nil || len(got) != len(keys) {
		t.Errorf("GetMany() = %d values, %v, want %d", len(got), err, len(keys))
	}
	for i, k := range keys {
		if got[k] != fmt.Sprint(i) {
			t.Errorf("value of %.10q = %q, want %d", k, got[k], i)
		}
	}
}

// answers returns a loader that says who made the result.
func answers[K comparable](who string) func(context.Context, K) (string, error) {
	return func(_ context.Context, k K) (string, error) { return fmt.Sprintf("%s(%#v)", who, k), nil }
}

// expect gets k twice: neither may be another's result.
func expect[K comparable](t *testing.T, f *cache.Func[K, string], who string, k K) {
	t.Helper()
	for range 2 {
		wants(t, who, fmt.Sprintf("%s(%#v)", who, k), true)(f.Get(t.Context(), k))
	}
}

// TestNothingCollides has what other caches confuse: keys that look alike when
// they are printed or put together, functions that are made in one place,
// methods of values that are gone, names with percent signs.
func TestNothingCollides(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{Near: cache.Near{MaxBytes: 1 << 20}})
	type pair struct{ A, B string }
	pairs := define(t, c, "pairs", answers[pair]("pairs"), cache.FuncConfig[pair, string]{Beta: -1})
	for _, p := range []pair{{"a_b", "c"}, {"a", "b_c"}, {"ab", ""}, {"", "ab"}, {"a", "b"}, {"%s", "1"}, {"%", "s1"}, {"a,b", ""}, {"a", ",b"}} {
		expect(t, pairs, "pairs", p)
	}
	// Every argument is a field: none is dropped for where it stands.
	type positional struct{ A, B int }
	two := define(t, c, "two", answers[positional]("two"), cache.FuncConfig[positional, string]{Beta: -1})
	for _, p := range []positional{{1, 2}, {99, 2}, {1, 99}, {2, 1}, {0, 0}} {
		expect(t, two, "two", p)
	}
	// Closures of one factory, and methods of short-lived values, have names.
	for n := range 50 {
		name := fmt.Sprint("times-", n)
		expect(t, define(t, c, name, answers[int](name), cache.FuncConfig[int, string]{Beta: -1}), name, 10)
	}
	// The names run into the keys of neither.
	expect(t, define(t, c, "f", answers[string]("f"), cache.FuncConfig[string, string]{Beta: -1}), "f", "_g:1")
	expect(t, define(t, c, "f_g", answers[string]("f_g"), cache.FuncConfig[string, string]{Beta: -1}), "f_g", ":1")
	// Of one text, or one number, in several types.
	expect(t, define(t, c, "int", answers[int]("int"), cache.FuncConfig[int, string]{Beta: -1}), "int", 1)
	expect(t, define(t, c, "text", answers[string]("text"), cache.FuncConfig[string, string]{Beta: -1}), "text", "1")
	expect(t, define(t, c, "bool", answers[bool]("bool"), cache.FuncConfig[bool, string]{Beta: -1}), "bool", true)
	expect(t, define(t, c, "float", answers[float64]("float"), cache.FuncConfig[float64, string]{Beta: -1}), "float", 1)
}

// TestNaN equals nothing: it is computed, and told, and not kept.
func TestNaN(t *testing.T) {
	var told complaints
	c := openCache(t, memoryStore(t), cache.Config{OnError: told.add})
	f := define(t, c, "f", answers[float64]("f"), cache.FuncConfig[float64, string]{})
	expect(t, f, "f", math.NaN())
	if errs := told.taken(); len(errs) != 2 || !errors.Is(errs[0], cache.ErrKey) {
		t.Errorf("OnError was told %v, want ErrKey twice", errs)
	}
	if _, err := f.GetMany(t.Context(), []float64{1, math.NaN()}); err != nil {
		t.Errorf("GetMany = %v, want nil", err)
	}
	if err := f.Delete(t.Context(), math.NaN()); !errors.Is(err, cache.ErrKey) {
		t.Errorf("Delete = %v, want ErrKey", err)
	}
}

type panicking struct{ n int }

func (panicking) AppendKey([]byte) []byte { panic("no key") }

func TestKeyMethodPanics(t *testing.T) {
	var told complaints
	f := define(t, openCache(t, memoryStore(t), cache.Config{OnError: told.add}), "f", answers[panicking]("f"), cache.FuncConfig[panicking, string]{})
	expect(t, f, "f", panicking{1})
	if errs := told.taken(); len(errs) != 2 || !errors.Is(errs[0], cache.ErrKey) {
		t.Errorf("OnError was told %v, want ErrKey twice", errs)
	}
}

func TestNamesAreTakenOnce(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{})
	one := answers[int]("one")
	define(t, c, "name", one, cache.FuncConfig[int, string]{})
	_, err := cache.Memoize(c, "name", one, cache.FuncConfig[int, string]{})
	if err == nil || !strings.Contains(err.Error(), `"name" is taken`) {
		t.Errorf("Memoize with a name that is taken = %v, want an error", err)
	}
	if _, err := cache.NewValues(c, "name", cache.ValuesConfig[int]{}); err == nil {
		t.Error("NewValues with a name that is taken succeeded")
	}
	for _, name := range []string{"", "a b", "a:b", "é", "A", strings.Repeat("x", 101), "{a}"} {
		if _, err := cache.Memoize(c, name, one, cache.FuncConfig[int, string]{}); err == nil {
			t.Errorf("Memoize with the name %.20q succeeded", name)
		}
	}
}

// TestVersionsAndNamespacesAreApart: so that what a new build means by a key is
// not what the old one wrote, and one application not another's.
func TestVersionsAndNamespacesAreApart(t *testing.T) {
	store := memoryStore(t)
	for _, cfg := range []cache.Config{
		{Namespace: "shop"}, {Namespace: "shop", Version: "1"}, {Namespace: "shop", Version: "2"}, {Namespace: "shop1"}, {Namespace: "sho", Version: "p"},
	} {
		who := cfg.Namespace + "." + cfg.Version
		c := openCache(t, store, cfg)
		expect(t, define(t, c, "f", answers[int](who), cache.FuncConfig[int, string]{Beta: -1}), who, 1)
	}
	first := openCache(t, store, cache.Config{Namespace: "shop"})
	f := define(t, first, "f", func(context.Context, int) (string, error) { return "anew", nil }, cache.FuncConfig[int, string]{Beta: -1})
	other := openCache(t, store, cache.Config{Namespace: "shop", Version: "1"})
	if err := other.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants(t, "Get after Clear of another version", "shop.(1)", true)(f.Get(t.Context(), 1))
	if err := first.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants(t, "Get after Clear", "anew", true)(f.Get(t.Context(), 1))
}
