package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// probeTimeout bounds the first connection to a host. Not shorter: a lost SYN
// is sent again after 1 s. Not longer: the user waits for it.
const probeTimeout = 3 * time.Second

// UnreachableError says that a target's address takes no connection, found
// before any load was sent.
type UnreachableError struct {
	Address string // host:port
	Err     error
}

// Error says what to do next.
func (e *UnreachableError) Error() string {
	var dns *net.DNSError
	if errors.As(e.Err, &dns) {
		host, _, _ := net.SplitHostPort(e.Address)
		return fmt.Sprintf("the host %s has no address: correct its name", host)
	}
	return fmt.Sprintf("nothing answers at %s: start the service or correct the address", e.Address)
}

// Unwrap returns why the connection failed.
func (e *UnreachableError) Unwrap() error { return e.Err }

// probe opens and closes one connection to each address.
func probe(ctx context.Context, c Config, recipes []recipe) error {
	tried := make(map[string]bool)
	for _, r := range recipes {
		if tried[r.address] {
			continue
		}
		tried[r.address] = true
		if err := probeOne(ctx, c, r.address); err != nil {
			return err
		}
	}
	return nil
}

func probeOne(ctx context.Context, c Config, address string) error {
	ctx, cancel := context.WithTimeout(ctx, min(c.Timeout, probeTimeout))
	defer cancel()
	conn, err := c.Dial(ctx, "tcp", address)
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return fmt.Errorf("load: %w", context.Cause(ctx))
	}
	if err != nil {
		return &UnreachableError{Address: address, Err: err}
	}
	return conn.Close()
}
