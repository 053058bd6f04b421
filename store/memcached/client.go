package memcached

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"strings"
	"sync"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/hone-go/hone/cache"
)

// A node is the address of a server. It is resolved when it is dialled.
type node string

func (n node) Network() string {
	if strings.HasPrefix(string(n), "/") {
		return "unix"
	}
	return "tcp"
}

func (n node) String() string { return string(n) }

// nodes picks the server of a key by the remainder of its checksum.
type nodes []node

func (ns nodes) PickServer(key string) (net.Addr, error) {
	return ns[crc32.ChecksumIEEE([]byte(key))%uint32(len(ns))], nil
}

func (ns nodes) Each(f func(net.Addr) error) error {
	var errs []error
	for _, n := range ns {
		errs = append(errs, f(n))
	}
	return errors.Join(errs...)
}

// exchange runs f, which talks to a server, and returns when ctx ends if that
// is earlier. f then runs on, within Config.Timeout, and keeps its slot: there
// are never more than Config.MaxConns.
func exchange[T any](ctx context.Context, s *Store, f func() (T, error)) (T, error) {
	type answer struct {
		result T
		err    error
	}
	var none T
	if s.closed.Load() {
		return none, unavailable(errClosed)
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return none, unavailable(ctx.Err())
	}
	if ctx.Err() != nil { // select picks any that is ready
		<-s.slots
		return none, unavailable(ctx.Err())
	}
	answers := make(chan answer, 1)
	go func() {
		defer func() { <-s.slots }()
		result, err := f()
		answers <- answer{result, err}
	}()
	select {
	case a := <-answers:
		return a.result, s.explain(a.err)
	case <-ctx.Done():
		return none, unavailable(ctx.Err())
	}
}

// each calls f for the index of every key, some at the same time, those of
// equal keys in order, and joins the errors.
func each(keys []string, f func(i int) error) error {
	if len(keys) == 1 {
		return f(0)
	}
	const parallel = 8 // so that one call leaves slots to others
	errs := make([]error, len(keys))
	var wg sync.WaitGroup
	for worker := range uint32(parallel) {
		wg.Go(func() {
			for i, key := range keys {
				if crc32.ChecksumIEEE([]byte(key))%parallel == worker {
					errs[i] = f(i)
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

var (
	errClosed = errors.New("the store is closed")
	errNoCAS  = errors.New("the server was started with -C: without compare-and-swap a deleted value could come back")
)

func unavailable(cause error) error {
	return fmt.Errorf("memcached: %w: %w", cache.ErrUnavailable, cause)
}

// explain makes a client's error one of the contract, but for the answers of
// conditional writes, which it leaves.
func (s *Store) explain(err error) error {
	switch {
	case err == nil || isAnswer(err):
		return err
	case strings.Contains(err.Error(), "object too large for cache"):
		return fmt.Errorf("memcached: %w: the server's bound is lower than Config.MaxValueBytes", cache.ErrTooLarge)
	case !isTimeout(err):
		// The other idle connections to a server that has gone are as dead:
		// without them, one call fails and not as many as there are.
		_ = s.client.Close()
	}
	return unavailable(err)
}

// isAnswer reports whether the server has answered that a condition is not met.
func isAnswer(err error) bool {
	return errors.Is(err, memcache.ErrCacheMiss) || errors.Is(err, memcache.ErrNotStored) || errors.Is(err, memcache.ErrCASConflict)
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
