package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// dialPatience is how long a call waits for a connection that is being
	// made. Longer than making one takes in one data centre, and no longer than
	// a cache waits for an answer: further away, the first call fails and a
	// later one finds the connection made.
	dialPatience = 50 * time.Millisecond
	// The wait between failed attempts doubles between these. Not longer: a
	// server that is back shall be found within a second.
	dialBackoff    = 10 * time.Millisecond
	dialBackoffMax = 250 * time.Millisecond
	// dialFresh is how long a connection is kept that nobody has taken: its
	// caller has lost patience.
	dialFresh = time.Second
)

// A dialer makes connections in the background, so that no call waits long for
// a server that is away, frozen, or behind a network that swallows packets: it
// fails at once with the last attempt's error.
type dialer struct {
	network string
	timeout time.Duration
	ctx     context.Context
	cancel  context.CancelFunc
	dials   sync.WaitGroup
	made    atomic.Uint64 // connections handed out

	mu struct {
		sync.Mutex
		attempts map[string]*attempt // the last of each address
	}
}

// An attempt makes one connection. The fields are set when done is closed.
type attempt struct {
	failures int // in a row, this one included

	done chan struct{}
	at   time.Time
	conn net.Conn
	err  error
}

func newDialer(network string, timeout time.Duration) *dialer {
	d := &dialer{network: network, timeout: timeout}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.mu.attempts = make(map[string]*attempt)
	return d
}

// dial returns a connection to a server that has answered.
func (d *dialer) dial(ctx context.Context, address string, nd *net.Dialer, config *tls.Config) (net.Conn, error) {
	patience := time.NewTimer(dialPatience)
	defer patience.Stop()
	for {
		a, conn, err := d.attempt(address, nd, config)
		if conn != nil || err != nil {
			return conn, err
		}
		select {
		case <-a.done:
		case <-patience.C:
			return nil, fmt.Errorf("%s: %w", address, errNotConnected)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// attempt returns a connection that was made, the error of an attempt that it
// is too early to repeat, or the attempt to wait for.
func (d *dialer) attempt(address string, nd *net.Dialer, config *tls.Config) (*attempt, net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return nil, nil, errClosed
	}
	failures := 0
	if a := d.mu.attempts[address]; a != nil {
		select {
		case <-a.done:
		default:
			return a, nil, nil
		}
		switch {
		case a.err != nil && time.Since(a.at) < backoff(a.failures):
			return nil, nil, a.err
		case a.err != nil:
			failures = a.failures
		default:
			delete(d.mu.attempts, address)
			if time.Since(a.at) < dialFresh {
				d.made.Add(1)
				return nil, a.conn, nil
			}
			_ = a.conn.Close()
		}
	}
	a := &attempt{failures: failures + 1, done: make(chan struct{})}
	d.mu.attempts[address] = a
	d.dials.Go(func() {
		a.conn, a.err = d.connect(address, nd, config)
		a.at = time.Now()
		close(a.done)
	})
	return a, nil, nil
}

func backoff(failures int) time.Duration {
	return min(dialBackoff<<min(failures-1, 10), dialBackoffMax)
}

// connect makes a connection and sees that the server answers: one that is
// frozen is still connected to by its kernel.
func (d *dialer) connect(address string, nd *net.Dialer, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.timeout)
	defer cancel()
	var (
		conn net.Conn
		err  error
	)
	if config != nil {
		conn, err = (&tls.Dialer{NetDialer: nd, Config: config}).DialContext(ctx, d.network, address)
	} else {
		conn, err = nd.DialContext(ctx, d.network, address)
	}
	if err != nil {
		return nil, err
	}
	// conn is not a named result: a return would set it while this reads it.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = greet(conn)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return conn, nil
}

// greet asks for an answer, which is that authentication comes first, if there
// is any.
func greet(conn net.Conn) error {
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	var line [256]byte
	n := 0
	for { // byte by byte: what follows the line is not for us
		if _, err := conn.Read(line[n : n+1]); err != nil {
			return err
		}
		if line[n] == '\n' || n == len(line)-1 {
			break
		}
		n++
	}
	switch text := string(line[:n]); {
	case n > 0 && text[0] == '+', n > 4 && text[:5] == "-NOAU", n > 4 && text[:5] == "-NOPE":
		return nil
	default:
		return errors.New(text)
	}
}

// close ends attempts, and closes connections that nobody has taken.
func (d *dialer) close() {
	d.mu.Lock()
	d.cancel() // under the lock: no attempt begins after it
	d.mu.Unlock()
	d.dials.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.mu.attempts {
		if a.conn != nil {
			_ = a.conn.Close()
		}
	}
	clear(d.mu.attempts)
}
