package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

const (
	// keepAlive is how long a connection may be silent before the server is
	// asked whether it is there, and how long it has to answer. Not longer: a
	// frozen server's connections are closed only then. Not shorter: a script
	// or a fork can stop a server in good health for that long.
	keepAlive = 500 * time.Millisecond
	// connectBackoff is the wait between attempts to find the servers of a
	// Sentinel or Cluster.
	connectBackoff = 100 * time.Millisecond
	// sentinelRefresh is how often the Sentinels are asked for the master, in
	// case that the notice of a failover was missed.
	sentinelRefresh = time.Second
	// maxRedirections bounds how often one command follows a slot that moves.
	maxRedirections = 5
)

// A conn is the one way to the servers for all that this package does.
type conn struct {
	target target
	tls    *tls.Config
	config Config
	dialer *dialer
	gate   *gate

	client atomic.Pointer[rueidis.Client] // nil until servers are found
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	found  chan struct{} // closed when client is set
	mu     struct {
		sync.Mutex
		err error // of the last attempt to find servers
	}
}

func newConn(t target, c Config) *conn {
	cn := &conn{
		target: t,
		tls:    t.tlsConfig(c.TLS),
		config: c,
		dialer: newDialer(t.network, c.DialTimeout),
		gate:   newGate(),
		found:  make(chan struct{}),
	}
	cn.ctx, cn.cancel = context.WithCancel(context.Background())
	cn.mu.err = errNotConnected
	cn.work.Go(cn.connect)
	return cn
}

// flushDelay is how long a connection gathers calls that came together before
// it sends them, so that they share a system call: 128 goroutines read half as
// many values again and more. Not longer: a few concurrent calls wait for it in
// vain, and a round trip within a data centre takes 200 µs.
const flushDelay = 20 * time.Microsecond

// options are those of a client for all servers.
func (c *conn) options() rueidis.ClientOption {
	o := rueidis.ClientOption{
		InitAddress:       c.target.addresses,
		TLSConfig:         c.tls,
		Username:          c.target.username,
		Password:          c.target.password,
		SelectDB:          c.target.database,
		DialCtxFn:         c.dialer.dial,
		Dialer:            net.Dialer{Timeout: c.config.DialTimeout, KeepAlive: keepAlive},
		ConnWriteTimeout:  keepAlive,
		RingScaleEachConn: ringScale,
		BlockingPipeline:  -1,   // never a connection for one large call
		AlwaysPipelining:  true, // else a call that ends early closes its connection
		MaxFlushDelay:     flushDelay,
		DisableCache:      true,
		RetryDelay:        retryOnce,
	}
	switch c.target.topology {
	case standalone:
		o.ForceSingleClient = true
	case sentinel:
		o.Sentinel = rueidis.SentinelOption{
			Dialer:                  o.Dialer,
			TLSConfig:               c.tls,
			MasterSet:               c.target.master,
			Username:                c.target.sentinelUsername,
			Password:                c.target.sentinelPassword,
			TopologyRefreshInterval: sentinelRefresh,
		}
	case cluster:
		o.ClusterOption.MaxMovedRedirections = maxRedirections
	}
	return o
}

// retryOnce lets a read be sent again at once, for a connection that had died
// unnoticed, and no more: what to do without an answer is the caller's choice.
// Reads are pinned: the client would use the memory of one that a second
// connection has answered again, while the first may still be sending it.
func retryOnce(attempts int, _ rueidis.Completed, _ error) time.Duration {
	if attempts > 1 {
		return -1
	}
	return 0
}

// connect looks for the servers until it has found them.
func (c *conn) connect() {
	retry := time.NewTicker(connectBackoff)
	defer retry.Stop()
	for {
		client, err := rueidis.NewClient(c.options())
		if client != nil { // a standalone one connects when it is used
			c.client.Store(&client)
			close(c.found)
			return
		}
		c.mu.Lock()
		c.mu.err = err
		c.mu.Unlock()
		select {
		case <-retry.C:
		case <-c.ctx.Done():
			return
		}
	}
}

// get returns the client, or says why there is none.
func (c *conn) get() (rueidis.Client, error) {
	if p := c.client.Load(); p != nil {
		return *p, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return nil, c.mu.err
}

// enter returns the client for one call, after which leave has to be called.
func (c *conn) enter(ctx context.Context) (rueidis.Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.ctx.Err() != nil {
		return nil, errClosed
	}
	client, err := c.get()
	if err != nil {
		return nil, err
	}
	return client, c.gate.enter(ctx)
}

// leave ends a call that got an answer or an error.
func (c *conn) leave(err error) { c.gate.leave(err != nil && isContext(err)) }

// doMulti sends the commands that build makes, in one round trip to each node.
func (c *conn) doMulti(ctx context.Context, build func(rueidis.Builder) []rueidis.Completed) ([]rueidis.RedisResult, error) {
	client, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	cmds := build(client.B())
	if len(cmds) == 1 {
		r := client.Do(ctx, cmds[0])
		c.leave(r.NonRedisError())
		return []rueidis.RedisResult{r}, nil
	}
	results := client.DoMulti(ctx, cmds...)
	for _, r := range results {
		if err = r.NonRedisError(); err != nil {
			break
		}
	}
	c.leave(err)
	return results, nil
}

// do sends one command.
func (c *conn) do(ctx context.Context, build func(rueidis.Builder) rueidis.Completed) rueidis.RedisResult {
	client, err := c.enter(ctx)
	if err != nil {
		return rueidis.NewErrorResult(err)
	}
	r := client.Do(ctx, build(client.B()))
	c.leave(r.NonRedisError())
	return r
}

// masters returns the addresses of the servers that take writes now.
func (c *conn) masters(ctx context.Context) ([]string, error) {
	switch c.target.topology {
	case standalone:
		return c.target.addresses, nil
	case sentinel:
		client, err := c.get()
		if err != nil {
			return nil, err
		}
		var addresses []string
		for a := range client.Nodes() {
			addresses = append(addresses, a)
		}
		return addresses, nil
	}
	r := c.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.ClusterSlots().Build() })
	// A node that does not know its own host leaves it out: it is where it was
	// found.
	host, _, _ := net.SplitHostPort(c.target.addresses[0]) // it was read as one
	return readMasters(r, host)
}

var errNoMaster = errors.New("CLUSTER SLOTS names no master")

// readMasters reads the answer to CLUSTER SLOTS, each address once. Those
// without a host are at the one given.
func readMasters(r rueidis.RedisResult, here string) ([]string, error) {
	ranges, err := r.ToArray()
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	var addresses []string
	for _, rg := range ranges {
		parts, err := rg.ToArray()
		if err != nil || len(parts) < 3 {
			return nil, errNoMaster
		}
		node, err := parts[2].ToArray()
		if err != nil || len(node) < 2 {
			return nil, errNoMaster
		}
		host, errHost := node[0].ToString()
		port, errPort := node[1].AsInt64()
		if errHost != nil || errPort != nil {
			return nil, errNoMaster
		}
		if host == "" {
			host = here
		}
		if a := net.JoinHostPort(host, decimal(port)); !seen[a] {
			seen[a] = true
			addresses = append(addresses, a)
		}
	}
	if len(addresses) == 0 {
		return nil, errNoMaster
	}
	return addresses, nil
}

func (c *conn) close() {
	c.cancel()
	c.dialer.close() // before the wait: it ends connect's attempts
	c.work.Wait()
	if p := c.client.Load(); p != nil {
		(*p).Close()
	}
}
