package cacheprom_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/cacheprom"
	"github.com/hone-go/hone/store/memory"
)

// setup returns a cache with one function, which fails below 0, panics at 0 and
// takes 20 ms otherwise, and the registry that shows it.
func setup(t *testing.T, cfg cacheprom.Config) (*cache.Cache, *cache.Func[int, int], *prometheus.Registry) {
	t.Helper()
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	c, err := cache.New(store, cache.Config{Namespace: "prom", Near: cache.Near{MaxBytes: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	square, err := cache.Memoize(c, "square", func(_ context.Context, n int) (int, error) {
		switch {
		case n < 0:
			return 0, errors.New("below 0")
		case n == 0:
			panic("zero")
		}
		time.Sleep(20 * time.Millisecond)
		return n * n, nil
	}, cache.FuncConfig[int, int]{Beta: -1})
	if err != nil {
		t.Fatal(err)
	}
	col, err := cacheprom.New(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewPedanticRegistry() // checks what Collect sends against Describe
	if err := reg.Register(col); err != nil {
		t.Fatal(err)
	}
	return c, square, reg
}

func TestScrapeShowsWhatHappened(t *testing.T) {
	c, square, reg := setup(t, cacheprom.Config{Namespace: "shop", ConstLabels: prometheus.Labels{"zone": "a"}})
	ctx := t.Context()
	for _, n := range []int{7, 7, 7, -1, 0, 8} { // 7: a miss, a hit in the store, one near
		_, _, _ = square.Get(ctx, n)
	}
	if err := square.Delete(ctx, 8); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"hits": 2, "near_hits": 1, "misses": 4, "loads": 4, "load_errors": 2, "load_panics": 1,
		"leases": 4, "stored": 2, "deleted": 1, "stale_hits": 0, "undecodable": 0,
	} {
		if got := value(t, reg, "shop_cache_"+name+"_total", "function=square", "zone=a"); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	if got := value(t, reg, "shop_cache_load_seconds_total", "function=square", "zone=a"); got < 0.04 || got > 20 {
		t.Errorf("load_seconds = %v, want the time of two loads of 20 ms", got)
	}
	if got, want := value(t, reg, "shop_cache_near_bytes", "zone=a"), float64(c.NearBytes()); got != want || got == 0 {
		t.Errorf("near_bytes = %v, want %v", got, want)
	}
	if got := value(t, reg, "shop_cache_store_reachable", "zone=a"); got != 1 {
		t.Errorf("store_reachable = %v, want 1", got)
	}
}

// TestEverySumIsShown: a field that is added to cache.Stats must not be
// forgotten here.
func TestEverySumIsShown(t *testing.T) {
	_, _, reg := setup(t, cacheprom.Config{})
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(families)-2, reflect.TypeFor[cache.Stats]().NumField()-1; got != want {
		t.Errorf("counters = %d, want one for each of the %d sums of cache.Stats", got, want)
	}
}

// value returns the value of a metric that has one series, with those labels.
func value(t *testing.T, reg *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name || len(f.GetMetric()) != 1 {
			continue
		}
		m := f.GetMetric()[0]
		var got []string
		for _, l := range m.GetLabel() {
			got = append(got, l.GetName()+"="+l.GetValue())
		}
		if !slices.Equal(got, labels) {
			t.Errorf("%s has the labels %q, want %q", name, got, labels)
		}
		return m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	t.Errorf("there is no metric %s, or more than one", name)
	return 0
}

func TestNewRefuses(t *testing.T) {
	c, _, _ := setup(t, cacheprom.Config{})
	if _, err := cacheprom.New(nil, cacheprom.Config{}); err == nil {
		t.Error("New(nil) succeeded")
	}
	_, err := cacheprom.New(c, cacheprom.Config{Namespace: "a-b", ConstLabels: prometheus.Labels{"é": "", "function": "x"}})
	for _, want := range []string{`Namespace is "a-b"`, `has "é"`, `has "function"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New() = %v, want it to say %q", err, want)
		}
	}
}
