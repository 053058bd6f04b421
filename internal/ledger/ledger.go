// Package ledger keeps the account of one request: what it asked the
// database, how long it waited for others, and which parts of hone took part.
//
// A [Ledger] is itself the request's context, so that carrying it costs one
// allocation. The measure package opens and ends it; every other layer finds
// it with [From], writes to it if it is there, and works without it.
package ledger

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A Ledger is a context that accounts for one request. It is safe for
// concurrent use by the request's goroutines. The zero value is not usable:
// call [Ledger.Open] first. A Ledger must not be copied after that.
type Ledger struct {
	context.Context

	start    time.Time
	recorder SpanRecorder // or nil

	mu struct {
		sync.Mutex
		ended    bool
		detailed bool
		entries  *entries // nil until the first: many requests have none
	}
}

// entries is what was written to a ledger.
type entries struct {
	sql         SQL
	active      int32         // statements under way
	activeSince time.Duration // when active last rose from 0, from start
	spans       []Span
	lookups     []Lookups
	rare        *rare // nil until one of it is there
	parts       []slot
	first       [1]slot // backs parts: there is seldom more than one Tracer
}

// rare is what few requests write.
type rare struct {
	open    []any // transactions, by what was said of each at its start
	held    []HeldCall
	verdict Verdict
}

// rarely returns what few requests write, for one that does.
func (e *entries) rarely() *rare {
	if e.rare == nil {
		e.rare = new(rare)
	}
	return e.rare
}

// SQL sums what a request asked of its databases.
type SQL struct {
	Statements int
	Errors     int
	Rows       int64
	// Time is the wall time during which at least one statement was under
	// way: the union of their intervals, so that concurrent or nested
	// statements do not count twice.
	Time time.Duration
	// Wait is the time spent waiting for pooled connections, summed over the
	// acquisitions that a tracer could see.
	Wait time.Duration
}

// Lookups sums a request's lookups in one cached function.
type Lookups struct {
	Name   string // of the function
	Hits   int    // answered from the cache
	Stale  int    // of these, past their time to live
	Misses int    // answered by a load, which may be another request's
	Loads  int    // runs of the function, for this request or started by it
	// LoadTime is summed over loads; concurrent loads count each.
	LoadTime time.Duration
}

// Summary is what is known of a request when it ends.
type Summary struct {
	Route    string // the series name, never the raw path
	Method   string
	Status   int
	Canceled bool // the client left before the answer was complete
	Elapsed  time.Duration
	// Bytes is the size of the response's body. It is 0, too, if that does not
	// tell what was answered: to HEAD, in a compressed body, or where there is
	// no response.
	Bytes int64
	SQL   SQL
	Open  int        // statements still under way
	Spans []Span     // not to be changed
	Cache []Lookups  // not to be changed
	Held  []HeldCall // not to be changed
}

// A Part is the state that one layer keeps for one request.
type Part interface {
	// End is called once, when the request has ended, on its goroutine and
	// without a lock held. Calls to the part may still arrive afterwards from
	// goroutines that outlive the request.
	End(Summary)
}

type slot struct {
	owner any
	part  Part
}

type contextKey struct{}

// Open readies l as a child of parent for a request that began at start.
func (l *Ledger) Open(parent context.Context, start time.Time) {
	l.Context = parent
	l.start = start
}

// From returns the ledger that ctx carries, or nil. It allocates nothing.
func From(ctx context.Context) *Ledger {
	l, _ := ctx.Value(contextKey{}).(*Ledger)
	return l
}

// Value answers for the ledger itself and asks the parent for everything else.
func (l *Ledger) Value(key any) any {
	if key == (contextKey{}) {
		return l
	}
	return l.Context.Value(key)
}

// Start returns when the request began.
func (l *Ledger) Start() time.Time { return l.start }

// Detail asks the layers to keep more of this request than they would for one
// of many: it is for tests, which look at one request closely.
func (l *Ledger) Detail() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.detailed = true
}

// Detailed reports whether [Ledger.Detail] was called.
func (l *Ledger) Detailed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mu.detailed
}

// StatementStart says that a statement began at the given time. It reports
// false if the request has already ended: then nothing was recorded, and
// [Ledger.StatementEnd] must not be called for it.
func (l *Ledger) StatementStart(at time.Time) bool {
	_, ok := l.StatementPart(at, nil, nil)
	return ok
}

// StatementPart is [Ledger.StatementStart] and [Ledger.Part] under one lock.
// Without an owner, the part is nil.
func (l *Ledger) StatementPart(at time.Time, owner any, newPart func(owner any) Part) (p Part, ok bool) {
	now := at.Sub(l.start)
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.openLocked()
	if e == nil {
		return nil, false
	}
	e.sql.Statements++
	if e.active == 0 {
		e.activeSince = now
	}
	e.active++
	if owner != nil {
		p = e.part(owner, newPart)
	}
	return p, true
}

// StatementEnd says that a statement ended at the given time with that many
// rows, returned or affected. After the request's end it does nothing.
func (l *Ledger) StatementEnd(at time.Time, rows int64, failed bool) {
	now := at.Sub(l.start)
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.openLocked()
	if e == nil {
		return
	}
	e.sql.Rows += rows
	if failed {
		e.sql.Errors++
	}
	e.active--
	if e.active == 0 {
		e.sql.Time += max(0, now-e.activeSince)
	}
}

// AddWait adds time spent waiting for a pooled connection.
func (l *Ledger) AddWait(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.openLocked(); e != nil {
		e.sql.Wait += d
	}
}

// TransactionStart says that a transaction began. What it is known by must be
// comparable, and is the same for all that need not be told apart.
func (l *Ledger) TransactionStart(by any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.openLocked(); e != nil {
		r := e.rarely()
		r.open = append(r.open, by)
	}
}

// TransactionEnd says that a transaction ended: the latest that is known by
// that, or for nil the latest of all. One whose start was not seen does not
// count.
func (l *Ledger) TransactionEnd(by any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.openLocked()
	if e == nil || e.rare == nil {
		return
	}
	for i, open := range slices.Backward(e.rare.open) {
		if by == nil || open == by {
			e.rare.open = slices.Delete(e.rare.open, i, i+1)
			return
		}
	}
}

// AddLookups adds to the sums of the cached function add.Name. Cost: one
// allocation for the first function of a request.
func (l *Ledger) AddLookups(add Lookups) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.openLocked()
	if e == nil {
		return
	}
	i := slices.IndexFunc(e.lookups, func(s Lookups) bool { return s.Name == add.Name })
	if i < 0 {
		e.lookups = append(e.lookups, add)
		return
	}
	s := &e.lookups[i]
	s.Hits += add.Hits
	s.Stale += add.Stale
	s.Misses += add.Misses
	s.Loads += add.Loads
	s.LoadTime += add.LoadTime
}

// Lookups returns a copy of the cache lookups so far, in order of first use.
func (l *Ledger) Lookups() []Lookups {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.entries == nil {
		return nil
	}
	return slices.Clone(l.mu.entries.lookups)
}

// SQL returns the sums so far, counting statements under way up to at.
func (l *Ledger) SQL(at time.Time) SQL {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sqlLocked(at.Sub(l.start))
}

// openLocked returns the entries to write to, or nil once the request has
// ended.
func (l *Ledger) openLocked() *entries {
	if l.mu.ended {
		return nil
	}
	if l.mu.entries == nil {
		l.mu.entries = new(entries)
	}
	return l.mu.entries
}

func (l *Ledger) sqlLocked(now time.Duration) SQL {
	e := l.mu.entries
	if e == nil {
		return SQL{}
	}
	s := e.sql
	if e.active > 0 {
		s.Time += max(0, now-e.activeSince)
	}
	return s
}

// Part returns owner's part, made by newPart on first use. It returns nil
// once the request has ended and owner has no part. newPart is called with
// the ledger locked: it must only allocate. The same owner must always bring
// parts of the same type.
func (l *Ledger) Part(owner any, newPart func(owner any) Part) Part {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.openLocked(); e != nil {
		return e.part(owner, newPart)
	}
	if l.mu.entries != nil {
		return l.mu.entries.find(owner)
	}
	return nil
}

// find returns owner's part, or nil.
func (e *entries) find(owner any) Part {
	for _, s := range e.parts {
		if s.owner == owner {
			return s.part
		}
	}
	return nil
}

// part returns owner's part, made if need be.
func (e *entries) part(owner any, newPart func(owner any) Part) Part {
	if p := e.find(owner); p != nil {
		return p
	}
	if e.parts == nil {
		e.parts = e.first[:0]
	}
	p := newPart(owner)
	e.parts = append(e.parts, slot{owner, p})
	return p
}

// Parts returns the parts that have joined, in that order.
func (l *Ledger) Parts() []Part {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.entries == nil {
		return nil
	}
	parts := make([]Part, 0, len(l.mu.entries.parts))
	for _, p := range l.mu.entries.parts {
		parts = append(parts, p.part)
	}
	return parts
}

// End closes the account at the given time, fills in what s says of statements
// and calls, and hands the summary to every part in the order in which they
// joined. Later writes are dropped. Only the first call has an effect; it
// returns the final sums.
func (l *Ledger) End(at time.Time, s Summary) SQL {
	l.mu.Lock()
	s.SQL = l.sqlLocked(at.Sub(l.start))
	if l.mu.ended {
		l.mu.Unlock()
		return s.SQL
	}
	l.mu.ended = true
	e := l.mu.entries
	if e == nil {
		l.mu.Unlock()
		return s.SQL
	}
	e.sql = s.SQL
	s.Open = int(e.active)
	e.active = 0
	s.Spans, s.Cache = e.spans, e.lookups // no more are added
	if e.rare != nil {
		s.Held = e.rare.held
	}
	parts := e.parts // no more are added
	l.mu.Unlock()
	for _, p := range parts {
		p.part.End(s)
	}
	return s.SQL
}
