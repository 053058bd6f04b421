package explain

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

// An Adviser collects statements, asks the database for their plans, and says
// which indexes would help. It is safe for concurrent use. It has one
// connection at most, which [Adviser.Close] closes.
type Adviser struct {
	config  Config
	db      *sql.DB
	engine  engine
	samples *samples

	turn chan struct{} // held by the pass under way

	mu struct {
		sync.Mutex
		catalog *catalog
		last    time.Time // when a statement was last explained
	}
}

// Open returns an Adviser for the database that a driver of database/sql opens
// under dsn, as [sql.Open] does. For more see [New].
func Open(driverName, dsn string, cfg Config) (*Adviser, error) {
	db, err := sql.Open(driverName, dsn)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	return newAdviser(db, cfg)
}

// New returns an Adviser for the database that c connects to, with a role that
// may read the tables and no more, and better a replica than the primary. The
// connection must find the tables as the service does: with its search_path.
// New does not connect yet. The connector should not be a traced one: what the
// Adviser asks is not the service's traffic. Call [Adviser.Close] when done.
// An error names every field of cfg that is wrong.
func New(c driver.Connector, cfg Config) (*Adviser, error) {
	if c == nil {
		return nil, errors.New("explain: the connector is nil")
	}
	return newAdviser(sql.OpenDB(c), cfg)
}

func newAdviser(db *sql.DB, cfg Config) (*Adviser, error) {
	cfg = cfg.withDefaults()
	if cfg.Dialect == sqltrace.Unknown {
		cfg.Dialect = sqltrace.DialectOf(db.Driver())
	}
	if err := cfg.validate(); err != nil {
		_ = db.Close() // it has no connection yet
		return nil, err
	}
	db.SetMaxOpenConns(1)
	a := &Adviser{config: cfg, db: db, samples: newSamples(cfg, time.Now()), turn: make(chan struct{}, 1)}
	switch cfg.Dialect {
	case sqltrace.Postgres:
		a.engine = &postgres{statementTimeout: cfg.StatementTimeout, lockTimeout: cfg.LockTimeout, minRows: cfg.MinRows}
	default:
		a.engine = &sqlite{driver: db.Driver(), timeout: cfg.StatementTimeout, minRows: cfg.MinRows}
	}
	return a, nil
}

// Observe records that a statement with these arguments took so long. The
// arguments of one execution per statement and hour are copied and kept in
// memory until the statement is explained; all others are only counted.
//
// Cost: a lock and a look-up by text, some 100 ns; a text not seen before is
// cut into tokens, at about 10 µs.
func (a *Adviser) Observe(text string, args []any, elapsed time.Duration) {
	a.samples.observe(text, args, max(0, elapsed), time.Now())
}

// round is how long [Adviser.Run] waits when nothing is left to explain. Not
// shorter: each round reads the catalogue, if anything is due. Not longer: new
// statements should be seen within minutes.
const round = time.Minute

// Run explains what is due, again and again, until ctx ends; it then returns
// the cause. It is to be started once, as a goroutine of the caller's. What
// keeps it from asking the database goes to Config.OnError, except
// [ErrPooler], with which it returns: waiting does not help there.
func (a *Adviser) Run(ctx context.Context) error {
	for {
		err := a.Pass(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, ErrPooler):
			return err
		case err != nil && a.config.OnError != nil:
			a.config.OnError(err)
		}
		if !wait(ctx, round) {
			return context.Cause(ctx)
		}
	}
}

// Pass explains each statement that is due, at the pace of Config.Pace, and
// returns when none is left, or when Config.Busy says that the service needs
// its database. It holds the connection only while it asks. Passes wait for
// each other. An error means that the database could not be asked; what was
// learned before remains, and a statement that the database refuses is no
// error but in [Report.Skipped].
//
// Cost: on PostgreSQL about ten round trips for the catalogue and six for each
// statement, or with hypopg up to 80 if an index might help it.
func (a *Adviser) Pass(ctx context.Context) error {
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-a.turn }()
	fresh := false
	for {
		if st, _ := a.samples.due(time.Now()); st == nil || a.busy() {
			return nil
		}
		if !wait(ctx, a.untilNext(time.Now())) {
			return context.Cause(ctx)
		}
		if err := a.next(ctx, !fresh); err != nil {
			return err
		}
		fresh = true
	}
}

func (a *Adviser) busy() bool { return a.config.Busy != nil && a.config.Busy() }

// untilNext returns how long the pace makes the next statement wait.
func (a *Adviser) untilNext(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.last.IsZero() {
		return 0
	}
	return max(0, a.config.Pace-now.Sub(a.mu.last))
}

// next explains one statement, reading the catalogue first if told to.
func (a *Adviser) next(ctx context.Context, read bool) error {
	conn, err := a.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("explain: connecting: %w", err)
	}
	defer conn.Close()
	if err := a.engine.check(ctx, conn); err != nil {
		return err
	}
	if read {
		cat, err := a.engine.catalog(ctx, conn)
		if err != nil {
			return err
		}
		a.mu.Lock()
		a.mu.catalog = cat
		a.mu.Unlock()
	}
	st, ask := a.samples.due(time.Now())
	if st == nil {
		return nil
	}
	a.mu.Lock()
	a.mu.last = time.Now()
	cat := a.mu.catalog
	a.mu.Unlock()
	res, err := a.engine.examine(ctx, conn, cat, ask)
	if err != nil && ctx.Err() == nil {
		// Else one statement that the database is never done with would keep
		// all others from being explained.
		res = result{skipped: []string{"the database gave no answer"}}
	}
	if ctx.Err() == nil {
		a.samples.explained(st, res, time.Now())
	}
	return err
}

// Close closes the connection. A pass under way ends with an error.
func (a *Adviser) Close() error {
	if err := a.db.Close(); err != nil {
		return fmt.Errorf("explain: closing: %w", err)
	}
	return nil
}

// wait waits for d and reports whether ctx has not ended.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
