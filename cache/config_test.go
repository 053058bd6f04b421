package cache_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/null"
)

func TestNewRefuses(t *testing.T) {
	_, err := cache.New(null.New(), cache.Config{
		Namespace: "Shop", Version: "é", TTL: cache.For(0), Jitter: math.NaN(), LoadTimeout: -1, LeaseLife: time.Microsecond,
		MaxWait: 25 * time.Hour, StoreTimeout: -time.Second, ProbeInterval: 1, Codec: codecZero{}, EncryptionKeys: [][]byte{make([]byte, 16), nil},
		Near: cache.Near{MaxBytes: -1, MaxStale: -1},
	})
	for _, want := range []string{
		`Namespace is "Shop"`, `Version is "é"`, "TTL: cache: unusable life: 0s", "Jitter is NaN", "LoadTimeout is -1ns", "LeaseLife is 1µs",
		"MaxWait is 25h0m0s", "StoreTimeout is -1s", "ProbeInterval is 1ns", "Codec has the ID 0", "EncryptionKeys[1] has 0 bytes",
		"Near.MaxBytes is -1", "Near.MaxStale is -1ns",
	} {
		if err == nil || !strings.Contains(err.Error(), "cache: Config."+want) {
			t.Errorf("New() = %v, want it to say %q", err, want)
		}
	}
	if _, err := cache.New(newSpy(t).spy, cache.Config{Namespace: "t", Near: cache.Near{MaxBytes: 1 << 20}}); err == nil || !strings.Contains(err.Error(), "leave Near out") {
		t.Errorf("New() with a near cache on a store that tells nothing = %v, want an error", err)
	}
}

func TestMemoizeRefuses(t *testing.T) {
	c := openCache(t, null.New(), cache.Config{})
	_, err := cache.Memoize(c, "f", (func(context.Context, int) (int, error))(nil), cache.FuncConfig[int, int]{
		TTL: cache.For(0), NotFound: cache.For(-1), Errors: cache.Forever(), Jitter: 1, Beta: math.Inf(1),
		StaleWhileRevalidate: -1, StaleIfError: math.MaxInt64, Codec: cache.Raw(),
	})
	for _, want := range []string{
		`function "f"`, "load is nil", "FuncConfig.TTL:", "FuncConfig.NotFound:", "FuncConfig.Errors is forever", "FuncConfig.Jitter is 1",
		"FuncConfig.Beta is +Inf", "FuncConfig.StaleWhileRevalidate is -1ns", "FuncConfig.StaleIfError is", "Raw cannot encode a int",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Memoize() = %v, want it to say %q", err, want)
		}
	}
	if got := len(c.Stats()); got != 0 {
		t.Errorf("%d functions are known after a refusal, want none", got)
	}
}

type codecZero struct{ cache.Codec }

func (codecZero) ID() uint8 { return 0 }
