package cacheprom_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/cacheprom"
	"github.com/hone-go/hone/internal/prometric/prometrictest"
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
	return c, square, prometrictest.Register(t, col)
}

func TestScrapeShowsWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, square, reg := setup(t, cacheprom.Config{Namespace: "shop", ConstLabels: prometheus.Labels{"zone": "a"}})
		ctx := t.Context()
		for _, n := range []int{7, 7, 7, -1, 0, 8} { // 7: a miss, a hit in the store, one near
			_, _, _ = square.Get(ctx, n)
		}
		if err := square.Delete(ctx, 8); err != nil {
			t.Fatal(err)
		}
		text := prometrictest.Text(t, reg)
		for name, want := range map[string]float64{
			"hits": 2, "near_hits": 1, "misses": 4, "loads": 4, "load_errors": 2, "load_panics": 1,
			"leases": 4, "stored": 2, "deleted": 1, "stale_hits": 0, "undecodable": 0,
			"load_seconds": 0.04, // two loads of 20 ms
		} {
			prometrictest.WantLines(t, text, fmt.Sprintf(`shop_cache_%s_total{function="square",zone="a"} %v`, name, want))
		}
		if c.NearBytes() == 0 {
			t.Error("NearBytes() = 0, want those of 7")
		}
		prometrictest.WantLines(t, text,
			fmt.Sprintf(`shop_cache_near_bytes{zone="a"} %d`, c.NearBytes()), `shop_cache_store_reachable{zone="a"} 1`)
	})
}

// TestEverySumIsShown: a field that is added to cache.Stats must not be
// forgotten here.
func TestEverySumIsShown(t *testing.T) {
	_, _, reg := setup(t, cacheprom.Config{})
	if got, want := len(prometrictest.Names(t, reg))-2, reflect.TypeFor[cache.Stats]().NumField()-1; got != want {
		t.Errorf("counters = %d, want one for each of the %d sums of cache.Stats", got, want)
	}
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
