package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/measure"
)

// A service is the shop, measured and served on a loopback port.
type service struct {
	config   Config
	name     string // that no other demo has
	url      string
	db       *data.DB
	shop     *shop.Shop
	cache    *keeper
	limits   *guard // nil until there are limits
	abused   bool   // a client guesses passwords
	key      string // of the API, for all other clients
	keeps    bool   // the shop uses the cache
	watched  bool   // which is told of changes in the database
	unwatch  func() // waits for what tells it
	server   *http.Server
	served   chan error
	handler  atomic.Pointer[http.Handler]
	recorder *measure.Recorder // of the stage under way
	hits     *hits             // likewise
}

// listen takes the address before any work is done for it.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("demo: %s is in use: stop what listens there, or leave --addr out for a free port", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("demo: %s is on no network of this machine: leave --addr out for 127.0.0.1", addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("demo: %s may not be listened on by this user: take a port above 1023, or leave --addr out", addr)
	default:
		return nil, fmt.Errorf("demo: cannot listen on %s: %w: leave --addr out for a free port of 127.0.0.1", addr, err)
	}
}

// startService serves the shop on listener, which it closes in the end.
func startService(listener net.Listener, cfg Config, name string, db *data.DB, cache *keeper) (*service, error) {
	s := &service{config: cfg, name: name, url: "http://" + listener.Addr().String(), db: db, cache: cache, served: make(chan error, 1), unwatch: func() {}, key: suffix() + suffix() + suffix()}
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

// keep puts a shop that uses the cache, and all the fixes, in place of this one
// from the next measurement on.
func (s *service) keep(ctx context.Context) error {
	kept, err := shop.New(s.db, shop.Config{Tuned: true, Cache: s.cache.Cache})
	if err != nil {
		return err
	}
	if err := s.watch(ctx); err != nil {
		return err
	}
	s.shop, s.keeps = kept, true
	return s.measureAnew()
}

// settleTimeout bounds how long the listener may take to begin. Not shorter: it
// connects, and its heart beats once a second. Not longer: somebody waits.
const settleTimeout = 15 * time.Second

// watch has the cache told of changes in the database, where that can tell.
func (s *service) watch(ctx context.Context) error {
	listener, err := shop.Watch(ctx, s.db, s.cache.Cache, slog.New(slog.DiscardHandler))
	if errors.Is(err, data.ErrNoTriggers) {
		return nil
	}
	if err != nil {
		return err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = listener.Run(run) // ends with the demo
	}()
	s.watched, s.unwatch = true, func() { cancel(); <-ended }
	return settle(ctx, listener)
}

// settle waits until the listener has begun, and has had the cache forget what
// it may have missed before: not while a stage is measured.
func settle(ctx context.Context, listener *pginvalidate.Listener) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); listener.Lag() >= time.Since(began); { // until the first proof, it rises like the time
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("demo: no notification comes from the database: %w", ctx.Err())
		}
	}
	return nil
}

// limit puts limits around the shop.
func (s *service) limit(ctx context.Context) (err error) {
	s.limits, err = newGuard(ctx, s)
	return err
}

// measureAnew gives the next requests a recorder of their own.
func (s *service) measureAnew() error {
	recorder, err := measure.New(measure.Config{})
	if err != nil {
		return err
	}
	s.recorder, s.hits = recorder, new(hits)
	handler := s.hits.handler(s.shop.Handler())
	if s.limits != nil {
		handler = s.limits.Handler(handler)
	}
	handler = recorder.Handler(handler)
	s.handler.Store(&handler)
	return nil
}

// close ends the service and waits for requests under way, for a while.
func (s *service) close() error {
	s.unwatch()
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.server.Close())
	}
	if e := <-s.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return errors.Join(err, s.limits.close())
}
