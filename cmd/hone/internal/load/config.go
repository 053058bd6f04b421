package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/http/httpguts"
)

const (
	// maxRate is the highest rate accepted, in requests per second. Not
	// larger: at 1 µs between requests no machine sends HTTP on time, and the
	// figure is a slip of the keyboard. Not smaller: an empty handler on a
	// large machine answers several hundred thousand.
	maxRate = 1e6

	// defaultTimeout is long enough that a slow answer is measured and not cut
	// off, and short enough that a dead service ends a run within a minute.
	defaultTimeout = 30 * time.Second

	// defaultMaxWorkers bounds the requests under way. Not smaller: 200
	// requests per second against a service stalled for 20 s need 4000. Not
	// larger: each holds a connection and about 20 KB, and one address has
	// 28,000 local ports.
	defaultMaxWorkers = 4096
)

// Config says what load to send. Targets, Rate and For are required; the zero
// value of every other field is its documented default.
type Config struct {
	// Targets is the mix: each request goes to one of them, drawn at random
	// in proportion to their weights.
	Targets []Target

	// Rate is the number of requests due per second, above 0 and at most one
	// million. Fractions are allowed: 0.5 is one request every two seconds.
	Rate float64

	// For is how long requests are due and measured, after Warmup.
	For time.Duration

	// Warmup is how long requests are sent at the same rate before any is
	// measured. Default 0.
	Warmup time.Duration

	// Timeout bounds one request from when it is sent to the end of its
	// body. Default 30 s. A request that could not be sent until Timeout after
	// the end of the plan is given up and charged for its wait.
	Timeout time.Duration

	// Connections is the most connections per host; a request that finds all
	// of them busy waits, and is charged for it. Default 0: no bound but
	// MaxWorkers.
	Connections int

	// MaxWorkers is the most requests under way at once. Default 4096.
	MaxWorkers int

	// CloseConnections opens a new connection for every request. Default:
	// connections are kept alive and used again.
	CloseConnections bool

	// Header is sent with every request. Host sets the host asked for.
	Header http.Header

	// Revalidate sends every second request for a URL with the entity tag that
	// came with its last answer, as a browser does that has been there. A 304 is
	// a good answer then.
	Revalidate bool

	// Seed chooses the random sequence of targets and numbers; the same seed
	// gives the same sequence. 0 is a seed like any other.
	Seed uint64

	// Dial opens connections. Default: a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// OnProgress, if set, is told every 100 ms how far the run is, from the
	// goroutine that called Run. It must return quickly.
	OnProgress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Elapsed  time.Duration // since the first request was due, warm-up included
	Planned  time.Duration // Warmup + For
	Answered int           // requests finished, failed ones included
	Failed   int           // of these
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxWorkers == 0 {
		c.MaxWorkers = defaultMaxWorkers
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("load: Config."+format, args...))
	}
	if len(c.Targets) == 0 {
		bad("Targets is empty, want at least one")
	}
	if !(c.Rate > 0 && c.Rate <= maxRate) { // this way round NaN fails too
		bad("Rate is %v, want above 0 and at most %d requests per second", c.Rate, int(maxRate))
	}
	if c.For <= 0 {
		bad("For is %v, want > 0", c.For)
	}
	if c.Warmup < 0 {
		bad("Warmup is %v, want ≥ 0", c.Warmup)
	}
	if c.Warmup > math.MaxInt64-c.For {
		bad("Warmup is %v, want Warmup + For below 292 years", c.Warmup)
	}
	if c.Timeout < 0 {
		bad("Timeout is %v, want > 0", c.Timeout)
	}
	if c.Connections < 0 {
		bad("Connections is %d, want ≥ 0", c.Connections)
	}
	if c.MaxWorkers < 0 {
		bad("MaxWorkers is %d, want > 0", c.MaxWorkers)
	}
	for name, values := range c.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			bad("Header has the name %q, which HTTP does not allow", name)
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				bad("Header %s has a value that HTTP does not allow", name)
			}
		}
	}
	return errors.Join(errs...)
}
