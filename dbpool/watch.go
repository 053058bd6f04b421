package dbpool

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/internal/callsite"
	"github.com/hone-go/hone/internal/sqlscan"
)

// A Watch gathers what the statements of pools really depend on a session for,
// although a pooler between them and PostgreSQL does not keep sessions. Put one
// into [Config].Watch; pools may share it. What goes to PostgreSQL itself, or
// through a pooler in session mode, is not looked at. The zero Watch is ready
// to use. It is safe for concurrent use.
//
// Cost: for a statement seen before, one look-up by its text, no allocation; for
// another, that of [Lint]. Memory is bounded by 2000 texts and 200 findings.
type Watch struct {
	finding sync.Once
	finder  callsite.Finder // by finding

	mu struct {
		sync.RWMutex
		texts map[sentence][]*sighting // as sent; nothing for one that is fine
		byKey map[sightingKey]*sighting
	}
}

// Finding is a statement that was sent through a pooler that cannot carry it.
type Finding struct {
	Hazard
	SQL    string `json:"sql"`             // without comments and, as far as words tell, without values
	Where  string `json:"where,omitempty"` // module-relative file and line of the application that sent it first; "" if unknown
	Count  int64  `json:"count"`
	Pooler string `json:"pooler"` // as [Pooler.String] names it
}

const (
	// maxTexts bounds the texts remembered, some MB at worst. A service has
	// some hundreds; one that makes its texts up pays a [Lint] for each and
	// begins anew at every 2000.
	maxTexts = 2000
	// maxFindings bounds what is told apart. Nobody reads the 200th.
	maxFindings = 200
)

// sentence is a text and what decides, besides the text, whether it is fine.
type sentence struct {
	sql      string
	pooler   Pooler
	inside   bool // of a transaction
	prepared bool // by the protocol, under a name
}

type sightingKey struct {
	hazard      Hazard
	sql, pooler string
}

type sighting struct {
	Finding
	count atomic.Int64
}

// Findings returns what was seen, the most frequent first.
func (w *Watch) Findings() []Finding {
	w.mu.RLock()
	defer w.mu.RUnlock()
	found := make([]Finding, 0, len(w.mu.byKey))
	for _, s := range w.mu.byKey {
		f := s.Finding
		f.Count = s.count.Load()
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.SQL, b.SQL), cmp.Compare(a.Feature, b.Feature))
	})
	return found
}

// see counts a sentence that is being sent by this goroutine.
func (w *Watch) see(s sentence) {
	w.mu.RLock()
	seen, known := w.mu.texts[s]
	w.mu.RUnlock()
	if !known {
		seen = w.judge(s)
	}
	for _, f := range seen {
		f.count.Add(1)
	}
}

// judge lints a sentence and remembers the outcome.
func (w *Watch) judge(s sentence) []*sighting {
	hazards := s.lint()
	var where, sql string
	if len(hazards) > 0 {
		w.finding.Do(func() { w.finder = callsite.NewFinder(nil) })
		where, sql = w.finder.Caller(), redact(s.sql)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mu.texts == nil || len(w.mu.texts) >= maxTexts {
		w.mu.texts = make(map[sentence][]*sighting)
	}
	if w.mu.byKey == nil {
		w.mu.byKey = make(map[sightingKey]*sighting)
	}
	var seen []*sighting
	for _, h := range hazards {
		key := sightingKey{h, sql, s.pooler.String()}
		f := w.mu.byKey[key]
		if f == nil && len(w.mu.byKey) < maxFindings {
			f = &sighting{Finding: Finding{Hazard: h, SQL: sql, Where: where, Pooler: key.pooler}}
			w.mu.byKey[key] = f
		}
		if f != nil {
			seen = append(seen, f)
		}
	}
	w.mu.texts[s] = seen
	return seen
}

// lint is [Pooler.Lint] with what is known of how the text is sent: inside a
// transaction one server serves it all, and outside of one SET LOCAL is
// forgotten at once.
func (s sentence) lint() []Hazard {
	found := s.pooler.Lint(s.sql)
	if s.prepared && !s.pooler.Prepared {
		found = append(found, hazardPrepared)
	}
	if s.inside {
		return slices.DeleteFunc(found, func(h Hazard) bool { return h == hazardSequence })
	}
	if t := sqlscan.Code(s.sql, sqlscan.Postgres); len(t) > 1 && t[0].Is("set") && t[1].Is("local") &&
		!slices.ContainsFunc(t[:len(t)-1], func(t sqlscan.Token) bool { return t.Is(";") }) {
		found = append(found, hazardLocal)
	}
	return found
}

// watcher is the tracer that feeds a Watch from connections behind one pooler.
type watcher struct {
	watch  *Watch
	pooler Pooler
}

var (
	_ pgx.QueryTracer   = watcher{}
	_ pgx.BatchTracer   = watcher{}
	_ pgx.PrepareTracer = watcher{}
)

// watchers returns the tracer for connections behind p, and none where every
// statement can be carried.
func (w *Watch) watchers(p Pooler) []pgx.QueryTracer {
	if w == nil || !p.Mode.shared() {
		return nil
	}
	return []pgx.QueryTracer{watcher{w, p}}
}

// TraceQueryStart looks at one statement.
func (w watcher) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	w.watch.see(sentence{sql: data.SQL, pooler: w.pooler, inside: conn.PgConn().TxStatus() != idle})
	return ctx
}

// TraceQueryEnd does nothing.
func (watcher) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart looks at each statement of a batch, which is a transaction of
// its own.
func (w watcher) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if data.Batch != nil {
		for _, q := range data.Batch.QueuedQueries {
			w.watch.see(sentence{sql: q.SQL, pooler: w.pooler, inside: true})
		}
	}
	return ctx
}

// TraceBatchQuery does nothing.
func (watcher) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd does nothing.
func (watcher) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TracePrepareStart looks at a statement that is prepared under a name.
func (w watcher) TracePrepareStart(ctx context.Context, _ *pgx.Conn, data pgx.TracePrepareStartData) context.Context {
	if data.Name != "" {
		w.watch.see(sentence{sql: data.SQL, pooler: w.pooler, inside: true, prepared: true})
	}
	return ctx
}

// TracePrepareEnd does nothing.
func (watcher) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {}
