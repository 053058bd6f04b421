package load_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
)

// A pipeServer serves HTTP over in-memory connections, so that a run against
// it takes place wholly inside a synctest bubble, in virtual time.
type pipeServer struct {
	server *http.Server
	conns  chan net.Conn
	done   chan struct{}
	close  func()
}

func startPipeServer(t *testing.T, h http.Handler) *pipeServer {
	t.Helper()
	s := &pipeServer{
		server: &http.Server{Handler: h},
		conns:  make(chan net.Conn),
		done:   make(chan struct{}),
	}
	s.close = sync.OnceFunc(func() { close(s.done) })
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.server.Serve(s) // always the error of the closed listener
	}()
	t.Cleanup(func() {
		_ = s.server.Close()
		<-served
	})
	return s
}

// Dial is a load.Config.Dial.
func (s *pipeServer) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case s.conns <- far:
		return near, nil
	case <-s.done:
		return nil, errors.New("closed")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *pipeServer) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}

func (s *pipeServer) Close() error   { s.close(); return nil }
func (s *pipeServer) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
