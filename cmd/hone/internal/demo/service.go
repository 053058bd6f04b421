package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/measure"
)

// A service is the shop, measured and served on a loopback port.
type service struct {
	url      string
	db       *data.DB
	shop     *shop.Shop
	server   *http.Server
	served   chan error
	handler  atomic.Pointer[http.Handler]
	recorder *measure.Recorder // of the stage under way
}

// listen takes the address before any work is done for it.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("demo: %s is in use: stop what listens there, or leave --addr out for a free port", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("demo: cannot listen on %s: %w", addr, err)
	}
	return l, nil
}

// startService serves the shop on listener, which it closes in the end.
func startService(listener net.Listener, db *data.DB) (*service, error) {
	s := &service{url: "http://" + listener.Addr().String(), db: db, served: make(chan error, 1)}
	var err error
	if s.shop, err = shop.New(db, shop.Config{}); err != nil {
		return nil, err
	}
	if err := s.measureAnew(); err != nil {
		return nil, err
	}
	s.server = &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			(*s.handler.Load()).ServeHTTP(w, r)
		}),
	}
	go func() { s.served <- s.server.Serve(listener) }()
	return s, nil
}

// measureAnew gives the next requests a recorder of their own.
func (s *service) measureAnew() error {
	recorder, err := measure.New(measure.Config{})
	if err != nil {
		return err
	}
	handler := recorder.Handler(s.shop.Handler())
	s.recorder = recorder
	s.handler.Store(&handler)
	return nil
}

// close ends the service and waits for requests under way, for a while.
func (s *service) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.server.Close())
	}
	if e := <-s.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
