package envelope_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/hone-go/hone/internal/envelope"
)

func packer(t testing.TB, cfg envelope.Config) *envelope.Packer {
	t.Helper()
	p, err := envelope.NewPacker(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sealer(t testing.TB, keys ...string) *envelope.Sealer {
	t.Helper()
	all := make([][]byte, len(keys))
	for i, k := range keys {
		all[i] = []byte(k)
	}
	s, err := envelope.NewSealer(all...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pack(t testing.TB, p *envelope.Packer, key string, body []byte) []byte {
	t.Helper()
	b, err := p.Pack([]byte("before"), key, header(2), body)
	if err != nil {
		t.Fatal(err)
	}
	return b[len("before"):]
}

var (
	key16 = strings.Repeat("a", 16)
	key24 = strings.Repeat("b", 24)
	key32 = strings.Repeat("c", 32)
)

func TestPack(t *testing.T) {
	noise := make([]byte, 20_000)
	_, _ = rand.Read(noise) // never fails
	text := []byte(strings.Repeat("the same words ", 1000))
	plain, sealed := packer(t, envelope.Config{}), packer(t, envelope.Config{Sealer: sealer(t, key32)})
	never := packer(t, envelope.Config{CompressAbove: -1})
	tests := []struct {
		name       string
		packer     *envelope.Packer
		body       []byte
		compressed bool
	}{
		{"empty", plain, []byte{}, false},
		{"at the bound", plain, text[:4096], false},
		{"above it", plain, text[:4097], true},
		{"incompressible", plain, noise, false},
		{"never", never, text, false},
		{"sealed empty", sealed, []byte{}, false},
		{"sealed", sealed, noise, false},
		{"sealed text", sealed, text, true},
	}
	for _, tt := range tests {
		b := pack(t, tt.packer, "k", tt.body)
		h, body, err := tt.packer.Unpack("k", b)
		if err != nil || !bytes.Equal(body, tt.body) {
			t.Errorf("%s: Unpack(Pack) = %d bytes, %v, want %d", tt.name, len(body), err, len(tt.body))
		}
		if got := h.Flags&envelope.Compressed != 0; got != tt.compressed {
			t.Errorf("%s: compressed = %t, want %t", tt.name, got, tt.compressed)
		}
		if h.Flags &^= envelope.Compressed | envelope.Sealed; !equal(h, header(2)) {
			t.Errorf("%s: header = %+v, want %+v", tt.name, h, header(2))
		}
		if tt.compressed && len(b) > len(tt.body)/2 {
			t.Errorf("%s: %d bytes became %d", tt.name, len(tt.body), len(b))
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	small := packer(t, envelope.Config{MaxBody: 10_000})
	if _, err := small.Pack(nil, "k", header(0), make([]byte, 10_001)); !errors.Is(err, envelope.ErrTooLarge) {
		t.Errorf("Pack(10001 bytes) = %v, want ErrTooLarge", err)
	}
	if _, err := small.Pack(nil, "k", header(envelope.MaxTags+1), nil); !errors.Is(err, envelope.ErrTooLarge) {
		t.Errorf("Pack(too many tags) = %v, want ErrTooLarge", err)
	}
	// A bomb: 16 MiB of zeros in some kilobytes, with and without a size in
	// front.
	large := packer(t, envelope.Config{MaxBody: 16 << 20})
	bomb := pack(t, large, "k", make([]byte, 16<<20))
	unsized := compressStream(t, make([]byte, 16<<20))
	h := envelope.Header{Flags: envelope.Compressed}
	for _, b := range [][]byte{bomb, envelope.Append(nil, &h, unsized), pack(t, large, "k", make([]byte, 10_001))} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := small.Unpack("k", b)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, envelope.ErrTooLarge) {
			t.Errorf("Unpack(%d bytes that become more) = %v, want ErrTooLarge", len(b), err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
			t.Errorf("Unpack(%d bytes that become more) allocated %d bytes, want little more than the bound", len(b), used)
		}
	}
	plain := packer(t, envelope.Config{CompressAbove: -1})
	if _, _, err := small.Unpack("k", pack(t, plain, "k", make([]byte, 10_001))); !errors.Is(err, envelope.ErrTooLarge) {
		t.Errorf("Unpack(10001 bytes) = %v, want ErrTooLarge", err)
	}
	broken := envelope.Append(nil, &h, []byte("not zstd"))
	if _, _, err := small.Unpack("k", broken); !errors.Is(err, envelope.ErrCompressed) {
		t.Errorf("Unpack(no zstd) = %v, want ErrCompressed", err)
	}
}

func compressStream(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	_, err1 := w.Write(b)
	if err := errors.Join(err1, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestSealing(t *testing.T) {
	plain := packer(t, envelope.Config{})
	old, renewed := packer(t, envelope.Config{Sealer: sealer(t, key16)}), packer(t, envelope.Config{Sealer: sealer(t, key24, key16)})
	other := packer(t, envelope.Config{Sealer: sealer(t, key32)})
	secret := []byte("a secret of some length")

	a, b := pack(t, old, "k", secret), pack(t, old, "k", secret)
	if bytes.Equal(a, b) || bytes.Contains(a, secret) {
		t.Error("two sealings are equal, or show the secret")
	}
	tests := []struct {
		name   string
		packer *envelope.Packer
		key    string
		entry  []byte
		want   error
	}{
		{"its own", old, "k", a, nil},
		{"an older key", renewed, "k", a, nil},
		{"a newer key", old, "k", pack(t, renewed, "k", secret), envelope.ErrSealed},
		{"moved", old, "K", a, envelope.ErrSealed},
		{"a foreign key", other, "k", a, envelope.ErrSealed},
		{"no key", plain, "k", a, envelope.ErrSealed},
		{"unsealed", old, "k", pack(t, plain, "k", secret), envelope.ErrUnsealed},
	}
	for _, tt := range tests {
		_, body, err := tt.packer.Unpack(tt.key, tt.entry)
		if !errors.Is(err, tt.want) || (err == nil) != bytes.Equal(body, secret) {
			t.Errorf("%s: Unpack = %q, %v, want %v", tt.name, body, err, tt.want)
		}
	}
	// Whoever can write the store can also make the checksum right.
	h, body, err := envelope.Parse(a)
	if err != nil {
		t.Fatal(err)
	}
	for name, forge := range map[string]func(){
		"expiry": func() { h.Soft++ }, "generation": func() { h.Generation++ }, "tag": func() { h.Tags[0]++ },
		"codec": func() { h.Codec++ }, "negative": func() { h.Flags ^= envelope.Negative }, "body": func() { body[30]++ },
		"dropped tag": func() { h.Tags = h.Tags[16:] }, "short body": func() { body = body[:20] },
	} {
		savedHeader, savedBody := h, body
		h.Tags, body = slices.Clone(h.Tags), slices.Clone(body)
		forge()
		if _, _, err := old.Unpack("k", envelope.Append(nil, &h, body)); !errors.Is(err, envelope.ErrSealed) {
			t.Errorf("Unpack with another %s = %v, want ErrSealed", name, err)
		}
		h, body = savedHeader, savedBody
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, keys := range map[string][][]byte{
		"none": nil, "short": {[]byte("short")}, "empty": {nil}, "twice": {[]byte(key16), []byte(key16)},
	} {
		if _, err := envelope.NewSealer(keys...); err == nil || strings.Contains(err.Error(), "short") {
			t.Errorf("NewSealer(%s) = %v, want an error without the key", name, err)
		}
	}
	if _, err := envelope.NewPacker(envelope.Config{MaxBody: -1}); err == nil {
		t.Error("NewPacker(MaxBody: -1) succeeded")
	}
}

func TestPackerIsSafeForConcurrentUse(t *testing.T) {
	p := packer(t, envelope.Config{Sealer: sealer(t, key32)})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			want := bytes.Repeat([]byte{byte(i), 1}, 5000)
			for range 50 {
				b, err := p.Pack(nil, "k", header(1), want)
				if err != nil {
					t.Error(err)
					return
				}
				if _, got, err := p.Unpack("k", b); err != nil || !bytes.Equal(got, want) {
					t.Errorf("Unpack = %d bytes, %v", len(got), err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkUnpack(b *testing.B) {
	text := bytes.Repeat([]byte(`{"id":1234567,"name":"a product","price":1999},`), 400)
	for name, cfg := range map[string]envelope.Config{
		"form=plain": {CompressAbove: -1}, "form=zstd": {}, "form=sealed": {CompressAbove: -1, Sealer: sealer(b, key32)},
	} {
		b.Run(name, func(b *testing.B) {
			p := packer(b, cfg)
			entry := pack(b, p, "k", text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := p.Unpack("k", entry); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
