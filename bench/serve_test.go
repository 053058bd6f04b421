package bench_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hone-go/hone/encode"
)

const connections = 16

// BenchmarkServe measures whole requests over the loopback: by 16 connections
// that are kept alive, each of which asks again when it has the answer. Server
// and client share the cores. One handler answers from hone's cache, the other
// with the same body, always. With an encoder before the cache's store, it does
// so as it is and in gzip.
func BenchmarkServe(b *testing.B) {
	static := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(cachedBody))) // or net/http would send it in chunks
		_, _ = w.Write(cachedBody)
	}
	encoder, err := encode.New(encode.Config{})
	if err != nil {
		b.Fatal(err)
	}
	coded := honeCache(b, encoder, identity, "gzip")
	b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
		for _, impl := range []struct {
			name, coding string
			handler      http.Handler
		}{
			{"static", identity, http.HandlerFunc(static)},
			{"hone", identity, honeCache(b, nil, identity)},
			{"hone-identity", identity, coded},
			{"hone-gzip", "gzip", coded},
		} {
			clients := connect(b, impl.handler, impl.coding)
			b.Run(impl.name, func(b *testing.B) { askAll(b, clients) })
		}
	})
}

// connect starts a server and returns connections to it, each of which has
// been used.
func connect(b *testing.B, handler http.Handler, coding string) []*client {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	served := make(chan struct{})
	go func() { _ = server.Serve(l); close(served) }()
	b.Cleanup(func() { _ = server.Close(); <-served })
	clients := make([]*client, connections)
	for i := range clients {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		clients[i] = newClient(conn, coding)
		if err := clients[i].ask(); err != nil {
			b.Fatal(err)
		}
	}
	return clients
}

// askAll shares b.N requests out to the clients.
func askAll(b *testing.B, clients []*client) {
	b.ReportAllocs()
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := c.ask(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// A client is one connection. It reads no more of an answer than where it
// ends: the more a client does, the less the servers differ.
type client struct {
	conn        net.Conn
	reader      *bufio.Reader
	request     []byte
	least, most int // the answer's bytes
}

func newClient(conn net.Conn, coding string) *client {
	var request bytes.Buffer
	r := listRequest(coding)
	_ = r.Write(&request) // never fails
	c := &client{conn, bufio.NewReaderSize(conn, 16<<10), request.Bytes(), len(cachedBody), len(cachedBody)}
	if coding != identity {
		c.least, c.most = 1, len(cachedBody)/2
	}
	return c
}

// ask sends the request and reads the answer, which must be cachedBody.
func (c *client) ask() error {
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	length, name := -1, []byte("Content-Length: ")
	for first := true; ; first = false {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && string(line) != "HTTP/1.1 200 OK\r\n" {
			return fmt.Errorf("answer begins with %q", line)
		}
		if len(line) == 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, name); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	if length < c.least || length > c.most {
		return fmt.Errorf("answer of %d bytes, want %d to %d", length, c.least, c.most)
	}
	_, err := io.CopyN(io.Discard, c.reader, int64(length))
	return err
}
