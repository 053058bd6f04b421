package explain

import (
	"errors"
	"fmt"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

// Config configures an [Adviser]. The zero value is ready to use.
type Config struct {
	// Dialect of the database: [sqltrace.Postgres] or [sqltrace.SQLite].
	// Default: by the driver's package, and it is an error if that does not
	// tell.
	Dialect sqltrace.Dialect

	// Pace is the least time between two statements explained. Default 1 s;
	// negative means none. Not shorter: planning takes a backend some
	// milliseconds of CPU, a hundred with many partitions. Not longer: a
	// service has some hundred statements, and they should be seen within
	// minutes.
	Pace time.Duration

	// Every is how long a statement's plan and arguments count as known.
	// Default 1 h. Not shorter: plans change with data, which takes hours.
	// Not longer: the day's work may differ from the night's.
	Every time.Duration

	// Busy, if set, is asked before each statement whether the service's pool
	// is too busy; while it says so, nothing is explained. 70 % of the
	// connections in use is a good bound. It must not block.
	Busy func() bool

	// StatementTimeout bounds each question to the database. Default 1 s.
	// Not shorter: planning a join of ten tables takes 100 ms. Not longer: a
	// plan is never worth a second of a production server.
	StatementTimeout time.Duration

	// LockTimeout bounds the wait for a lock on PostgreSQL. Default 100 ms.
	// Not longer: a plan that waits behind an ALTER TABLE makes others wait.
	// Not shorter: the locks taken are short, but not free of queues.
	LockTimeout time.Duration

	// MinRows is the size from which a table can need an index. Default
	// 10,000 rows. Not less: below it a scan takes under a millisecond from
	// memory. Not more: 10,000 rows scanned 100 times a second are a core.
	MinRows int64

	// MinStatistics is how long the server must have counted index scans
	// before an index without any is called unused. Default 7 days: weekly
	// jobs use indexes too. Not longer: many servers restart each month.
	MinStatistics time.Duration

	// MaxStatements bounds the statements told apart; others are ignored and
	// counted in [Report.Dropped]. Default 2000, some MB with arguments. Not
	// fewer: a large service sends some hundreds. Not more: beyond it texts
	// are being generated.
	MaxStatements int

	// OnError receives what hindered [Adviser.Run] from asking the database
	// at all, such as a lost server. The text may name hosts. Default: dropped;
	// the next round tries again.
	OnError func(error)
}

const (
	// minCost is the planner's cost below which a statement is left alone, as
	// is one that reads fewer rows on SQLite. Not less: at 100 a look-up takes
	// about 0.1 ms. Not more: at 1,000 a scan of 20,000 rows would pass.
	minCost = 100
	// maxRemaining is the part of the cost that may remain. Not more: the
	// planner's costs are estimates, right to a factor of two at best. Not
	// less: halving the time of a frequent statement is worth an index.
	maxRemaining = 0.5
	// maxRemainingJoin is the part of a join's cost that may remain if that of
	// reading the table is halved: the join pays for its other tables too.
	// Not more: below a quarter off, the estimates' error may be all of it.
	// Not less: a join of two large tables would get no advice on either.
	maxRemainingJoin = 0.75
)

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	def(&c.Pace, time.Second)
	def(&c.Every, time.Hour)
	def(&c.StatementTimeout, time.Second)
	def(&c.LockTimeout, 100*time.Millisecond)
	def(&c.MinStatistics, 7*24*time.Hour)
	if c.MinRows == 0 {
		c.MinRows = 10_000
	}
	if c.MaxStatements == 0 {
		c.MaxStatements = 2000
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.Dialect != sqltrace.Postgres && c.Dialect != sqltrace.SQLite {
		errs = append(errs, fmt.Errorf("explain: Config.Dialect is %q, want sqltrace.Postgres or sqltrace.SQLite", string(c.Dialect)))
	}
	for _, f := range []struct {
		name  string
		value time.Duration
		least time.Duration
	}{
		{"Every", c.Every, 1},
		{"StatementTimeout", c.StatementTimeout, time.Millisecond}, // PostgreSQL counts in milliseconds, and 0 is no limit
		{"LockTimeout", c.LockTimeout, time.Millisecond},
		{"MinStatistics", c.MinStatistics, 1},
	} {
		if f.value < f.least {
			errs = append(errs, fmt.Errorf("explain: Config.%s is %v, want ≥ %v", f.name, f.value, f.least))
		}
	}
	if c.MinRows < 1 {
		errs = append(errs, fmt.Errorf("explain: Config.MinRows is %d, want ≥ 1", c.MinRows))
	}
	if c.MaxStatements < 1 {
		errs = append(errs, fmt.Errorf("explain: Config.MaxStatements is %d, want ≥ 1", c.MaxStatements))
	}
	return errors.Join(errs...)
}
