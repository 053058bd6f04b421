package sqltrace

import (
	"context"
	"database/sql/driver"
	"hash/maphash"
	"slices"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// A Tracer keeps account of SQL statements: in the ledger of the request they
// belong to, and in sums for the process. It holds no connection and no
// goroutine and need not be closed. It is safe for concurrent use.
type Tracer struct {
	*state
	dialect Dialect
}

// state is what the views of one Tracer share.
type state struct {
	config   Config
	seed     maphash.Seed
	texts    *fingerprints
	sites    *sites
	findings *findings
	waits    poolWaits
	epoch    time.Time
}

// age returns the time since epoch. It costs half of time.Now, because it reads
// the monotonic clock only.
func (t *state) age() time.Duration { return time.Since(t.epoch) }

// New returns a Tracer. An error names every field of cfg that is wrong.
func New(cfg Config) (*Tracer, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	now := time.Now()
	return &Tracer{
		dialect: cfg.Dialect,
		state: &state{
			config:   cfg,
			seed:     maphash.MakeSeed(),
			texts:    newFingerprints(cfg.MaxFingerprints),
			sites:    newSites(cfg.Application),
			findings: newFindings(now),
			epoch:    now,
		},
	}, nil
}

// For returns a view of t for databases that speak d. It shares everything
// with t: statements begun through either are in the reports of both.
func (t *Tracer) For(d Dialect) *Tracer {
	return &Tracer{state: t.state, dialect: d}
}

// A Statement is one statement under way. The zero Statement is one that does
// not count. It is a value so that it costs no allocation; copies of it are the
// same statement, of which one must be ended, once.
type Statement struct {
	state   *state
	fp      *fingerprint
	ledger  *ledger.Ledger // nil outside a request
	request *request
	execution
	start  time.Duration // since the epoch
	log    *logEntry
	sample *sample
}

// Begin records that a statement with positional arguments begins, on behalf
// of the request in ctx if there is one. Transaction control (BEGIN, COMMIT,
// ROLLBACK, SAVEPOINT and their like) and texts without code, such as a ping,
// are not statements: for them it returns the zero Statement. The arguments
// are hashed, not kept.
//
// Cost: no allocation, but for two in a request's first statement, one when
// the request first repeats it, and one for each further place that sends it.
func (t *Tracer) Begin(ctx context.Context, sql string, args []any) Statement {
	text := t.texts.find(sql, t.dialect, false)
	if text.fp.kind == KindTransaction {
		t.transact(ctx, text.fp.text)
		return Statement{}
	}
	a := arguments{all: text.literals}
	t.hashArgs(&a, args)
	s := t.begin(ctx, text.fp, &a, false)
	if t.config.QueryLog != nil {
		s.log = t.newLogEntry(ctx, args)
	}
	if t.config.Sample != nil {
		s.sample = &sample{sql, slices.Clone(args)}
	}
	return s
}

// BeginNamed is [Tracer.Begin] for the argument type of database/sql/driver.
func (t *Tracer) BeginNamed(ctx context.Context, sql string, args []driver.NamedValue) Statement {
	return t.beginNamed(ctx, sql, args, false)
}

// beginNamed is BeginNamed on a connection that has another statement under
// way if it is shared.
func (t *Tracer) beginNamed(ctx context.Context, sql string, args []driver.NamedValue, shared bool) Statement {
	text := t.texts.find(sql, t.dialect, false)
	if text.fp.kind == KindTransaction {
		t.transact(ctx, text.fp.text)
		return Statement{}
	}
	a := arguments{all: text.literals}
	t.hashNamed(&a, text.fp, args)
	s := t.begin(ctx, text.fp, &a, shared)
	if t.config.QueryLog != nil {
		s.log = t.newLogEntry(ctx, namedValues(args))
	}
	if t.config.Sample != nil {
		s.sample = &sample{sql, namedArgs(args)}
	}
	return s
}

// BeginBatch records that statements sent together, in one round trip, begin.
// They count as one, under the text of the first, and are never taken for a
// loop.
func (t *Tracer) BeginBatch(ctx context.Context, first string) Statement {
	text := t.texts.find(first, t.dialect, true)
	s := t.begin(ctx, text.fp, &arguments{}, false)
	if t.config.QueryLog != nil {
		s.log = t.newLogEntry(ctx, nil)
	}
	return s
}

// begin is called by an exported Begin, which the caller of that sees two
// frames up.
func (t *Tracer) begin(ctx context.Context, fp *fingerprint, a *arguments, shared bool) Statement {
	s := Statement{state: t.state, fp: fp, start: t.age()}
	l, at := ledger.From(ctx), t.epoch.Add(s.start)
	if l != nil {
		if p, ok := l.StatementPart(at, t.state, newRequest); ok {
			s.ledger, s.request = l, p.(*request)
			s.execution = s.request.begin(ctx, l, fp, a, at, shared)
			return s
		}
	}
	fp.lost.add(t.sites, l != nil)
	return s
}

// End records that the statement ended: with so many rows, returned or
// affected, 0 if unknown, and with err, nil if it succeeded. It lasts from
// Begin until now.
func (s *Statement) End(rows int64, err error) {
	if s.state == nil {
		return
	}
	age := s.state.age()
	elapsed := age - s.start
	rows = max(0, rows)
	s.fp.add(elapsed, rows, err != nil)
	if s.ledger != nil {
		s.ledger.StatementEnd(s.state.epoch.Add(age), rows, err != nil)
		s.request.end(s.fp, s.execution, elapsed, rows, err != nil)
	} else {
		s.fp.lost.nanos.Add(int64(elapsed))
	}
	if s.log != nil {
		s.log.write(s.state.config.QueryLog, s.fp, elapsed, rows, err)
	}
	if s.sample != nil && err == nil {
		s.state.config.Sample(s.sample.sql, s.sample.args, elapsed)
	}
}

// Wait records that the request in ctx, if there is one, waited that long for
// a pooled connection.
func (t *Tracer) Wait(ctx context.Context, d time.Duration) {
	t.waits.count.Add(1)
	t.waits.nanos.Add(int64(d))
	if l := ledger.From(ctx); l != nil {
		l.AddWait(d)
	}
}
