package encode_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/encode"
)

var timeZero time.Time

// A flush decides, and sends what came: the client reads each event while the
// handler waits for it to have done so.
func TestFlushStreams(t *testing.T) {
	for _, coding := range []string{"gzip", "br", "zstd"} {
		t.Run(coding, func(t *testing.T) {
			seen := make(chan struct{})
			srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				for range 3 {
					_, _ = io.WriteString(w, "data: tick\n\n")
					if err := http.NewResponseController(w).Flush(); err != nil {
						t.Errorf("Flush() = %v, want nil", err)
					}
					select {
					case <-seen:
					case <-r.Context().Done():
						return
					}
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, http.NoBody)
			req.Header.Set("Accept-Encoding", coding)
			resp, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if got := resp.Header.Get("Content-Encoding"); got != coding {
				t.Fatalf("Content-Encoding = %q, want %q", got, coding)
			}
			r, err := reader(coding, resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			event := make([]byte, len("data: tick\n\n"))
			for range 3 {
				if _, err := io.ReadFull(r, event); err != nil || string(event) != "data: tick\n\n" {
					t.Fatalf("event = %q, %v, want a tick", event, err)
				}
				seen <- struct{}{}
			}
			if rest, err := io.ReadAll(r); len(rest) != 0 || err != nil {
				t.Errorf("after the events: %q, %v, want the end", rest, err)
			}
		})
	}
}

// A body that the handler did not finish must not look finished.
func TestCutBodies(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"panic half way", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(products(500_000))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}},
		{"less than declared", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "600000")
			_, _ = w.Write(products(500_000)[:500_000])
		}},
	}
	for _, tt := range tests {
		for _, coding := range []string{"gzip", "br", "zstd"} {
			for _, h2 := range []bool{false, true} {
				srv := serve(t, encode.Config{}, h2, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					tt.handler(w, r)
				})
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, http.NoBody)
				req.Header.Set("Accept-Encoding", coding)
				resp, err := srv.Client().Do(req)
				if err != nil {
					continue // nothing at all came: not a whole body either
				}
				raw, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err == nil {
					t.Errorf("%s, %s, h2=%t: the transport saw a whole body", tt.name, coding, h2)
				}
				if r, err := reader(coding, bytes.NewReader(raw)); err == nil {
					if _, err := io.Copy(io.Discard, r); err == nil {
						t.Errorf("%s, %s, h2=%t: the decoder saw a whole body", tt.name, coding, h2)
					}
				}
			}
		}
	}
}

// A panic before the header leaves it to the layers outside, even if those
// recover; after it the bytes stay without their end, however few there are.
func TestRecoveredPanic(t *testing.T) {
	e := newEncoder(t, encode.Config{})
	for _, coding := range []string{"gzip", "br", "zstd"} {
		for _, size := range []int{100, 2000, 500_000} {
			h := e.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(products(500_000)[:size])
				panic("bug")
			}))
			rec := newRecorder()
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was swallowed")
					}
					rec.WriteHeader(http.StatusInternalServerError)
				}()
				r, _ := http.NewRequest(http.MethodGet, "/", http.NoBody)
				r.Header.Set("Accept-Encoding", coding)
				h.ServeHTTP(rec, r)
			}()
			if size == 100 {
				if rec.Code != 500 || rec.Body.Len() != 0 {
					t.Errorf("%s: after a panic while held: %d, %d bytes, want 500 and none", coding, rec.Code, rec.Body.Len())
				}
				continue
			}
			r, err := reader(coding, rec.Body)
			if err == nil {
				_, err = io.Copy(io.Discard, r)
			}
			if err == nil || rec.Code != 200 {
				t.Errorf("%s: after a panic at %d bytes: %d and a whole body, want 200 and a part", coding, size, rec.Code)
			}
		}
	}
}

// RFC 9110 §15.2.
func TestEarlyHints(t *testing.T) {
	srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusTeapot) // the first one counts
		_, _ = w.Write(products(5000))
	})
	var hints []int
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			hints = append(hints, code)
			if h.Get("Content-Encoding") != "" || h.Get("Link") == "" {
				t.Errorf("header of the hint = %v, want Link and no Content-Encoding", h)
			}
			return nil
		},
	})
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, http.NoBody)
	req.Header.Set("Accept-Encoding", "zstd")
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if len(hints) != 1 || resp.StatusCode != 202 || resp.Header.Get("Content-Encoding") != "zstd" {
		t.Errorf("hints %v, then %d in %q, want one, 202, zstd", hints, resp.StatusCode, resp.Header.Get("Content-Encoding"))
	}
}

func TestTrailers(t *testing.T) {
	srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("Trailer", "X-Rows")
		_, _ = io.WriteString(w, "a,b\n")
		w.Header().Set("X-Rows", "1")
	})
	resp, body := do(t, srv, http.MethodGet, all)
	if got := resp.Trailer.Get("X-Rows"); got != "1" || resp.Header.Get("X-Rows") != "" {
		t.Errorf("trailer = %q, header = %q, want 1 and none", got, resp.Header.Get("X-Rows"))
	}
	if got := decode(t, resp.Header.Get("Content-Encoding"), body); got != "a,b\n" {
		t.Errorf("body = %q, want a,b", got)
	}
}

func TestHijack(t *testing.T) {
	srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack() = %v, want nil", err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = buf.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhi")
		_ = buf.Flush()
	})
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if answer, _ := io.ReadAll(bufio.NewReader(conn)); !strings.HasSuffix(string(answer), "\r\n\r\nhi") {
		t.Errorf("answer = %q, want it to end in hi", answer)
	}
}

// A header that was held back goes out before the connection is taken over, as
// net/http's own does; a body that it holds back itself does not.
func TestHijackAfterAHeader(t *testing.T) {
	srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusAccepted)
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack() = %v, want nil", err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = buf.WriteString("after")
		_ = buf.Flush()
	})
	conn := dial(t, srv, "gzip")
	answer, _ := io.ReadAll(conn)
	if got := string(answer); !strings.HasPrefix(got, "HTTP/1.1 202 ") || !strings.HasSuffix(got, "after") || strings.Contains(got, "Content-Encoding") {
		t.Errorf("answer = %q, want 202 and the bytes of the handler as they are", got)
	}
}

// RFC 9110 §8.6: who writes more than was declared is told so, as without the
// encoder, and the rest is not sent.
func TestMoreThanDeclared(t *testing.T) {
	body := products(5000)
	for _, coding := range []string{"gzip", "br", "zstd"} {
		srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "4000")
			if n, err := w.Write(body[:4000]); n != 4000 || err != nil {
				t.Errorf("%s: Write() of what was declared = %d, %v, want 4000, nil", coding, n, err)
			}
			if n, err := w.Write(body[4000:]); n != 0 || !errors.Is(err, http.ErrContentLength) {
				t.Errorf("%s: Write() of more = %d, %v, want 0, %v", coding, n, err, http.ErrContentLength)
			}
		})
		resp, got := do(t, srv, http.MethodGet, map[string]string{"Accept-Encoding": coding})
		if ce := resp.Header.Get("Content-Encoding"); ce != coding || decode(t, ce, got) != string(body[:4000]) {
			t.Errorf("%s: body in %q is not what was declared", coding, ce)
		}
	}
}

// Files and readers, encoded and not, whatever decides.
func TestReadFrom(t *testing.T) {
	content := string(products(300_000))
	name := filepath.Join(t.TempDir(), "products")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, contentType := range []string{"application/json", "image/png", ""} {
		for _, limit := range []int64{0, 10, 1000, 300_000} {
			srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, _ *http.Request) {
				f, err := os.Open(name)
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = f.Close() }()
				if contentType != "" {
					w.Header().Set("Content-Type", contentType)
				}
				if n, err := io.CopyN(w, f, limit); n != limit || err != nil {
					t.Errorf("CopyN() = %d, %v, want %d, nil", n, err, limit)
				}
				if limit == 0 {
					w.WriteHeader(http.StatusNotFound) // still open
				}
			})
			resp, body := do(t, srv, http.MethodGet, all)
			coding := resp.Header.Get("Content-Encoding")
			if got := decode(t, coding, body); got != content[:limit] {
				t.Errorf("%q, %d bytes: body has %d", contentType, limit, len(got))
			}
			if want := limit >= 1024 && contentType != "image/png"; (coding != "") != want {
				t.Errorf("%q, %d bytes: Content-Encoding = %q, want one: %t", contentType, limit, coding, want)
			}
			if limit == 0 && resp.StatusCode != http.StatusNotFound {
				t.Errorf("status after an empty copy = %d, want 404", resp.StatusCode)
			}
		}
	}
}

// A body far larger than the bound passes, and memory does not grow with it.
func TestLargeBodyInBoundedMemory(t *testing.T) {
	const total = 256 << 20
	srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if n, err := io.CopyN(w, noise(), total); n != total || err != nil {
			t.Errorf("CopyN() = %d, %v, want %d, nil", n, err, total)
		}
	})
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, http.NoBody)
	req.Header.Set("Accept-Encoding", "zstd")
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	r, err := reader(resp.Header.Get("Content-Encoding"), resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for err == nil {
		var m int64
		m, err = io.CopyN(io.Discard, r, 64<<20)
		n += m
		runtime.GC()
		runtime.ReadMemStats(&during)
		if grown := int64(during.HeapInuse) - int64(before.HeapInuse); grown > 32<<20 {
			t.Fatalf("heap grew by %d MiB after %d MiB, want at most 32", grown>>20, n>>20)
		}
	}
	if n != total {
		t.Errorf("body = %d bytes, %v, want %d", n, err, total)
	}
}

// When the client leaves, the handler's writes fail.
func TestClientLeaves(t *testing.T) {
	for _, coding := range []string{"gzip", "br", "zstd"} {
		failed := make(chan error, 1)
		srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, err := io.Copy(w, noise())
			failed <- err
		})
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, http.NoBody)
		req.Header.Set("Accept-Encoding", coding)
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if err := <-failed; err == nil {
			t.Errorf("%s: Copy() = nil, want an error", coding)
		}
	}
}

// pieces notes the lengths of the writes that reach it.
type pieces struct {
	http.ResponseWriter
	lengths []int
}

func (p *pieces) Write(b []byte) (int, error) {
	p.lengths = append(p.lengths, len(b))
	return p.ResponseWriter.Write(b)
}

// A compressor puts out some hundred bytes at a time; what is below gets them
// in pieces worth a write, and at a flush whatever there is.
func TestOutputIsGathered(t *testing.T) {
	const gathered = 16 << 10
	body := products(500_000)
	for _, coding := range []string{"gzip", "br", "zstd"} {
		for _, flush := range []int{0, 100_000} {
			h := newEncoder(t, encode.Config{}).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if flush > 0 {
					_, _ = w.Write(body[:flush])
					_ = http.NewResponseController(w).Flush()
				}
				_, _ = w.Write(body[flush:])
			}))
			rec := newRecorder()
			w := &pieces{ResponseWriter: rec}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			r.Header.Set("Accept-Encoding", coding)
			h.ServeHTTP(w, r)
			total := rec.Body.Len()
			if most := total/(gathered-300) + 2; len(w.lengths) > most {
				t.Errorf("%s, flush at %d: %d bytes in %d writes, want at most %d", coding, flush, total, len(w.lengths), most)
			}
			if got := decode(t, coding, rec.Body.Bytes()); got != string(body) {
				t.Errorf("%s, flush at %d: another body came back", coding, flush)
			}
		}
	}
}
