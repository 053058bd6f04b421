package encode_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/hone-go/hone/encode"
)

func newEncoder(tb testing.TB, config encode.Config) *encode.Encoder {
	tb.Helper()
	e, err := encode.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// serve starts a server with handler behind an Encoder. Its client does not
// decode by itself.
func serve(t *testing.T, config encode.Config, h2 bool, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	h := newEncoder(t, config).Handler(handler)
	if !h2 {
		return quiet(t, h)
	}
	srv := unstarted(t, h)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	srv.Client().Transport.(*http.Transport).DisableCompression = true
	return srv
}

// quiet starts a server that says nothing of handlers that break off. Its
// client does not decode by itself.
func quiet(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	srv := unstarted(t, h)
	srv.Start()
	srv.Client().Transport.(*http.Transport).DisableCompression = true
	return srv
}

func unstarted(t *testing.T, h http.Handler) *httptest.Server {
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(srv.Close)
	return srv
}

// do sends a request with the given fields, and returns the answer and its
// body as it came.
func do(t *testing.T, srv *httptest.Server, method string, fields map[string]string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		req.Header.Set(name, value)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("body: %v", err)
	}
	return resp, body
}

// reader decodes src.
func reader(coding string, src io.Reader) (io.Reader, error) {
	switch coding {
	case "gzip":
		return gzip.NewReader(src)
	case "br":
		return brotli.NewReader(src), nil
	case "zstd":
		return zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20)) // RFC 9659
	}
	return src, nil
}

func decode(t *testing.T, coding string, body []byte) string {
	t.Helper()
	r, err := reader(coding, bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	return string(plain)
}

// noise is an endless source of bytes that no coding shrinks: not even a part
// that came before within brotli's window of 4 MiB.
func noise() io.Reader { return rand.NewChaCha8([32]byte{1}) }

// products returns JSON of at least size bytes, as a shop's list has it.
func products(size int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	words := []string{"blue", "linen", "shirt", "walnut", "desk", "lamp", "wool", "scarf", "oak", "chair"}
	out := []byte("[")
	for i := 0; len(out) < size; i++ {
		out = fmt.Appendf(out, `{"id":%d,"name":"%s %s %s","price":%d.%02d,"stock":%d,"sku":"%08x","available":%t},`,
			i, words[rnd.IntN(10)], words[rnd.IntN(10)], words[rnd.IntN(10)], rnd.IntN(900), rnd.IntN(100), rnd.IntN(5000), rnd.Uint32(), rnd.IntN(3) > 0)
	}
	return append(out[:len(out)-1], ']')
}
