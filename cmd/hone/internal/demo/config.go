package demo

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Config says what the demo runs.
type Config struct {
	// Database is empty for an embedded SQLite in a temporary folder, a path
	// for a SQLite file that is kept, or a postgres:// URL, in which the demo
	// makes a schema of its own and drops it at the end.
	Database string
	// Store is where the cache lives and limits are counted: memory:// or
	// redis://…, in which the demo keeps to namespaces of its own and leaves no
	// more than entries that are gone within an hour. It need not answer.
	Store string
	// Addr is where the service listens; port 0 is a free one.
	Addr string
	// Rate is the arrival rate in requests per second. The service as found
	// must keep up with it, or its queue is measured instead of its code.
	Rate float64
	// For is how long each stage is loaded. A p99 wants some hundred requests
	// of the route.
	For time.Duration
	// Orders is how many orders the shop has.
	Orders int
	// Once ends the demo after the last stage; otherwise it keeps serving
	// until its context is cancelled.
	Once bool
	// JSON writes one object to standard output instead of text.
	JSON bool
}

// maxRate is what a load generator on one machine can plausibly send; above
// it, a slip of the finger is likelier than a wish.
const maxRate = 100_000

// Fewer orders would not fill the pages that are asked for; more take minutes
// to make up.
const (
	minOrders = 1_000
	maxOrders = 10_000_000
)

func (c Config) validate() error {
	var errs []error
	if !(c.Rate > 0 && c.Rate <= maxRate) || math.IsInf(c.Rate, 0) {
		errs = append(errs, fmt.Errorf("--rate is %v, want more than 0 and at most %d requests per second", c.Rate, maxRate))
	}
	if c.For < 100*time.Millisecond || c.For > time.Hour {
		errs = append(errs, fmt.Errorf("--for is %s, want 100ms to 1h", c.For))
	}
	if c.Orders < minOrders || c.Orders > maxOrders {
		errs = append(errs, fmt.Errorf("--orders is %d, want %d to %d", c.Orders, minOrders, maxOrders))
	}
	if !validAddr(c.Addr) {
		errs = append(errs, fmt.Errorf("--addr is %q, want host:port, such as 127.0.0.1:8080", c.Addr))
	}
	if err := validateDatabase(c.Database); err != nil {
		errs = append(errs, err)
	}
	if err := validateStore(c.Store); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func validAddr(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// validateDatabase refuses what cannot be an address; whether something
// answers there is found out later. The text may hold a password.
func validateDatabase(database string) error {
	scheme, _, isURL := strings.Cut(database, "://")
	if !isURL {
		if regexp.MustCompile(`(^|\s)(host|user|password|dbname)\s*=`).MatchString(database) {
			return errors.New("--database is a list of settings, want postgres://user:password@host:port/database")
		}
		return nil
	}
	u, err := url.Parse(database)
	switch {
	case err != nil:
		return fmt.Errorf("--database is no well-formed %s URL, want postgres://user:password@host:port/database with special characters percent-encoded", scheme)
	case u.Scheme == "postgres", u.Scheme == "postgresql", u.Scheme == "sqlite":
		return nil
	}
	return fmt.Errorf("--database is a %s URL, want the path of an SQLite file or postgres://user:password@host:port/database", u.Scheme)
}
