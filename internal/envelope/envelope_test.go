package envelope_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/envelope"
)

func header(tags int) envelope.Header {
	h := envelope.Header{
		Codec: 3, Flags: envelope.Negative, Created: 1_700_000_000_000, Soft: 1_700_000_060_000,
		Took: 1500 * time.Microsecond, Generation: 42,
	}
	for i := range tags {
		h.Tags = h.Tags.Append(envelope.Tag{byte(i), 1})
	}
	return h
}

func equal(a, b envelope.Header) bool {
	tags := bytes.Equal(a.Tags, b.Tags)
	a.Tags, b.Tags = nil, nil
	return tags && a.Codec == b.Codec && a.Flags == b.Flags && a.Created == b.Created && a.Soft == b.Soft &&
		a.Hard == b.Hard && a.Took == b.Took && a.Generation == b.Generation
}

func TestRoundTrip(t *testing.T) {
	extreme := envelope.Header{
		Codec: 255, Flags: envelope.Error, Created: math.MinInt64, Soft: math.MaxInt64, Hard: -1,
		Took: math.MaxInt64 / 1000 * 1000, Generation: math.MaxInt64,
	}
	for _, h := range []envelope.Header{{}, header(0), header(3), header(envelope.MaxTags), extreme} {
		for _, body := range []string{"", "x", string(make([]byte, 10_000))} {
			b := envelope.Append([]byte("before"), &h, []byte(body))
			if want := len("before") + envelope.Overhead(&h) + len(body); len(b) != want {
				t.Errorf("Append(%d tags, %d bytes) has %d bytes, want %d", h.Tags.Len(), len(body), len(b), want)
			}
			got, gotBody, err := envelope.Parse(b[len("before"):])
			if err != nil || !equal(got, h) || string(gotBody) != body {
				t.Errorf("Parse(Append(%d tags, %d bytes)) = %+v, %d bytes, %v", h.Tags.Len(), len(body), got, len(gotBody), err)
			}
		}
	}
	h := header(2)
	if got, want := slices.Collect(h.Tags.All()), []envelope.Tag{{0, 1}, {1, 1}}; !slices.Equal(got, want) {
		t.Errorf("All() = %v, want %v", got, want)
	}
	for range h.Tags.All() {
		break // must not go on
	}
}

// TestDamageIsSeen cuts an entry everywhere, flips each of its bits, and puts
// something after it.
func TestDamageIsSeen(t *testing.T) {
	h := header(2)
	entry := envelope.Append(nil, &h, []byte("some body"))
	for n := range entry {
		if _, _, err := envelope.Parse(entry[:n]); !errors.Is(err, envelope.ErrTruncated) {
			t.Errorf("Parse of %d of %d bytes = %v, want ErrTruncated", n, len(entry), err)
		}
	}
	for bit := range len(entry) * 8 {
		b := bytes.Clone(entry)
		b[bit/8] ^= 1 << (bit % 8)
		_, _, err := envelope.Parse(b)
		want := []error{envelope.ErrChecksum}
		switch at := bit / 8; {
		case at < 2:
			want = []error{envelope.ErrForeign}
		case at == 2:
			want = []error{envelope.ErrVersion}
		case at == 6 || at == 7 || at >= 12 && at < 16: // lengths
			want = []error{envelope.ErrTruncated, envelope.ErrForeign}
		}
		if !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
			t.Errorf("Parse with bit %d of byte %d flipped = %v, want one of %v", bit%8, bit/8, err, want)
		}
	}
	for _, b := range [][]byte{append(bytes.Clone(entry), 0), []byte("{}"), []byte("!\x80\x04"), []byte("hone")} {
		if _, _, err := envelope.Parse(b); !errors.Is(err, envelope.ErrForeign) {
			t.Errorf("Parse(%q) = %v, want ErrForeign", b, err)
		}
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	h := header(3)
	entry := envelope.Append(nil, &h, make([]byte, 512))
	var sum int
	if n := testing.AllocsPerRun(100, func() {
		h, _, _ := envelope.Parse(entry)
		for tag := range h.Tags.All() {
			sum += int(tag[0])
		}
	}); n != 0 {
		t.Errorf("Parse allocates %v times, want 0", n)
	}
	into := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { _ = envelope.Append(into, &h, entry) }); n != 0 {
		t.Errorf("Append allocates %v times, want 0", n)
	}
}

// FuzzParse: no input makes it panic, and what it accepts is exactly what
// Append makes of the result.
func FuzzParse(f *testing.F) {
	h := header(2)
	entry := envelope.Append(nil, &h, []byte("body"))
	f.Add(entry)
	f.Add(entry[:57])
	f.Add([]byte{})
	f.Add([]byte(`{"json":true}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, body, err := envelope.Parse(b)
		if err != nil {
			if h.Tags != nil || body != nil {
				t.Errorf("Parse(%x) = %+v, %x with %v, want nothing", b, h, body, err)
			}
			return
		}
		if again := envelope.Append(nil, &h, body); !bytes.Equal(again, b) {
			t.Errorf("Append(Parse(%x)) = %x", b, again)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	h := header(2)
	entry := envelope.Append(nil, &h, make([]byte, 512))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := envelope.Parse(entry); err != nil {
			b.Fatal(err)
		}
	}
}
