package encode_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/encode"
)

// dial asks for / on a connection of its own, whose kernel buffer is small, so
// that what the client does not read stays with the server.
func dial(t *testing.T, srv *httptest.Server, coding string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	tcp := conn.(*net.TCPConn)
	if err := tcp.SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: %s\r\n\r\n", coding); err != nil {
		t.Fatal(err)
	}
	return tcp
}

// heapInUse is what is in use after a collection.
func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// maxAhead is how far a handler may be ahead of its client: what the kernel
// buffers for both ends (the defaults of Linux, 4 and 6 MiB at most), the
// compressor's window and net/http's own buffers.
const maxAhead = 16 << 20

// A client that reads slowly holds the handler back, and one that leaves ends
// it, without cost to the memory.
func TestSlowReader(t *testing.T) {
	for _, coding := range []string{"gzip", "br", "zstd"} {
		t.Run(coding, func(t *testing.T) {
			var taken atomic.Int64
			ended := make(chan error, 1)
			srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, err := io.Copy(w, counting{noise(), &taken})
				ended <- err
			})
			before := heapInUse()
			conn := dial(t, srv, coding)
			for read := int64(0); read < 4<<20; {
				n, err := io.CopyN(io.Discard, conn, 512<<10)
				if err != nil {
					t.Fatal(err)
				}
				read += n
				// The bytes of noise are about as many encoded.
				if ahead := taken.Load() - read; ahead > maxAhead {
					t.Fatalf("the handler is %d MiB ahead of its client after %d bytes, want at most %d", ahead>>20, read, maxAhead>>20)
				}
				if grown := heapInUse() - before; grown > 32<<20 {
					t.Fatalf("the heap grew by %d MiB, want at most 32", grown>>20)
				}
			}
			conn.Close()
			if err := <-ended; err == nil {
				t.Error("Copy() = nil after the client has left, want an error")
			}
		})
	}
}

// counting counts what is read of a source.
type counting struct {
	src io.Reader
	n   *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// A client that reads nothing, and does not leave either, is cut by the
// handler's deadline, through the encoder.
func TestStoppedReader(t *testing.T) {
	for _, coding := range []string{"gzip", "br", "zstd"} {
		t.Run(coding, func(t *testing.T) {
			var taken atomic.Int64
			ended := make(chan error, 1)
			srv := serve(t, encode.Config{}, false, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
					t.Errorf("SetWriteDeadline() = %v, want nil", err)
				}
				_, err := io.Copy(w, counting{noise(), &taken})
				ended <- err
			})
			conn := dial(t, srv, coding)
			if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Copy() = %v, want the deadline", err)
			}
			if n := taken.Load(); n > maxAhead {
				t.Errorf("%d MiB were encoded for a client that reads nothing, want at most %d", n>>20, maxAhead>>20)
			}
			conn.Close()
		})
	}
}

// The compressor of a client that leaves serves the next one, whether the
// handler then returns or, as package respond has it, panics.
func TestCompressorsOutliveTheirClients(t *testing.T) {
	const clients = 30
	for _, c := range []encode.Coding{encode.Gzip, encode.Brotli, encode.Zstd} {
		for name, end := range map[string]func(){
			"return": func() {},
			"panic":  func() { panic(http.ErrAbortHandler) },
		} {
			t.Run(c.String()+"/"+name, func(t *testing.T) {
				e := newEncoder(t, encode.Config{})
				made := e.CountMade(c)
				ended := make(chan struct{}, clients)
				srv := quiet(t, e.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					defer func() { ended <- struct{}{} }()
					w.Header().Set("Content-Type", "application/json")
					for some, src := make([]byte, 2000), noise(); ; {
						_, _ = src.Read(some)
						_, err := w.Write(some)
						if err == nil {
							err = http.NewResponseController(w).Flush()
						}
						if err != nil {
							break
						}
					}
					end()
				})))
				for range clients {
					conn := dial(t, srv, c.String())
					if _, err := io.CopyN(io.Discard, conn, 1000); err != nil {
						t.Fatal(err)
					}
					conn.Close()
					<-ended
				}
				// Not none: the race detector has the pool lose one in four,
				// and the next client may come before the last one's is back.
				if n := made.Load(); n > clients*2/3 {
					t.Errorf("%d compressors were made for %d clients, one after the other", n, clients)
				}
			})
		}
	}
}

// A compressor that was left in the middle of a body starts the next afresh.
func TestCompressorAfterAPanic(t *testing.T) {
	e := newEncoder(t, encode.Config{})
	body := products(50_000)
	for _, coding := range []string{"gzip", "br", "zstd"} {
		for _, broken := range []bool{true, false} {
			h := e.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(body)
				if broken {
					panic(http.ErrAbortHandler)
				}
			}))
			rec := newRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			r.Header.Set("Accept-Encoding", coding)
			func() {
				defer func() { _ = recover() }()
				h.ServeHTTP(rec, r)
			}()
			if !broken && decode(t, coding, rec.Body.Bytes()) != string(body) {
				t.Errorf("%s: the body after a broken one is another", coding)
			}
		}
	}
}

// jammed is a response that cannot be written to.
type jammed struct{ http.ResponseWriter }

func (jammed) Write([]byte) (int, error) { panic(http.ErrAbortHandler) }

// A compressor that a panic came out of, whose state nobody knows, serves
// nobody else.
func TestBrokenCompressorIsNotKept(t *testing.T) {
	for _, c := range []encode.Coding{encode.Gzip, encode.Brotli, encode.Zstd} {
		e := newEncoder(t, encode.Config{})
		made := e.CountMade(c)
		h := e.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(products(50_000))
		}))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept-Encoding", c.String())
		func() {
			defer func() { _ = recover() }()
			h.ServeHTTP(jammed{newRecorder()}, r)
		}()
		h.ServeHTTP(newRecorder(), r)
		if made.Load() < 1 {
			t.Errorf("%v: the next response got the compressor that a panic came out of", c)
		}
	}
}
