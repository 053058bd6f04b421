package encode_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/hone-go/hone/encode"
)

var all = map[string]string{"Accept-Encoding": "gzip, br, zstd"}

func TestHandlerRoundTrip(t *testing.T) {
	corpus := products(300_000)
	for _, coding := range []string{"gzip", "br", "zstd"} {
		for _, size := range []int{1, 1023, 1024, 2_000, 5_000, 300_000} {
			for _, h2 := range []bool{false, true} {
				for _, part := range []int{1 << 30, 700, 33_000} {
					body := corpus[:size]
					srv := serve(t, encode.Config{}, h2, func(w http.ResponseWriter, _ *http.Request) {
						w.Header().Set("Content-Type", "application/json")
						for rest := body; len(rest) > 0; {
							n := min(part, len(rest))
							if m, err := w.Write(rest[:n]); m != n || err != nil {
								t.Errorf("Write() = %d, %v, want %d, nil", m, err, n)
							}
							rest = rest[n:]
						}
					})
					resp, got := do(t, srv, http.MethodGet, map[string]string{"Accept-Encoding": coding})
					want := coding
					if size < 1024 {
						want = ""
					}
					if ce := resp.Header.Get("Content-Encoding"); ce != want {
						t.Errorf("%s, %d bytes: Content-Encoding = %q, want %q", coding, size, ce, want)
					}
					if decode(t, want, got) != string(body) {
						t.Errorf("%s, %d bytes in parts of %d: body differs", coding, size, part)
					}
				}
			}
		}
	}
}

// What is left alone, and what Vary says of it.
func TestHandlerDecision(t *testing.T) {
	large := string(products(5000))
	tests := []struct {
		name   string
		config encode.Config
		accept string // "" stands for all
		method string
		status int
		header map[string]string
		body   string
		coding string
		vary   bool
	}{
		{name: "plain JSON", header: map[string]string{"Content-Type": "application/json"}, body: large, coding: "zstd", vary: true},
		{name: "type with parameter, in capitals", header: map[string]string{"Content-Type": "Application/JSON; charset=utf-8"}, body: large, coding: "zstd", vary: true},
		{name: "suffix", header: map[string]string{"Content-Type": "application/problem+json"}, status: 404, body: large, coding: "zstd", vary: true},
		{name: "sniffed", body: strings.Repeat("words ", 500), coding: "zstd", vary: true},
		{name: "sniffed image", body: "\x89PNG\r\n\x1a\n" + strings.Repeat("x", 5000), vary: true},
		{name: "image", header: map[string]string{"Content-Type": "image/png"}, body: large},
		{name: "grpc", header: map[string]string{"Content-Type": "application/grpc-web+json"}, body: large},
		{name: "RFC 9110 §12.5.3 refused", accept: "gzip;q=0", header: map[string]string{"Content-Type": "text/csv"}, body: large, vary: true},
		{name: "RFC 9110 §12.5.3 identity refused", accept: "gzip, identity;q=0", header: map[string]string{"Content-Type": "text/csv"}, body: "x", coding: "gzip", vary: true},
		{name: "RFC 9110 §12.4.1 nothing acceptable", accept: "*;q=0", header: map[string]string{"Content-Type": "text/csv"}, body: large, vary: true},
		{name: "RFC 9110 §8.4 encoded already", header: map[string]string{"Content-Type": "text/csv", "Content-Encoding": "deflate"}, body: large, coding: "deflate"},
		{name: "RFC 9110 §15.3.7 part", status: 206, header: map[string]string{"Content-Type": "text/csv", "Content-Range": "bytes 0-4999/9000"}, body: large, vary: true},
		{name: "RFC 9110 §15.3.7.2 parts", status: 206, header: map[string]string{"Content-Type": "text/csv"}, body: large, vary: true},
		{name: "RFC 9110 §14.4 Content-Range", header: map[string]string{"Content-Type": "text/csv", "Content-Range": "bytes 0-4999/9000"}, body: large},
		{name: "RFC 9110 §15.3.5 no content", status: 204},
		{name: "RFC 9110 §15.4.5 not modified", status: 304, vary: true},
		{name: "RFC 9111 §5.2.2.6 no-transform", header: map[string]string{"Content-Type": "text/csv", "Cache-Control": "public, No-Transform"}, body: large},
		{name: "RFC 9530 digest", header: map[string]string{"Content-Type": "text/csv", "Content-Digest": "sha-256=:AA==:"}, body: large},
		{name: "RFC 9530 digest of the representation", header: map[string]string{"Content-Type": "text/csv", "Repr-Digest": "sha-256=:AA==:"}, body: large},
		{name: "RFC 3230 digest", header: map[string]string{"Content-Type": "text/csv", "Digest": "sha-256=AA=="}, body: large},
		{name: "RFC 2616 §14.15 digest", header: map[string]string{"Content-Type": "text/csv", "Content-MD5": "Q2hlY2sgSW50ZWdyaXR5IQ=="}, body: large},
		{name: "small", header: map[string]string{"Content-Type": "text/csv"}, body: large[:1023], vary: true},
		{name: "small, declared", header: map[string]string{"Content-Type": "text/csv", "Content-Length": "1023"}, body: large[:1023], vary: true},
		{name: "declared", header: map[string]string{"Content-Type": "text/csv", "Content-Length": strconv.Itoa(len(large))}, body: large, coding: "zstd", vary: true},
		{name: "any size", config: encode.Config{MinSize: -1}, header: map[string]string{"Content-Type": "text/csv"}, body: "x", coding: "zstd", vary: true},
		{name: "own types", config: encode.Config{Types: []string{"image/*"}}, header: map[string]string{"Content-Type": "image/png"}, body: large, coding: "zstd", vary: true},
		{name: "HEAD declared", method: http.MethodHead, header: map[string]string{"Content-Type": "text/csv", "Content-Length": "5000"}, coding: "zstd", vary: true},
		{name: "HEAD written", method: http.MethodHead, header: map[string]string{"Content-Type": "text/csv"}, body: large, coding: "zstd", vary: true},
		{name: "HEAD unknown", method: http.MethodHead, header: map[string]string{"Content-Type": "text/csv"}, vary: true},
		{name: "proxy", config: encode.Config{ProxyCompresses: true}, header: map[string]string{"Content-Type": "text/csv"}, body: large},
		{name: "nothing", vary: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := serve(t, tt.config, false, func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range tt.header {
					w.Header().Set(name, value)
				}
				w.Header().Set("Accept-Ranges", "bytes")
				if tt.status != 0 {
					w.WriteHeader(tt.status)
				}
				if tt.body != "" {
					_, _ = io.WriteString(w, tt.body)
				}
			})
			accept := tt.accept
			if accept == "" {
				accept = all["Accept-Encoding"]
			}
			method := tt.method
			if method == "" {
				method = http.MethodGet
			}
			resp, body := do(t, srv, method, map[string]string{"Accept-Encoding": accept})
			coding := resp.Header.Get("Content-Encoding")
			if coding != tt.coding {
				t.Fatalf("Content-Encoding = %q, want %q", coding, tt.coding)
			}
			if got := resp.Header["Vary"]; (len(got) == 1 && got[0] == "Accept-Encoding") != tt.vary || len(got) > 1 {
				t.Errorf("Vary = %q, want it: %t", got, tt.vary)
			}
			if method != http.MethodHead && decode(t, coding, body) != tt.body {
				t.Errorf("body differs: %d bytes in %q", len(body), coding)
			}
			encoded := coding != "" && tt.header["Content-Encoding"] == ""
			if got := resp.Header.Get("Accept-Ranges") == ""; got != encoded {
				t.Errorf("Accept-Ranges gone: %t, want %t", got, encoded)
			}
			if method == http.MethodHead && encoded && resp.Header.Get("Content-Length") != "" {
				t.Errorf("Content-Length of HEAD = %s, want none", resp.Header.Get("Content-Length"))
			}
			if want := tt.status; want != 0 && resp.StatusCode != want {
				t.Errorf("status = %d, want %d", resp.StatusCode, want)
			}
		})
	}
}

// RFC 9110 §9.3.6: what follows the header of a 2xx to CONNECT is no body.
func TestConnectIsLeftAlone(t *testing.T) {
	h := newEncoder(t, encode.Config{}).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write(products(5000))
	}))
	r, rec := httptest.NewRequest(http.MethodConnect, "/", http.NoBody), newRecorder()
	r.Header.Set("Accept-Encoding", "gzip")
	h.ServeHTTP(rec, r)
	if h := rec.Header(); h["Content-Encoding"] != nil || h["Vary"] != nil || rec.Body.Len() < 5000 {
		t.Errorf("CONNECT = %v and %d bytes, want the handler's", h, rec.Body.Len())
	}
}

// RFC 9110 §8.8.3.3: each coding has its own tag; §13.1.2: and it is
// understood when it comes back; §15.4.5: and repeated.
func TestHandlerTags(t *testing.T) {
	tests := []struct {
		name, method, etag string
		request            map[string]string
		status             int
		want               string
	}{
		{name: "out", etag: `"v7"`, status: 200, want: `"v7~gz"`},
		{name: "out, weak", etag: `W/"v7"`, status: 200, want: `W/"v7"`},
		{name: "out, no tag", etag: `v7`, status: 200, want: `v7`},
		{name: "back", etag: `"v7"`, request: map[string]string{"If-None-Match": `"v7~gz"`}, status: 304, want: `"v7~gz"`},
		{name: "back in a list", etag: `"v7"`, request: map[string]string{"If-None-Match": `"v5", "v6~gz", "v7~gz"`}, status: 304, want: `"v7~gz"`},
		{name: "back weakened", etag: `"v7"`, request: map[string]string{"If-None-Match": `W/"v7~gz"`}, status: 304, want: `"v7~gz"`},
		{name: "the body itself", etag: `"v7"`, request: map[string]string{"If-None-Match": `"v7"`}, status: 304, want: `"v7"`},
		{name: "both", etag: `"v7"`, request: map[string]string{"If-None-Match": `"v7", "v7~gz"`}, status: 304, want: `"v7~gz"`},
		{name: "weak of the handler", etag: `W/"v7"`, request: map[string]string{"If-None-Match": `W/"v7"`}, status: 304, want: `W/"v7"`},
		{name: "any", etag: `"v7"`, request: map[string]string{"If-None-Match": `*`}, status: 304, want: `"v7"`},
		{name: "old", etag: `"v8"`, request: map[string]string{"If-None-Match": `"v7~gz"`}, status: 200, want: `"v8~gz"`},
		{name: "a coding that is not accepted", etag: `"v7"`, request: map[string]string{"If-None-Match": `"v7~br"`}, status: 200, want: `"v7~gz"`},
		{name: "broken list", etag: `"v7"`, request: map[string]string{"If-None-Match": `v, "v7~gz"`}, status: 200, want: `"v7~gz"`},
		{name: "own suffix of the service", etag: `"v7~gz"`, request: map[string]string{"If-None-Match": `"v7~gz"`}, status: 304, want: `"v7~gz"`},
		{name: "If-Match", etag: `"v7"`, request: map[string]string{"If-Match": `"v6", "v7~zst"`}, status: 200, want: `"v7~gz"`},
		{name: "If-Match, old", etag: `"v8"`, request: map[string]string{"If-Match": `"v7~gz"`}, status: 412, want: `"v8"`},
		{name: "If-Match, weak", etag: `"v7"`, request: map[string]string{"If-Match": `W/"v7~gz"`}, status: 412, want: `"v7"`},
		{name: "If-Match on a range", etag: `"v7"`, request: map[string]string{"If-Match": `"v7~gz"`, "Range": "bytes=100-"}, status: 412, want: `"v7"`},
		{name: "If-Range of the encoded body", etag: `"v7"`, request: map[string]string{"If-Range": `"v7~gz"`, "Range": "bytes=100-"}, status: 200, want: `"v7~gz"`},
		{name: "If-Range of the body", etag: `"v7"`, request: map[string]string{"If-Range": `"v7"`, "Range": "bytes=100-"}, status: 206, want: `"v7"`},
		{name: "HEAD", method: http.MethodHead, etag: `"v7"`, status: 200, want: `"v7~gz"`},
	}
	body := string(products(5000))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Etag", tt.etag)
				w.Header().Set("Content-Type", "application/json")
				http.ServeContent(w, r, "", timeZero, strings.NewReader(body))
			})
			fields := map[string]string{"Accept-Encoding": "gzip"}
			for name, value := range tt.request {
				fields[name] = value
			}
			method := tt.method
			if method == "" {
				method = http.MethodGet
			}
			resp, _ := do(t, srv, method, fields)
			if got := resp.Header.Get("Etag"); resp.StatusCode != tt.status || got != tt.want {
				t.Errorf("answer = %d, ETag %s, want %d, %s", resp.StatusCode, got, tt.status, tt.want)
			}
			if got := resp.Header["Vary"]; tt.status != 412 && (len(got) != 1 || got[0] != "Accept-Encoding") {
				t.Errorf("Vary = %q, want Accept-Encoding", got)
			}
		})
	}
}

// The request of the handler is a copy then; what the router found must
// reach the layers outside.
func TestHandlerKeepsThePattern(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(http.ResponseWriter, *http.Request) {})
	r, err := http.NewRequest(http.MethodGet, "/orders/7", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("If-None-Match", `"v7~gz"`)
	newEncoder(t, encode.Config{}).Handler(mux).ServeHTTP(discard{}, r)
	if got, want := r.Pattern, "GET /orders/{id}"; got != want {
		t.Errorf("Pattern = %q, want %q", got, want)
	}
	if got, want := r.Header.Get("If-None-Match"), `"v7~gz"`; got != want {
		t.Errorf("If-None-Match of the caller = %q, want %q", got, want)
	}
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
