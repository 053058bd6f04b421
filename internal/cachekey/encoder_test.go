package cachekey_test

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/cachekey"
)

type (
	userID int64
	status string
	pair   struct{ A, B string }
	mixed  struct {
		A int32
		b uint8
		_ int
		C [2]status
	}
	owner  struct{ Name string }
	filter struct{ Owner *owner }
	nested struct{ Filter [3]filter }
	keyed  struct{ p *int }
	hidden struct{ at time.Time }
	text   struct{ m map[string]int }
)

var _ = hidden{at: time.Time{}} // is read by reflection alone

func (k keyed) AppendKey(dst []byte) []byte { return fmt.Appendf(dst, "%d", *k.p) }

func (t text) MarshalText() ([]byte, error) {
	if t.m == nil {
		return nil, fmt.Errorf("no map")
	}
	return []byte(fmt.Sprint(t.m["x"])), nil
}

// encode returns the encoding of k, and fails the test on an error.
func encode[K any](t *testing.T, k K) []byte {
	t.Helper()
	e, err := cachekey.For[K]()
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.Append([]byte("before"), k)
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := bytes.CutPrefix(b, []byte("before"))
	if !ok {
		t.Fatalf("Append(%v) lost what was there: %x", k, b)
	}
	return rest
}

func TestEqualValuesEncodeAlike(t *testing.T) {
	now := time.Now()
	one, another := 7, 7
	tests := []struct {
		name string
		a, b []byte
	}{
		{"named int64", encode(t, userID(5)), encode(t, int64(5))},
		{"named string", encode(t, status("x")), encode(t, "x")},
		{"zeros", encode(t, 0.0), encode(t, math.Copysign(0, -1))},
		{"instant", encode(t, now), encode(t, now.Round(0).In(time.FixedZone("x", 3600)))},
		{"blank", encode(t, mixed{A: 1, b: 2}), encode(t, mixed{A: 1, b: 2})},
		{"pointed at", encode(t, keyed{&one}), encode(t, keyed{&another})},
		{"nil bytes", encode(t, []byte(nil)), encode(t, []byte{})},
		{"text", encode(t, text{map[string]int{"x": 1}}), encode(t, text{map[string]int{"x": 1, "y": 2}})},
		{"16 bytes", encode(t, [16]byte{1}), encode(t, uuid{1})},
	}
	for _, tt := range tests {
		if !bytes.Equal(tt.a, tt.b) {
			t.Errorf("%s: %x and %x, want the same", tt.name, tt.a, tt.b)
		}
	}
}

type uuid [16]byte

func (uuid) MarshalText() ([]byte, error) { panic("a byte array is keyed by its bytes") }

// TestDifferentValuesDiffer has what is confused by keys that are made by
// putting texts together.
func TestDifferentValuesDiffer(t *testing.T) {
	encodings := map[string][]byte{
		"1 as int": encode(t, 1), "1 as int8": encode(t, int8(1)), "1 as uint8": encode(t, uint8(1)),
		"1 as int64": encode(t, int64(1)), "1 as string": encode(t, "1"), "true": encode(t, true), "1 as float": encode(t, 1.0),
		"a_b,c":   encode(t, [2]string{"a_b", "c"}),
		"a,b_c":   encode(t, [2]string{"a", "b_c"}),
		"a_b_c":   encode(t, [1]string{"a_b_c"}),
		"ab,":     encode(t, pair{"ab", ""}),
		"a,b":     encode(t, pair{"a", "b"}),
		",ab":     encode(t, pair{"", "ab"}),
		"pair":    encode(t, struct{ P [2]string }{[2]string{"a", "b"}}),
		"halves":  encode(t, [2]pair{{"a", "b"}, {"c", "d"}}),
		"empty":   encode(t, ""),
		"none":    encode(t, struct{}{}),
		"false":   encode(t, false),
		"nul":     encode(t, "\x00"),
		"v4":      encode(t, netip.MustParseAddr("1.2.3.4")),
		"v4in6":   encode(t, netip.MustParseAddr("::ffff:1.2.3.4")),
		"zone":    encode(t, netip.MustParseAddr("fe80::1%eth0")),
		"no zone": encode(t, netip.MustParseAddr("fe80::1")),
		"prefix":  encode(t, netip.MustParsePrefix("1.2.3.4/32")),
		"year 1":  encode(t, time.Time{}),
		"far":     encode(t, time.Date(9999, 1, 1, 0, 0, 0, 1, time.UTC)),
		"far too": encode(t, time.Date(9999, 1, 1, 0, 0, 0, 2, time.UTC)),
		"inf":     encode(t, math.Inf(1)),
		"complex": encode(t, complex(1, 2)), "xelpmoc": encode(t, complex(2, 1)),
		"bytes": encode(t, []byte("a")), "string": encode(t, "a"), "array": encode(t, [1]byte{'a'}),
		"unexported 1": encode(t, mixed{b: 1}), "unexported 2": encode(t, mixed{b: 2}),
	}
	seen := make(map[string]string)
	for name, b := range encodings {
		if other, dup := seen[string(b)]; dup {
			t.Errorf("%q and %q both encode as %x", name, other, b)
		}
		seen[string(b)] = name
	}
}

func TestForRefuses(t *testing.T) {
	tests := []struct {
		name string
		do   func() error
		want string
	}{
		{"pointer", refusal[*owner], "*cachekey_test.owner: a *cachekey_test.owner has no value to key by: use its ID"},
		{"below", refusal[nested], "nested.Filter[].Owner: a *cachekey_test.owner has no value to key by: use its ID"},
		{"interface", refusal[struct{ X any }], ".X: a interface {} has no value to key by"},
		{"map", refusal[map[string]int], "cannot be compared"},
		{"slice", refusal[struct{ IDs []int64 }], ".IDs: a []int64 cannot be compared"},
		{"channel", refusal[chan int], "has no value to key by"},
		{"function", refusal[func()], "has no value to key by"},
		{"uintptr", refusal[uintptr], "has no value to key by"},
		{"unreadable", refusal[hidden], "hidden.at: a time.Time below an unexported field cannot be read: export the field"},
		{"nil Keyer", refusal[*keyed], "has no value to key by"},
	}
	for _, tt := range tests {
		if err := tt.do(); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "cachekey: ") {
			t.Errorf("%s: For() = %v, want %q", tt.name, err, tt.want)
		}
	}
}

func refusal[K any]() error {
	_, err := cachekey.For[K]()
	return err
}

func TestAppendRefusesWhatEqualsNothing(t *testing.T) {
	type point struct{ XY [2]float64 }
	e, err := cachekey.For[point]()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Append(nil, point{[2]float64{1, math.NaN()}}); err == nil || !strings.Contains(err.Error(), "point.XY[]") {
		t.Errorf("Append(NaN) = %v, want an error that names point.XY[]", err)
	}
	if _, err := e.Name("p:", point{[2]float64{1, math.NaN()}}); err == nil {
		t.Error("Name(NaN) succeeded")
	}
	m, err := cachekey.For[text]()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Append(nil, text{}); err == nil || !strings.Contains(err.Error(), "no map") {
		t.Errorf("Append = %v, want the marshaler's error", err)
	}
}

func TestName(t *testing.T) {
	e, err := cachekey.For[pair]()
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 300)
	a, err1 := e.Name("shop:product:", pair{"1", "2"})
	again, err2 := e.Name("shop:product:", pair{"1", "2"})
	b, err3 := e.Name("shop:product:", pair{long, long})
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	if a != again || a == b {
		t.Errorf("Name = %q, %q and %q, want the same twice and another", a, again, b)
	}
	digest, ok := strings.CutPrefix(a, "shop:product:")
	if !ok || len(digest) != cachekey.DigestLen || strings.Trim(digest, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		t.Errorf("Name = %q, want the prefix and %d base32 digits", a, cachekey.DigestLen)
	}
	// Written down: a key must be the same in the next release.
	if want := "shop:product:xtb4oyzeehpnyzekqeqj427kbi"; a != want {
		t.Errorf("Name = %q, want %q", a, want)
	}
}

func TestAllocations(t *testing.T) {
	allocations(t, "x", 1)
	allocations(t, 42, 1)
	allocations(t, true, 1)
	allocations(t, [16]byte{1}, 1)
	allocations(t, userID(42), 2)
	allocations(t, pair{"a", "b"}, 2)
}

func allocations[K any](t *testing.T, k K, want float64) {
	t.Helper()
	e, err := cachekey.For[K]()
	if err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(200, func() { _, _ = e.Name("shop:product:", k) }); got > want {
		t.Errorf("Name(%v) allocates %v times, want %v", reflect.TypeFor[K](), got, want)
	}
}

func BenchmarkName(b *testing.B) {
	b.Run("key=string", func(b *testing.B) { benchmark(b, "sku-1234567") })
	b.Run("key=int64", func(b *testing.B) { benchmark(b, int64(1234567)) })
	b.Run("key=struct", func(b *testing.B) { benchmark(b, pair{"sku", "1234567"}) })
}

func benchmark[K any](b *testing.B, k K) {
	e, err := cachekey.For[K]()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Name("shop:product:", k); err != nil {
			b.Fatal(err)
		}
	}
}
