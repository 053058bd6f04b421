package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/store"
)

// errLimits is matched by the error of a file that -limits needs and cannot use.
var errLimits = errors.New("-limits cannot be used")

// newClients returns what finds the clients behind the proxies that o names.
func newClients(o options) (*clientip.Resolver, error) {
	trusted, err := clientip.ParseNetworks(o.trust)
	if err != nil {
		return nil, fmt.Errorf("-trust: %w", err)
	}
	return clientip.New(clientip.Config{Trusted: trusted, Hops: clientip.Hops{For: o.hops}})
}

// limit puts limits around the shop.
func (l *layers) limit(ctx context.Context, s *shop.Shop, o options) error {
	if !o.limits {
		return nil
	}
	cfg := shop.LimitsConfig{OnError: func(ctx context.Context, err error) {
		l.log.WarnContext(ctx, "limits", "error", err)
	}}
	if o.accounts != "" {
		file, err := os.Open(o.accounts)
		if err != nil {
			return fmt.Errorf("%w: -accounts: %w", errLimits, err)
		}
		defer file.Close()
		if cfg.Accounts, err = shop.ReadAccounts(file); err != nil {
			return fmt.Errorf("%w: -accounts: %w", errLimits, err)
		}
	}
	counts, closeStore, err := store.OpenLimits(ctx, o.store)
	l.closers = append(l.closers, closeStore)
	if err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	l.check(ctx, counts.Ping, "each process limits by itself")
	if l.limits, err = s.Limits(counts, cfg); err != nil {
		return fmt.Errorf("%w: %w", errLimits, err)
	}
	l.closers = append(l.closers, func() error { l.limits.Close(); return nil })
	return nil
}

// around returns next inside the layers that see every request: who the client
// is, what it costs, and whether it is too much.
func (l *layers) around(next http.Handler) http.Handler {
	if l.limits != nil {
		next = l.limits.Handler(next)
	}
	if l.hone != nil {
		next = l.hone.Handler(next)
	}
	return l.clients.Handler(next)
}

// administer serves the table of limits to who has the credential that is in a
// file, until close.
func (l *layers) administer(o options) (addr string, err error) {
	if o.admin == "" {
		return "", nil
	}
	token, err := os.ReadFile(o.token)
	if err != nil {
		return "", fmt.Errorf("%w: -admin-token: %w", errLimits, err)
	}
	handler, err := l.limits.AdminHandler(strings.TrimSpace(string(token)), l.clients.Handler)
	if err != nil {
		return "", fmt.Errorf("%w: -admin-token: %w", errLimits, err)
	}
	listener, err := net.Listen("tcp", o.admin)
	if err != nil {
		return "", fmt.Errorf("cannot listen: %w: choose another -admin", err)
	}
	server := &http.Server{Handler: handler, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // until it is closed
	}()
	l.closers = append(l.closers, func() error {
		err := server.Close()
		<-ended
		return err
	})
	return listener.Addr().String(), nil
}
