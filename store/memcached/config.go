package memcached

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Config configures a [Store]. The zero value is ready to use.
type Config struct {
	// Timeout bounds each exchange with a server, whatever the context says.
	// Default 500 ms: not shorter, or one lost packet is a failure; not
	// longer, as a call that its context has ended keeps a connection so long.
	Timeout time.Duration

	// MaxConns is how many exchanges run at the same time, each on a connection
	// of its own. More wait. Default 64: a server serves some thousand
	// connections, and as many processes share it.
	MaxConns int

	// MaxValueBytes is the size of the largest value. Default 1 MiB less 1 KiB,
	// which fits an item of a server without settings. Raise it together with
	// the server's -I. A value above that of the server destroys what was there.
	MaxValueBytes int
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = 500 * time.Millisecond
	}
	if c.MaxConns == 0 {
		c.MaxConns = 64
	}
	if c.MaxValueBytes == 0 {
		c.MaxValueBytes = 1<<20 - 1<<10
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.Timeout < 0 {
		errs = append(errs, fmt.Errorf("memcached: Config.Timeout is %v, want > 0", c.Timeout))
	}
	if c.MaxConns < 0 {
		errs = append(errs, fmt.Errorf("memcached: Config.MaxConns is %d, want > 0", c.MaxConns))
	}
	if c.MaxValueBytes < 0 || c.MaxValueBytes > 1<<30 {
		errs = append(errs, fmt.Errorf("memcached: Config.MaxValueBytes is %d, want 1 to %d", c.MaxValueBytes, 1<<30))
	}
	return errors.Join(errs...)
}

func checkServers(servers []string) error {
	if len(servers) == 0 {
		return errors.New("memcached: no servers, want host:port or the path of a socket")
	}
	var errs []error
	for _, s := range servers {
		if _, _, err := net.SplitHostPort(s); err != nil && !strings.HasPrefix(s, "/") {
			errs = append(errs, fmt.Errorf("memcached: server %q, want host:port or the path of a socket", s))
		}
	}
	return errors.Join(errs...)
}
