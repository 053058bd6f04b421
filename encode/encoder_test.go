package encode_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/encode"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func TestNewNamesEveryProblem(t *testing.T) {
	_, err := encode.New(encode.Config{
		Codings:   []encode.Coding{encode.Identity, encode.Gzip, encode.Gzip},
		GzipLevel: 10, BrotliLevel: -1, ZstdLevel: 5, Guard: 9,
	})
	for _, want := range []string{"Codings[0]", "gzip twice", "GzipLevel is 10", "BrotliLevel is -1", "ZstdLevel is 5", "Guard is 9"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New() = %v, want it to name %q", err, want)
		}
	}
	for _, bad := range []string{"", "json", "text/", "/x", "*/x", "a/*b", "*/*+", "text/html;charset=utf-8"} {
		if _, err := encode.New(encode.Config{Types: []string{bad}}); err == nil {
			t.Errorf("New() with type %q = nil, want an error", bad)
		}
	}
}

func TestEncodeEveryLevel(t *testing.T) {
	body := products(40_000)
	for c, highest := range map[encode.Coding]int{encode.Gzip: 9, encode.Brotli: 11, encode.Zstd: 4} {
		for level := 1; level <= highest; level++ {
			e := newEncoder(t, encode.Config{GzipLevel: min(level, 9), BrotliLevel: level, ZstdLevel: min(level, 4)})
			for _, size := range []int{0, 1, 1000, 40_000} {
				out := e.Encode(c, body[:size])
				if got := decode(t, c.String(), out); got != string(body[:size]) {
					t.Errorf("%v, level %d, %d bytes: decoded to %d others", c, level, size, len(got))
				}
			}
		}
	}
	if got := newEncoder(t, encode.Config{}).Encode(encode.Identity, body); &got[0] != &body[0] {
		t.Error("Encode(Identity) is a copy, want the body")
	}
}

// One pool for many: bodies must not mix.
func TestEncodeConcurrently(t *testing.T) {
	e := newEncoder(t, encode.Config{})
	for i := range 8 {
		body := products(20_000 + i)
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for range 50 {
				for _, c := range []encode.Coding{encode.Gzip, encode.Brotli, encode.Zstd} {
					if decode(t, c.String(), e.Encode(c, body)) != string(body) {
						t.Fatalf("%v: another body came back", c)
					}
				}
			}
		})
	}
}

// Bodies encoded one after the other share their compressor.
func TestEncodeKeepsItsCompressor(t *testing.T) {
	const bodies = 30
	for _, c := range []encode.Coding{encode.Gzip, encode.Brotli, encode.Zstd} {
		e := newEncoder(t, encode.Config{})
		made := e.CountMade(c)
		for range bodies {
			_ = e.Encode(c, products(5000))
		}
		if n := made.Load(); n > bodies*2/3 { // the race detector has the pool lose one in four
			t.Errorf("%v: %d compressors were made for %d bodies", c, n, bodies)
		}
	}
}

// RFC 9110 §13.1.2, of a body and its codings.
func TestMatch(t *testing.T) {
	tests := []struct {
		accept, noneMatch, etag string
		want                    string // "": no match
	}{
		{"gzip, br", `"v7"`, `"v7"`, `"v7"`},
		{"gzip, br", `"v7~gz"`, `"v7"`, `"v7~gz"`},
		{"gzip, br", `W/"v7~gz"`, `"v7"`, `"v7~gz"`},
		{"gzip, br", `"v7~br"`, `"v7"`, `"v7~br"`},
		{"gzip, br", `"v7~br", "v7~gz"`, `"v7"`, `"v7~gz"`}, // the negotiated one first
		{"gzip, br", `"v7", "v7~br"`, `"v7"`, `"v7~br"`},
		{"gzip, br", `"v7~zst"`, `"v7"`, ""}, // not accepted any more
		{"gzip, br", `"v6~gz"`, `"v7"`, ""},
		{"gzip, br", `"v7~gz"`, `W/"v7"`, ""}, // of a weak tag there is no coding's
		{"gzip, br", `"v7"`, `W/"v7"`, `W/"v7"`},
		{"gzip, br", `*`, `"v7"`, `"v7"`},
		{"gzip, br", `"v7"`, `v7`, ""},
		{"identity", `"v7~gz"`, `"v7"`, ""},
		{"", `"v7~gz", "v7"`, `"v7"`, `"v7"`},
	}
	e := newEncoder(t, encode.Config{})
	for _, tt := range tests {
		got, ok := e.Negotiate([]string{tt.accept}).Match([]string{tt.noneMatch}, tt.etag)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("Match(%s, %s) of %q = %s, %t, want %q", tt.noneMatch, tt.etag, tt.accept, got, ok, tt.want)
		}
	}
}

func TestTagRoundTrip(t *testing.T) {
	for _, etag := range []string{`"v7"`, `""`, `"a,b"`, `"v~gz"`} {
		for _, c := range []encode.Coding{encode.Gzip, encode.Brotli, encode.Zstd} {
			out := encode.TagFor(etag, c)
			if got, coding := encode.SplitTag(out); got != etag || coding != c || out == etag {
				t.Errorf("SplitTag(%s) = %s, %v, want %s, %v", out, got, coding, etag, c)
			}
		}
	}
}

// BREACH: what a foreign page had a browser ask for is not compressed.
func TestGuard(t *testing.T) {
	const json, html = "application/json", "text/html; charset=utf-8"
	tests := []struct {
		name    string
		guard   encode.Guard
		request map[string]string
		cert    bool
		typ     string
		control string
		secret  bool
		encoded bool
	}{
		{name: "no credentials", request: map[string]string{"Sec-Fetch-Site": "cross-site"}, typ: html, encoded: true},
		{name: "foreign page with cookie", request: map[string]string{"Sec-Fetch-Site": "cross-site", "Cookie": "s=1"}, typ: json},
		{name: "unknown site", request: map[string]string{"Sec-Fetch-Site": "elsewhere", "Cookie": "s=1"}, typ: json},
		{name: "foreign page, Basic", request: map[string]string{"Sec-Fetch-Site": "cross-site", "Authorization": "basic eDp5"}, typ: json},
		{name: "foreign page, certificate", request: map[string]string{"Sec-Fetch-Site": "cross-site"}, cert: true, typ: json},
		{name: "foreign page, bearer", request: map[string]string{"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x"}, typ: json, encoded: true},
		{name: "a click", request: map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-User": "?1", "Cookie": "s=1"}, typ: html, encoded: true},
		{name: "own page", request: map[string]string{"Sec-Fetch-Site": "same-origin", "Cookie": "s=1"}, typ: html, encoded: true},
		{name: "own site", request: map[string]string{"Sec-Fetch-Site": "same-site", "Cookie": "s=1"}, typ: json, encoded: true},
		{name: "old browser, HTML", request: map[string]string{"Cookie": "s=1"}, typ: html},
		{name: "no browser, JSON", request: map[string]string{"Cookie": "s=1"}, typ: json, encoded: true},
		{name: "public", request: map[string]string{"Sec-Fetch-Site": "cross-site", "Cookie": "s=1"}, typ: json, control: "public, max-age=60", encoded: true},
		{name: "marked", request: map[string]string{"Sec-Fetch-Site": "same-origin"}, typ: json, control: "private", secret: true},
		{name: "all credentials, own page", guard: encode.GuardCredentials, request: map[string]string{"Sec-Fetch-Site": "same-origin", "Cookie": "s=1"}, typ: json},
		{name: "all credentials, bearer", guard: encode.GuardCredentials, request: map[string]string{"Authorization": "Bearer x"}, typ: json},
		{name: "only marked", guard: encode.GuardMarked, request: map[string]string{"Sec-Fetch-Site": "cross-site", "Cookie": "s=1"}, typ: html, encoded: true},
		{name: "only marked, marked", guard: encode.GuardMarked, typ: html, secret: true},
	}
	body := products(5000)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newEncoder(t, encode.Config{Guard: tt.guard}).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.typ)
				if tt.control != "" {
					w.Header().Set("Cache-Control", tt.control)
				}
				if tt.secret {
					encode.Secret(w)
				}
				_, _ = w.Write(body)
			}))
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			r.Header.Set("Accept-Encoding", "zstd")
			for name, value := range tt.request {
				r.Header.Set(name, value)
			}
			if tt.cert {
				r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}}
			}
			w := newRecorder()
			h.ServeHTTP(w, r)
			if got := w.Header().Get("Content-Encoding") != ""; got != tt.encoded {
				t.Errorf("encoded = %t, want %t", got, tt.encoded)
			}
		})
	}
}

func TestHint(t *testing.T) {
	tests := []struct {
		name     string
		off      bool
		requests int
		header   map[string]string
		want     string
	}{
		{"too few", false, 199, map[string]string{"Via": "1.1 edge"}, ""},
		{"proxy takes the field away", false, 200, map[string]string{"Via": "1.1 edge"}, "ProxyCompresses; if not"},
		{"nobody asks", false, 200, nil, "does not show itself"},
		{"all is well", false, 200, map[string]string{"Accept-Encoding": "gzip", "X-Forwarded-For": "192.0.2.1"}, ""},
		{"off with a proxy", true, 200, map[string]string{"Accept-Encoding": "gzip", "Forwarded": "for=x"}, ""},
		{"off without a proxy", true, 200, map[string]string{"Accept-Encoding": "gzip"}, "nobody compresses"},
	}
	for _, tt := range tests {
		e := newEncoder(t, encode.Config{ProxyCompresses: tt.off})
		h := e.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for range tt.requests {
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			for name, value := range tt.header {
				r.Header.Set(name, value)
			}
			h.ServeHTTP(newRecorder(), r)
		}
		if got := e.Hint(); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: Hint() = %q, want %q in it", tt.name, got, tt.want)
		}
	}
}

// BenchmarkLevel prints the cost of every level on a list of products.
func BenchmarkLevel(b *testing.B) {
	body := products(20_000)
	for _, c := range []encode.Coding{encode.Gzip, encode.Brotli, encode.Zstd} {
		highest := map[encode.Coding]int{encode.Gzip: 9, encode.Brotli: 11, encode.Zstd: 4}[c]
		for level := 1; level <= highest; level++ {
			e := newEncoder(b, encode.Config{GzipLevel: min(level, 9), BrotliLevel: level, ZstdLevel: min(level, 4)})
			b.Run(c.String()+"/level="+string(rune('0'+level/10))+string(rune('0'+level%10)), func(b *testing.B) {
				b.ReportAllocs()
				var out []byte
				for b.Loop() {
					out = e.Encode(c, body)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(body)), "ns/byte")
				b.ReportMetric(100*float64(len(out))/float64(len(body)), "%size")
			})
		}
	}
}

// Whatever a client presents as an entity tag: what TagFor adds, SplitTag takes
// off again, and Match finds.
func FuzzSplitTag(f *testing.F) {
	for _, seed := range []string{`"v7"`, `W/"v7"`, `"v7~gz"`, `""`, `"a"b"`, `W/`, `"~br~zst"`, "\"\x00\"", `"" `} {
		f.Add(seed)
	}
	e := newEncoder(f, encode.Config{})
	all := e.Negotiate([]string{"gzip, br, zstd"})
	f.Fuzz(func(t *testing.T, etag string) {
		for _, c := range []encode.Coding{encode.Gzip, encode.Brotli, encode.Zstd} {
			coded := encode.TagFor(etag, c)
			if coded == etag {
				continue // weak, or no tag
			}
			if back, got := encode.SplitTag(coded); back != strings.Trim(etag, " \t") || got != c {
				t.Errorf("SplitTag(TagFor(%q, %v)) = %q, %v", etag, c, back, got)
			}
			if tag, ok := all.Match([]string{coded}, etag); !ok || tag != coded {
				t.Errorf("Match(%q, %q) = %q, %t, want it found", coded, etag, tag, ok)
			}
		}
	})
}
