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
	Route      string     `json:"route"`             // with the method, as in "GET /api/orders"
	Where      string     `json:"where"`             // module-relative path and line of the call; "" if not seen yet
	Func       string     `json:"func"`              // the function that makes the call
	Caller     string     `json:"caller,omitempty"`  // path and line of the call of that function, if it is the application's too
	Call       string     `json:"call,omitempty"`    // the function it calls: a query method, an ORM's, the driver's
	Query      string     `json:"query,omitempty"`   // sqlc's name for the statement
	Service    string     `json:"service,omitempty"` // the one that a call in a transaction calls
	Begun      string     `json:"begun,omitempty"`   // path and line where that transaction was begun

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

	// Count is how many executions there were in all, TotalMS their time in
	// milliseconds and Share its part, from 0 to 1, of the time of all
	// statements, since the Tracer was made or reset. They stand for what is
	// given per request elsewhere where there is no request: they are those of
	// a lost context, and 0 for all other rules. A statement that is sent
	// without a request from several places is divided among them by how often
	// each was seen.
	Count   int64   `json:"count,omitempty"`
	TotalMS float64 `json:"total_ms,omitempty"`
	Share   float64 `json:"share,omitempty"`

	// Rows is the highest mean of rows per execution in a request.
	Rows int64 `json:"rows,omitempty"`
	// Bytes is the size of the response, if it is too small for the rows.
	Bytes int64 `json:"bytes,omitempty"`
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
	// Group holds the statements of an m·n+1, in the order in which the loop
	// sends them. Where, SQL and Rewritten are then those of the first; counts,
	// times and savings are sums; Fix mends each.
	Group []GroupMember `json:"group,omitempty"`
	// Rewritten asks for all keys at once. Empty if that takes a human: Fix
	// then says why.
	Rewritten string `json:"rewritten,omitempty"`
	// Fix says in words, SQL and Go what to do, in the terms of the library
	// that the call uses.
	Fix string `json:"fix"`
}

// GroupMember is one of the statements that a loop sends in each round.
type GroupMember struct {
	Where           string  `json:"where"`
	SQL             string  `json:"sql"`
	Query           string  `json:"query,omitempty"`
	CountPerRequest float64 `json:"count_per_request"`
	MSPerRequest    float64 `json:"ms_per_request"`
	Rewritten       string  `json:"rewritten,omitempty"`
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
		confidence, ok := tally.judge(key, &t.config)
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
			cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.SQL, b.SQL), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Begun, b.Begun))
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
		fp.before.Store(fp.nanos.Load())
		fp.lost.reset()
	}
}

func newFinding(key findingKey, t *tally, window time.Duration) Finding {
	n := float64(t.requests)
	o := &t.latest
	f := Finding{
		Rule:              key.rule,
		Service:           key.name,
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
	switch {
	case key.rule == RuleWriteLoop && f.Class == ClassSequential:
		f.Class = ""
	case len(o.others) > 0 && f.Class == ClassSequential:
		f.Class = ClassGroup
	case key.rule == RuleWholeTable && o.bytes > 0 && o.rows > o.bytes/bytesPerRow:
		f.Bytes = o.bytes
	}
	if window > 0 {
		f.Erlangs = t.held.Seconds() / window.Seconds()
	}
	if o.source != nil {
		f.Source = o.source.text
	}
	used := libraryUnknown
	if p := o.place; p != nil {
		f.Where, f.Func, f.Call, used = p.where, p.function, p.call, p.library
		if p.outer != nil {
			f.Caller = p.outer.where
		}
	}
	if key.begun != nil {
		f.Begun = key.begun.where
	}
	if key.fp != nil {
		f.SQL, f.Query = key.fp.sample, key.fp.name
	}
	switch key.rule {
	case RuleNPlusOne:
		f.mendLoop(append([]member{o.first}, o.others...), n)
	case RuleSlow:
		p95, _ := key.fp.took.quantile(0.95)
		f.P95MS = p95.Seconds() * 1e3
		f.Fix = advice(&f, key, o, used)
	default:
		f.Fix = advice(&f, key, o, used)
	}
	return f
}

// mendLoop adds what an N+1 sends and how to ask for it at once. n is the number
// of requests.
func (f *Finding) mendLoop(group []member, n float64) {
	var fixes []string
	for _, m := range group {
		r := rewriteLoop(m.fp.sample, m.fp.dialect, m.varies, 0)
		fixes = append(fixes, fix(r, m.place.library, m.fp.tables, m.key))
		f.Group = append(f.Group, GroupMember{
			Where: m.place.where, SQL: m.fp.sample, Query: m.fp.name, Rewritten: r.sql,
			CountPerRequest: float64(m.count) / n, MSPerRequest: m.elapsed.Seconds() * 1e3 / n,
		})
	}
	f.Rewritten, f.Fix = f.Group[0].Rewritten, fixes[0]
	if len(group) == 1 {
		f.Group = nil
		return
	}
	f.Fix = groupFix(f.Group, fixes)
}

// routeName puts the method before a route that does not name it already.
func routeName(method, route string) string {
	if method == "" || strings.HasPrefix(route, method+" ") {
		return route
	}
	return strings.TrimSpace(method + " " + route)
}
