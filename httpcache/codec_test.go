package httpcache_test

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/hone-go/hone/httpcache"
)

func sample() *httpcache.Response {
	return &httpcache.Response{
		Status: 404, Header: http.Header{"Etag": {`"a"`}, "X": {"", "b"}}, Body: []byte("body"),
		Received: time.UnixMicro(1_700_000_000_123_456), Age: time.Second, Lifetime: time.Minute, Took: time.Millisecond,
	}
}

func TestCodec(t *testing.T) {
	b, err := httpcache.Codec().Append([]byte("before"), ptr(sample()))
	if err != nil {
		t.Fatal(err)
	}
	b = b[len("before"):]
	var got *httpcache.Response
	if err := httpcache.Codec().Decode(b, &got); err != nil {
		t.Fatal(err)
	}
	want := sample()
	if got.Status != want.Status || !reflect.DeepEqual(got.Header, want.Header) || string(got.Body) != "body" ||
		!got.Received.Equal(want.Received) || got.Age != want.Age || got.Lifetime != want.Lifetime || got.Took != want.Took {
		t.Errorf("Decode = %+v, want %+v", got, want)
	}
	for i := range len(b) - len("body") {
		var p *httpcache.Response
		if err := httpcache.Codec().Decode(b[:i], &p); err == nil {
			t.Errorf("Decode of the first %d bytes = %+v, want an error", i, p)
		}
	}
	b[0]++
	if err := httpcache.Codec().Decode(b, &got); err == nil {
		t.Error("Decode took another version")
	}
	for i := range b { // what the decoder returned is its own
		b[i] = 0
	}
	if string(got.Body) != "body" || got.Header.Get("Etag") != `"a"` {
		t.Errorf("the decoded response has changed with the bytes it was made of: %q", got.Body)
	}
}

// What is decoded of a coded body is a copy: the store's bytes may be used
// again.
func TestBodyCodec(t *testing.T) {
	codec := httpcache.BodyCodec()
	stored := append([]byte{httpcache.CodecVersion}, "coded"...)
	body, again, err := httpcache.DecodeBody(stored)
	if err != nil || string(body) != "coded" || !reflect.DeepEqual(again, stored) {
		t.Fatalf("decoded %q, encoded again %q, %v, want %q", body, again, err, stored)
	}
	clear(stored)
	if string(body) != "coded" {
		t.Errorf("the decoded body has changed with the bytes it was made of: %q", body)
	}
	for _, b := range [][]byte{nil, {httpcache.CodecVersion + 1, 'x'}} {
		if _, _, err := httpcache.DecodeBody(b); err == nil {
			t.Errorf("Decode took %v", b)
		}
	}
	if codec.ID() == httpcache.Codec().ID() {
		t.Error("the two codecs have one ID")
	}
}

func ptr[T any](v T) *T { return &v }

func FuzzDecode(f *testing.F) {
	b, err := httpcache.Codec().Append(nil, ptr(sample()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var p *httpcache.Response
		if err := httpcache.Codec().Decode(b, &p); err != nil {
			return
		}
		again, err := httpcache.Codec().Append(nil, &p)
		if err != nil {
			t.Fatal(err)
		}
		var q *httpcache.Response
		if err := httpcache.Codec().Decode(again, &q); err != nil || !reflect.DeepEqual(q.Header, p.Header) || string(q.Body) != string(p.Body) {
			t.Errorf("decoded again: %+v, %v, want %+v", q, err, p)
		}
	})
}
