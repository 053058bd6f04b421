package protobuf_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/protobuf"
	"github.com/hone-go/hone/store/memory"
)

func open(t *testing.T) *cache.Cache {
	t.Helper()
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	c, err := cache.New(store, cache.Config{Namespace: "t", Codec: protobuf.New()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestRoundTrip(t *testing.T) {
	v, err := cache.NewValues(open(t), "v", cache.ValuesConfig[*timestamppb.Timestamp]{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]*timestamppb.Timestamp{"some": {Seconds: 7, Nanos: 5}, "zero": {}, "nil": nil} {
		if err := v.Set(t.Context(), name, want, cache.TTL{}); err != nil {
			t.Fatal(err)
		}
		got, found, err := v.Get(t.Context(), name)
		if err != nil || !found || !proto.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("Get(%s) = %v, %v, %v, want %v", name, got, found, err, want)
		}
	}
}

func TestOtherTypesAreRefused(t *testing.T) {
	c := open(t)
	_, texts := cache.Memoize(c, "texts", func(context.Context, int) (string, error) { return "", nil }, cache.FuncConfig[int, string]{})
	_, any := cache.NewValues(c, "any", cache.ValuesConfig[proto.Message]{})
	_, pointer := cache.NewValues(c, "pointer", cache.ValuesConfig[*int]{})
	_, encoded := protobuf.New().Append(nil, new(int))
	decoded := protobuf.New().Decode([]byte{1}, new(int))
	for name, err := range map[string]error{"string": texts, "an interface": any, "*int": pointer, "Append": encoded, "Decode": decoded} {
		var wrong *protobuf.TypeError
		if !errors.As(err, &wrong) || wrong.Type == nil {
			t.Errorf("%s: %v, want a *TypeError", name, err)
		}
	}
}

func TestBadBytes(t *testing.T) {
	for _, b := range []string{"", "\x02", "\x00\x00", "\x01\xff", "\x01\x0a\xff\xff\xff\xff\x0f"} {
		into := new(*structpb.Struct)
		if err := protobuf.New().Decode([]byte(b), into); err == nil || *into != nil {
			t.Errorf("Decode(%x) = %v, %v, want an error and nothing", b, *into, err)
		}
	}
	bad := structpb.NewStringValue("\xff")
	if _, err := protobuf.New().Append(nil, &bad); err == nil {
		t.Error("Append of a string that is not UTF-8 succeeded")
	}
}
