package sqltrace

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Config configures a [Tracer]. The zero value is ready to use.
type Config struct {
	// Dialect of the databases traced. Default [Unknown]: [Tracer.Connector]
	// and what is built on it then go by the driver, if it is a well-known
	// one. A service that uses more than one takes a view for each with
	// [Tracer.For].
	Dialect Dialect

	// MinRepeats is how often one place must send a statement in one request
	// before that can be a loop: an N+1 or one of its relatives. Default 5;
	// negative turns all findings off, and with them the looks at a request's
	// stacks. Not smaller: pages with two to four fixed look-ups are common and
	// cost little; below 5, the call site of a request's first execution is
	// looked up too, which costs a microsecond.
	// Not larger: a list of ten rows already shows the mistake in development.
	MinRepeats int

	// SlowStatement is the 95th percentile of a statement's durations from
	// which on it is reported as slow. Default 100 ms; negative turns that
	// off. Not smaller: reports over months take tens of milliseconds and are
	// fine. Not larger: people notice an answer that takes longer than that.
	SlowStatement time.Duration

	// MaxRows is how many rows one SELECT may return before it is reported as
	// reading a whole table, wherever they go. Default 1000; negative turns
	// [RuleWholeTable] off. Not smaller: lists of countries and time zones have
	// some hundreds and are read whole on purpose. Not larger: nobody reads a
	// page of a thousand.
	MaxRows int64

	// MaxFingerprints is how many different statements are told apart, over
	// the life of the Tracer; all others are counted together as "other".
	// Default 2000, about 2 MB. Not smaller: a large service sends some
	// hundreds. Not larger: beyond it the texts are being generated, and more
	// of them say nothing new.
	MaxFingerprints int

	// Application holds the package paths whose code counts as the
	// application's own when a call site is chosen; a path covers the packages
	// below it. Default: the main module. Name the module here if the service
	// is built without module information.
	Application []string

	// QueryLog receives one record per statement, at level Info, or Warn if it
	// failed: normalised SQL, milliseconds, rows, class of error, call site.
	// Values never appear in it: literals are replaced, and an error's text,
	// which may quote a row, is left out. The record is logged with the
	// statement's context, so that a handler can add what it knows of the
	// request. Default nil: no log. It is for development: finding the call
	// site of every statement costs some microseconds each.
	QueryLog *slog.Logger

	// Sample, if set, is told of each statement that has succeeded, batches
	// apart: the text as sent, a copy of the argument values, and how long it
	// took. It is how index advice (package explain) gets what it explains. The
	// values are often personal data: keep them in memory. It must return
	// quickly and be safe for concurrent use. Default nil: argument values are
	// hashed and not kept.
	Sample func(sql string, args []any, elapsed time.Duration)

	// LogArgs adds the argument values to QueryLog's records. They are often
	// personal data: leave it off wherever logs are kept.
	LogArgs bool
}

const (
	defaultMinRepeats      = 5
	defaultMaxFingerprints = 2000
	defaultSlowStatement   = 100 * time.Millisecond
	defaultMaxRows         = 1000
)

func (c Config) withDefaults() Config {
	if c.MinRepeats == 0 {
		c.MinRepeats = defaultMinRepeats
	}
	if c.MaxFingerprints == 0 {
		c.MaxFingerprints = defaultMaxFingerprints
	}
	if c.SlowStatement == 0 {
		c.SlowStatement = defaultSlowStatement
	}
	if c.MaxRows == 0 {
		c.MaxRows = defaultMaxRows
	}
	c.Application = slices.Clone(c.Application)
	return c
}

// looksAtFirst reports whether the call site of a first execution counts: with
// few repeats, one execution at another place makes a difference.
func (c Config) looksAtFirst() bool { return c.MinRepeats > 0 && c.MinRepeats < defaultMinRepeats }

func (c Config) validate() error {
	var errs []error
	if !c.Dialect.valid() {
		errs = append(errs, fmt.Errorf("sqltrace: Config.Dialect is %q, want a Dialect constant", string(c.Dialect)))
	}
	if c.MinRepeats == 1 {
		errs = append(errs, errors.New("sqltrace: Config.MinRepeats is 1, want ≥ 2: one statement is no repeat"))
	}
	if c.MaxFingerprints < 1 {
		errs = append(errs, fmt.Errorf("sqltrace: Config.MaxFingerprints is %d, want ≥ 1", c.MaxFingerprints))
	}
	if slices.Contains(c.Application, "") {
		errs = append(errs, errors.New(`sqltrace: Config.Application contains "", want package paths`))
	}
	if c.LogArgs && c.QueryLog == nil {
		errs = append(errs, errors.New("sqltrace: Config.LogArgs is true without a Config.QueryLog to write to"))
	}
	return errors.Join(errs...)
}
