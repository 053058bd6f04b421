package measure

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Config holds what is optional about a [Recorder]. Its zero value is ready.
type Config struct {
	// Route names the series of a request where the pattern of
	// [http.ServeMux] cannot: for other routers. It must return one of a
	// limited number of names, such as the router's pattern, and never the raw
	// path; "" means that it does not know. It is called on the request that
	// [Recorder.Handler] passed on, after the handler returned, and with
	// ProfileLabels also before. It must be safe for concurrent use.
	// [SetRoute] overrides it. Default: none.
	Route func(*http.Request) string

	// MaxSeries bounds the series, one per route, method and status class
	// that occurs. Requests that would need another are counted under route
	// and method "other", which is at most six series more. Default 512: about
	// 100 routes. Not smaller: a real service should never meet it. Not
	// larger: 512 series take 4 MiB, and every scrape carries them all. At
	// most 65536.
	MaxSeries int

	// Log receives one record per request. Default: no log.
	Log *slog.Logger

	// Slow is the duration above which a request is always logged, at level
	// Warn. Default 1 s, which a person notices as a stall. Negative: no
	// request counts as slow.
	Slow time.Duration

	// LogEvery logs one request in that many, of those that are neither slow
	// nor failed (5xx), which are always logged. Default 1: every request.
	// Negative: only the slow and the failed ones.
	LogEvery int

	// EchoRequestID sends the request's ID back in X-Request-ID, so that a
	// user can quote it. Default: not sent.
	EchoRequestID bool

	// ServerTiming sends the Server-Timing header: time so far, time in the
	// database and in each span. It tells strangers how the service works
	// inside: meant for development and internal services. Default: not sent.
	ServerTiming bool

	// ProfileLabels labels the goroutines of each request and job with "route"
	// and "method", so that a CPU profile can be cut per route. It asks the
	// ServeMux for the pattern a second time. [Recorder.Begin] sets none, for
	// it cannot know which goroutine does the work. Default: off.
	ProfileLabels bool
}

const maxMaxSeries = 1 << 16 // 512 MiB of histograms

func (c Config) withDefaults() Config {
	if c.MaxSeries == 0 {
		c.MaxSeries = 512
	}
	if c.Slow == 0 {
		c.Slow = time.Second
	}
	if c.LogEvery == 0 {
		c.LogEvery = 1
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.MaxSeries < 1 || c.MaxSeries > maxMaxSeries {
		errs = append(errs, fmt.Errorf("measure: Config.MaxSeries is %d, want 1 to %d", c.MaxSeries, maxMaxSeries))
	}
	return errors.Join(errs...)
}
