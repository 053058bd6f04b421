package sqltrace

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Finding is a mistake seen in requests, with its fix. What does not apply to
// its rule is zero.
type Finding struct {
	Rule       Rule       `json:"rule"`
	Class      Class      `json:"class,omitempty"`
	Confidence Confidence `json:"confidence"`
	Route      string     `json:"route"`            // with the method, as in "GET /api/orders"
	Where      string     `json:"where"`            // module-relative path and line of the call; "" if not seen yet
	Func       string     `json:"func"`             // the function that makes the call
	Caller     string     `json:"caller,omitempty"` // path and line of the call of that function, if it is the application's too
	Call       string     `json:"call,omitempty"`   // the function it calls: a query method, an ORM's, the driver's
	Query      string     `json:"query,omitempty"`  // sqlc's name for the statement

	// CountPerRequest is the mean number of executions in a request that
	// showed the mistake, MaxPerRequest the highest.
	CountPerRequest float64 `json:"count_per_request"`
	MaxPerRequest   int     `json:"max_per_request"`
	// Requests is how many requests showed it.
	Requests int64 `json:"requests"`
	// MSPerRequest is the mean time of those executions together, in
	// milliseconds per request.
	MSPerRequest float64 `json:"ms_per_request"`
	// SavedMSPerRequest is what the fix takes off a request, in milliseconds:
	// for a loop the executions beyond the first, each at the shortest time
	// that the statement ever took, divided by how many ran at once; for a slow
	// statement, at most what it took beyond its shortest time.
	SavedMSPerRequest float64 `json:"saved_ms_per_request"`
	// Erlangs is how many connections fewer the fix keeps busy on average:
	// seconds saved, in seconds per second since the Tracer was made or reset.
	Erlangs float64 `json:"erlangs"`

	// Rows is the highest mean of rows per execution in a request.
	Rows int64 `json:"rows,omitempty"`
	// Connections is how many connections one request held at once.
	Connections int `json:"connections,omitempty"`
	// P95MS is an upper bound of the statement's 95th percentile, in
	// milliseconds, at most 25 % too high.
	P95MS float64 `json:"p95_ms,omitempty"`

	// SQL is the statement as sent, without comments and with '?' for values
	// written into it.
	SQL string `json:"sql"`
	// Source is the normalised statement that seems to have returned the keys:
	// it came just before and had as many rows as the loop had rounds. Empty
	// if there was none.
	Source string `json:"source,omitempty"`
	// With is the normalised text of another statement in the same loop.
	With string `json:"with,omitempty"`
	// Rewritten asks for all keys at once. Empty if that takes a human: Fix
	// then says why.
	Rewritten string `json:"rewritten,omitempty"`
	// Fix says in words, SQL and Go what to do, in the terms of the library
	// that the call uses.
	Fix string `json:"fix"`
}

// Findings returns the mistakes seen since the Tracer was made or reset, by the
// Erlangs that their fixes save, weighed by confidence: certain 1, likely 0.7,
// possible 0.4. Those that save no time but are risks come last. What is
// allowed with [Allow] is in [Tracer.Suppressed] instead. Cost: some 10 µs for
// each finding; nothing is kept between calls.
func (t *Tracer) Findings() []Finding {
	now := time.Now()
	seen, since := t.findings.copied()
	mergeUnplaced(seen)
	var list []Finding
	for key, tally := range seen {
		confidence, ok := tally.judge(key, t.config.SlowStatement)
		if !ok || key.reason != "" {
			continue
		}
		f := newFinding(key, &tally, now.Sub(since))
		f.Confidence = confidence
		list = append(list, f)
	}
	list = append(list, t.lostContexts()...)
	slices.SortFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Erlangs*b.Confidence.weight(), a.Erlangs*a.Confidence.weight()),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Where, b.Where),
			cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.SQL, b.SQL))
	})
	return list
}

// mergeUnplaced drops what was seen before its place was known, if the place is
// known now: there, it is counted or allowed.
func mergeUnplaced(seen map[findingKey]tally) {
	type anywhere struct {
		rule          Rule
		route, method string
		fp            *fingerprint
	}
	placed := make(map[anywhere]bool)
	for key := range seen {
		if key.site != nil {
			placed[anywhere{key.rule, key.route, key.method, key.fp}] = true
		}
	}
	for key := range seen {
		if key.site == nil && placed[anywhere{key.rule, key.route, key.method, key.fp}] {
			delete(seen, key)
		}
	}
}

// Reset forgets the findings, and what they go by, so that what follows a
// change can be judged alone. The sums of [Tracer.Statements] go on.
func (t *Tracer) Reset() {
	t.findings.reset(time.Now())
	for _, fp := range t.texts.all() {
		fp.took.reset()
		fp.lost.resetServed()
	}
}

func newFinding(key findingKey, t *tally, window time.Duration) Finding {
	n := float64(t.requests)
	o := &t.latest
	f := Finding{
		Rule:              key.rule,
		Class:             o.class,
		Route:             routeName(key.method, key.route),
		CountPerRequest:   float64(t.count) / n,
		MaxPerRequest:     t.most,
		Requests:          t.requests,
		MSPerRequest:      t.elapsed.Seconds() * 1e3 / n,
		SavedMSPerRequest: t.saved.Seconds() * 1e3 / n,
		Rows:              o.rows,
		Connections:       o.peak,
	}
	if key.rule == RuleWriteLoop && f.Class == ClassSequential {
		f.Class = ""
	}
	if window > 0 {
		f.Erlangs = t.held.Seconds() / window.Seconds()
	}
	if o.source != nil {
		f.Source = o.source.text
	}
	if o.with != nil {
		f.With = o.with.text
	}
	used := libraryUnknown
	if p := o.place; p != nil {
		f.Where, f.Func, f.Call, used = p.where, p.function, p.call, p.library
		if p.outer != nil {
			f.Caller = p.outer.where
		}
	}
	if key.fp != nil {
		f.SQL, f.Query = key.fp.sample, key.fp.name
	}
	switch key.rule {
	case RuleNPlusOne:
		r := rewriteLoop(key.fp.sample, key.fp.dialect, o.varies, 0)
		f.Rewritten = r.sql
		f.Fix = fix(r, used, key.fp.tables)
	case RuleSlow:
		p95, _ := key.fp.took.quantile(0.95)
		f.P95MS = p95.Seconds() * 1e3
		f.Fix = advice(&f, key, used)
	default:
		f.Fix = advice(&f, key, used)
	}
	return f
}

// routeName puts the method before a route that does not name it already.
func routeName(method, route string) string {
	if method == "" || strings.HasPrefix(route, method+" ") {
		return route
	}
	return strings.TrimSpace(method + " " + route)
}
