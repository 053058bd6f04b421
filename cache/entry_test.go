package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/envelope"
)

// A keeper is a store that remembers what it was given, and may store something
// else.
type keeper struct {
	*spy
	cache.Watcher
	entries map[string][]byte
	change  func(key string, value []byte) []byte // what is really stored
}

func newKeeper(t *testing.T) *keeper {
	s := newSpy(t)
	return &keeper{spy: s.spy, Watcher: s.Watcher, entries: make(map[string][]byte)}
}

func (k *keeper) Fill(ctx context.Context, entries []cache.Entry, token cache.Token) ([]bool, error) {
	return k.spy.Fill(ctx, k.changed(entries), token)
}

func (k *keeper) Set(ctx context.Context, entries []cache.Entry) error {
	return k.spy.Set(ctx, k.changed(entries))
}

func (k *keeper) changed(entries []cache.Entry) []cache.Entry {
	out := append([]cache.Entry(nil), entries...)
	for i, e := range out {
		k.entries[e.Key] = e.Value
		if k.change != nil {
			out[i].Value = k.change(e.Key, bytes.Clone(e.Value))
		}
	}
	return out
}

// TestBadEntries: what cannot be decoded is counted once, told once, and
// replaced: the next Get is a hit.
func TestBadEntries(t *testing.T) {
	flip := func(at int) func(string, []byte) []byte {
		return func(_ string, b []byte) []byte { b[(at+len(b))%len(b)] ^= 1; return b }
	}
	constant := func(s string) func(string, []byte) []byte {
		return func(string, []byte) []byte { return []byte(s) }
	}
	tests := map[string]func(string, []byte) []byte{
		"empty":           constant(""),
		"foreign JSON":    constant(`{"a":1}`),
		"foreign pickle":  constant("!\x80\x04\x95"),
		"truncated":       func(_ string, b []byte) []byte { return b[:len(b)-1] },
		"cut in its head": func(_ string, b []byte) []byte { return b[:20] },
		"longer":          func(_ string, b []byte) []byte { return append(b, 0) },
		"another version": func(_ string, b []byte) []byte { b[2] = 99; return b },
		"a flipped life":  flip(24),
		"a flipped body":  flip(-1),
	}
	for name, change := range tests {
		for _, warm := range []bool{false, true} { // has this process seen a value there?
			k, told := newKeeper(t), complaints{}
			c := openCache(t, k, cache.Config{OnError: told.add})
			loads := 0
			f := define(t, c, "f", func(_ context.Context, n int) (string, error) { loads++; return fmt.Sprint(n), nil }, cache.FuncConfig[int, string]{Beta: -1})
			if warm {
				wants(t, name, "1", true)(f.Get(t.Context(), 1))
			}
			k.change = change
			if _, _, err := f.Refresh(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			k.change = nil
			loads = 0
			for range 3 {
				wants(t, name+": Get", "1", true)(f.Get(t.Context(), 1))
			}
			errs := told.taken()
			if got := f.Stats().Undecodable; got != 1 || loads != 1 || len(errs) != 1 || !errors.Is(errs[0], cache.ErrEntry) {
				t.Errorf("%s (warm: %v): %d loads, %d undecodable, OnError was told %v, want one of each", name, warm, loads, got, errs)
			}
		}
		k, told := newKeeper(t), complaints{}
		v := valuesOf(t, openCache(t, k, cache.Config{OnError: told.add}), "v", cache.ValuesConfig[string]{})
		k.change = change
		if err := v.Set(t.Context(), "k", "1", cache.TTL{}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			wants(t, name+": Get of a value", "", false)(v.Get(t.Context(), "k"))
		}
		if got, errs := v.Stats().Undecodable, told.taken(); got != 1 || len(errs) != 1 {
			t.Errorf("%s: %d undecodable values, OnError was told %v, want one of each", name, got, errs)
		}
	}
}

// TestCompressionBomb: a small entry that would become more than the bound is
// refused before it does, counted, and replaced.
func TestCompressionBomb(t *testing.T) {
	const large = 128 << 20
	packer, err := envelope.NewPacker(envelope.Config{MaxBody: large, CompressAbove: 1})
	if err != nil {
		t.Fatal(err)
	}
	k, told := newKeeper(t), complaints{}
	c := openCache(t, k, cache.Config{OnError: told.add, Codec: cache.Raw()})
	f := define(t, c, "f", func(context.Context, int) (string, error) { return "v", nil }, cache.FuncConfig[int, string]{})
	k.change = func(key string, _ []byte) []byte {
		b, err := packer.Pack(nil, key, envelope.Header{Codec: cache.CodecRaw}, make([]byte, large))
		if err != nil || len(b) > 1<<20 {
			t.Fatalf("the bomb is of %d bytes, %v", len(b), err)
		}
		return b
	}
	if err := f.Set(t.Context(), 1, "v"); err != nil {
		t.Fatal(err)
	}
	k.change = nil
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 3 {
		wants(t, "Get", "v", true)(f.Get(t.Context(), 1))
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > large/2 {
		t.Errorf("reading the bomb has allocated %d bytes, want less than the %d that entries may have", used, large/2)
	}
	errs := told.taken()
	if s := f.Stats(); s.Undecodable != 1 || s.Loads != 1 || s.Hits != 2 || len(errs) != 1 || !errors.Is(errs[0], cache.ErrEntry) {
		t.Errorf("Stats() = %+v, OnError was told %v, want one thrown away, one load, two hits", s, errs)
	}
}

// TestAnotherCodec: an entry of a build with another codec is replaced, though
// its bytes could be read.
func TestAnotherCodec(t *testing.T) {
	store := memoryStore(t)
	for i, codec := range []cache.Codec{cache.JSON(), cache.Raw()} {
		f := define(t, openCache(t, store, cache.Config{Codec: codec}), "f",
			func(context.Context, int) (string, error) { return fmt.Sprint("build ", i), nil }, cache.FuncConfig[int, string]{Beta: -1})
		for range 2 {
			wants(t, "Get", fmt.Sprint("build ", i), true)(f.Get(t.Context(), 1))
		}
		if s := f.Stats(); s.Undecodable != int64(i) || s.Hits != 1 {
			t.Errorf("build %d: Stats() = %+v, want %d undecodable and a hit", i, s, i)
		}
	}
}

// TestEncryption: who has the key reads, also one of before; nobody else does,
// nor finds the text; what is not sealed or was moved is not believed.
func TestEncryption(t *testing.T) {
	first, second := bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 32)
	k := newKeeper(t)
	open := func(keys ...[]byte) *cache.Values[string] {
		return valuesOf(t, openCache(t, k, cache.Config{EncryptionKeys: keys}), "v", cache.ValuesConfig[string]{})
	}
	ctx := t.Context()
	set := func(v *cache.Values[string], key string) {
		t.Helper()
		if err := v.Set(ctx, key, "secret", cache.TTL{}); err != nil {
			t.Fatal(err)
		}
	}
	set(open(first), "a")
	for _, b := range k.entries {
		if bytes.Contains(b, []byte("secret")) {
			t.Errorf("the entry %q holds the text", b)
		}
	}
	wants(t, "Get with the key", "secret", true)(open(first).Get(ctx, "a"))
	wants(t, "Get after rotation", "secret", true)(open(second, first).Get(ctx, "a"))
	wants(t, "Get without the key", "", false)(open(second).Get(ctx, "a")) // and it is gone
	set(open(first), "a")
	wants(t, "Get without any key", "", false)(open().Get(ctx, "a"))
	set(open(), "a")
	wants(t, "Get of what is not sealed", "", false)(open(first).Get(ctx, "a"))

	set(open(first), "a")
	other := k.entries
	k.entries = make(map[string][]byte)
	var moved []byte
	for _, b := range other {
		moved = b
	}
	k.change = func(string, []byte) []byte { return moved }
	set(open(first), "b")
	wants(t, "Get of what was moved", "", false)(open(first).Get(ctx, "b"))
}

// TestSizes: nothing is a value; large ones are compressed; one that is too
// large for the store reaches its request and is dropped.
func TestSizes(t *testing.T) {
	var told complaints
	k := newKeeper(t)
	c := openCache(t, k, cache.Config{OnError: told.add})
	f := define(t, c, "bytes", func(_ context.Context, n int) ([]byte, error) { return bytes.Repeat([]byte("hone"), n/4), nil },
		cache.FuncConfig[int, []byte]{Beta: -1, Codec: cache.Raw()})
	for _, tt := range []struct {
		size, below int
		kept        bool
	}{{0, 100, true}, {4096, 4200, true}, {8 << 20, 10_000, true}, {100 << 20, 0, false}} {
		clear(k.entries)
		before := f.Stats()
		for range 2 {
			got, found, err := f.Get(t.Context(), tt.size)
			if err != nil || !found || len(got) != tt.size {
				t.Errorf("Get(%d) = %d bytes, %v, %v, want all of them", tt.size, len(got), found, err)
			}
		}
		s := f.Stats()
		if kept := s.Hits > before.Hits; kept != tt.kept || (s.Dropped > before.Dropped) == tt.kept {
			t.Errorf("%d bytes: hit %v, dropped %d, want hit %v and dropped otherwise", tt.size, kept, s.Dropped-before.Dropped, tt.kept)
		}
		for _, b := range k.entries {
			if len(b) > tt.below {
				t.Errorf("%d bytes are stored in %d, want at most %d", tt.size, len(b), tt.below)
			}
		}
	}
	if errs := told.taken(); len(errs) != 2 || !errors.Is(errs[0], cache.ErrTooLarge) {
		t.Errorf("OnError was told %v, want ErrTooLarge for both Gets", errs)
	}
}

// upper is a user's codec.
type upper struct{ fail *bool }

func (upper) ID() uint8 { return 200 }

func (u upper) Append(dst []byte, v any) ([]byte, error) {
	if *u.fail {
		panic("codec")
	}
	return append(dst, strings.ToUpper(*v.(*string))...), nil
}

func (u upper) Decode(b []byte, v any) error {
	if *u.fail {
		panic("codec")
	}
	*v.(*string) = string(b)
	return nil
}

func TestUsersCodec(t *testing.T) {
	fail := false
	c := openCache(t, memoryStore(t), cache.Config{Codec: upper{&fail}})
	f := define(t, c, "f", func(context.Context, string) (string, error) { return "low", nil }, cache.FuncConfig[string, string]{Beta: -1})
	wants(t, "the load", "low", true)(f.Get(t.Context(), "k"))
	wants(t, "the entry", "LOW", true)(f.Get(t.Context(), "k"))
	fail = true
	wants(t, "a load that cannot be encoded", "low", true)(f.Get(t.Context(), "other"))
	wants(t, "an entry that cannot be decoded", "low", true)(f.Get(t.Context(), "k"))
	if s := f.Stats(); s.Dropped != 2 || s.Undecodable != 1 {
		t.Errorf("Stats() = %+v, want 2 dropped and 1 undecodable", s)
	}
}

func TestRawCodec(t *testing.T) {
	type html string
	c := openCache(t, memoryStore(t), cache.Config{Codec: cache.Raw()})
	roundTripShared(t, c, "string", "a\xff")
	roundTripShared(t, c, "named", html("<b>"))
	roundTripShared(t, c, "bytes", []byte{0, 255})
	roundTripShared(t, c, "none", []byte{})
	if _, err := cache.NewValues(c, "int", cache.ValuesConfig[int]{}); err == nil {
		t.Error("NewValues of int with Raw succeeded")
	}
}

func roundTripShared[V any](t *testing.T, c *cache.Cache, name string, v V) {
	t.Helper()
	values := valuesOf(t, c, name, cache.ValuesConfig[V]{})
	if err := values.Set(t.Context(), "k", v, cache.TTL{}); err != nil {
		t.Fatal(err)
	}
	if got, found, err := values.Get(t.Context(), "k"); err != nil || !found || !reflect.DeepEqual(got, v) {
		t.Errorf("%s: Get = %#v, %v, %v, want %#v", name, got, found, err, v)
	}
}

// A value that the store refuses must not leave the older one to be served.
func TestSetThatIsTooLargeLeavesNothing(t *testing.T) {
	f := define(t, openCache(t, memoryStore(t), cache.Config{CompressAbove: -1}), "v",
		func(context.Context, string) ([]byte, error) { return nil, cache.ErrNotFound }, cache.FuncConfig[string, []byte]{Codec: cache.Raw()})
	if err := f.Set(t.Context(), "k", []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := f.Set(t.Context(), "k", make([]byte, 50<<20)); !errors.Is(err, cache.ErrTooLarge) {
		t.Errorf("Set of 50 MiB = %v, want ErrTooLarge", err)
	}
	if v, found, err := f.Get(t.Context(), "k"); found || err != nil {
		t.Errorf("Get = %d bytes, %v, %v, want nothing", len(v), found, err)
	}
}
