package msgpack_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/msgpack"
)

type product struct {
	ID    uint64
	Name  *string
	Price float64
	Bytes []byte
	Tags  []string
	Stock map[string]int
	Made  time.Time
	Life  time.Duration
}

// roundTrip encodes v after other bytes, decodes it, and compares.
func roundTrip[V any](t *testing.T, v V) {
	t.Helper()
	b, err := msgpack.New().Append([]byte("before"), &v)
	if err != nil || string(b[:6]) != "before" {
		t.Fatalf("Append(%#v) = %q, %v", v, b, err)
	}
	var got V
	if err := msgpack.New().Decode(b[6:], &got); err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("Decode(Append(%#v)) = %#v, %v", v, got, err)
	}
}

func TestRoundTrip(t *testing.T) {
	name := "\xff is no UTF-8"
	roundTrip(t, product{1<<64 - 1, &name, 0.1, []byte{0, 255}, []string{}, map[string]int{"a": -1}, time.Unix(1, 5).UTC(), time.Hour})
	roundTrip(t, product{Made: time.Unix(0, 0).UTC()})
	roundTrip(t, (*product)(nil))
	roundTrip(t, []int(nil))
	roundTrip(t, []int{})
	roundTrip(t, map[int]string(nil))
	roundTrip(t, map[int]string{})
	roundTrip(t, []byte(nil))
	roundTrip(t, []byte{})
	roundTrip(t, "")
	roundTrip(t, 0)
	roundTrip(t, false)
}

// TestFieldsComeAndGo: an entry of the program of yesterday can be read.
func TestFieldsComeAndGo(t *testing.T) {
	b, err := msgpack.New().Append(nil, &struct{ A, Gone int }{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ New, A int }
	if err := msgpack.New().Decode(b, &got); err != nil || got.A != 1 || got.New != 0 {
		t.Errorf("Decode() = %+v, %v, want A 1", got, err)
	}
}

// TestHostileBytes: lengths of 4 GiB, ends that are missing, and more than
// there should be are errors, and take no memory.
func TestHostileBytes(t *testing.T) {
	for _, b := range []string{"", "\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff", "\xdb\xff\xff\xff\xff", "\x93\x01", "\x01\x02", "\xc1"} {
		for _, into := range []any{new(int), new([]int), new([]byte), new(string), new(map[string]int), new(product), new(any)} {
			if err := msgpack.New().Decode([]byte(b), into); err == nil {
				t.Errorf("Decode(%x) into %T succeeded", b, into)
			}
		}
	}
	if _, err := msgpack.New().Append(nil, new(chan int)); err == nil {
		t.Error("Append of a channel succeeded")
	}
	if got := msgpack.New().ID(); got != cache.CodecMsgpack {
		t.Errorf("ID() = %d, want %d", got, cache.CodecMsgpack)
	}
}
