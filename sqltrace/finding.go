package sqltrace

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// RuleNPlusOne is the rule of a [Finding] that says: one place sends the same
// look-up again and again within a request, each time for another key.
const RuleNPlusOne = "n+1"

// Finding is a mistake seen in requests, with its fix.
type Finding struct {
	Rule  string `json:"rule"`
	Route string `json:"route"` // with the method, as in "GET /api/orders"
	Where string `json:"where"` // module-relative path and line of the call
	Func  string `json:"func"`  // the function that makes the call
	Query string `json:"query,omitempty"`

	// CountPerRequest is the mean number of executions in a request that
	// showed the mistake, MaxPerRequest the highest.
	CountPerRequest float64 `json:"count_per_request"`
	MaxPerRequest   int     `json:"max_per_request"`
	// Requests is how many requests showed it.
	Requests int64 `json:"requests"`
	// MSPerRequest is the mean time of those executions together, in
	// milliseconds per request.
	MSPerRequest float64 `json:"ms_per_request"`
	// Erlangs is the time that the executions beyond the first took, in
	// seconds per second since the Tracer was made or reset: how many
	// connections they kept busy on average.
	Erlangs float64 `json:"erlangs"`

	// SQL is the statement as sent, without comments and with '?' for values
	// written into it.
	SQL string `json:"sql"`
	// Source is the normalised statement that seems to have returned the keys:
	// it came just before and had as many rows as the loop had rounds. Empty
	// if there was none.
	Source string `json:"source,omitempty"`
	// Rewritten asks for all keys at once. Empty if that takes a human: Fix
	// then says why.
	Rewritten string `json:"rewritten,omitempty"`
	// Fix says in words, SQL and Go what to do.
	Fix string `json:"fix"`
}

// maxFindings bounds what is kept to 1000 places, some 200 kB. Not larger:
// nobody reads the thousandth.
const maxFindings = 1000

// findings gathers what requests showed, until it is asked for.
type findings struct {
	mu struct {
		sync.Mutex
		since time.Time
		byKey map[findingKey]*tally
	}
}

type findingKey struct {
	route, method string
	fp            *fingerprint
	site          *site
}

// occurrence is one request's share of a finding.
type occurrence struct {
	count   int
	elapsed time.Duration
	varies  uint64
	source  *fingerprint // nil if unknown
}

// tally sums occurrences.
type tally struct {
	requests int64
	count    int64
	most     int
	elapsed  time.Duration
	wasted   time.Duration
	varies   uint64
	source   *fingerprint // nil if the requests disagree
}

func newFindings(now time.Time) *findings {
	f := new(findings)
	f.mu.since = now
	f.mu.byKey = make(map[findingKey]*tally)
	return f
}

func (f *findings) add(key findingKey, o occurrence) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.mu.byKey[key]
	if t == nil {
		if len(f.mu.byKey) >= maxFindings {
			return
		}
		t = &tally{source: o.source}
		f.mu.byKey[key] = t
	}
	t.requests++
	t.count += int64(o.count)
	t.most = max(t.most, o.count)
	t.elapsed += o.elapsed
	t.wasted += o.elapsed * time.Duration(o.count-1) / time.Duration(o.count)
	t.varies |= o.varies
	if t.source != o.source {
		t.source = nil
	}
}

// Findings returns the mistakes seen since the Tracer was made or reset, the
// one that wastes the most time first. A walk over pages, a list fetched in
// chunks, a question asked twice and a retry after a failure are none. Cost:
// some 10 µs for each finding; nothing is kept between calls.
func (t *Tracer) Findings() []Finding { return t.findings.report(time.Now()) }

// Reset forgets the findings, so that what follows a change can be judged
// alone. The sums of [Tracer.Statements] go on.
func (t *Tracer) Reset() {
	f := t.findings
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.since = time.Now()
	clear(f.mu.byKey)
}

func (f *findings) report(now time.Time) []Finding {
	f.mu.Lock()
	since := f.mu.since
	seen := make(map[findingKey]tally, len(f.mu.byKey))
	for key, t := range f.mu.byKey {
		seen[key] = *t
	}
	f.mu.Unlock()

	var list []Finding
	for key, t := range seen {
		r := rewriteLoop(key.fp.sample, key.fp.dialect, t.varies, 0)
		if r.shape != shapeLookup {
			continue
		}
		list = append(list, newFinding(key, t, r, now.Sub(since)))
	}
	slices.SortFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Erlangs, a.Erlangs), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Where, b.Where), cmp.Compare(a.SQL, b.SQL))
	})
	return list
}

func newFinding(key findingKey, t tally, r rewrite, window time.Duration) Finding {
	n := float64(t.requests)
	f := Finding{
		Rule:            RuleNPlusOne,
		Route:           routeName(key.method, key.route),
		Where:           key.site.where,
		Func:            key.site.function,
		Query:           key.fp.name,
		CountPerRequest: float64(t.count) / n,
		MaxPerRequest:   t.most,
		Requests:        t.requests,
		MSPerRequest:    t.elapsed.Seconds() * 1e3 / n,
		SQL:             key.fp.sample,
		Rewritten:       r.sql,
		Fix:             fix(r),
	}
	if window > 0 {
		f.Erlangs = t.wasted.Seconds() / window.Seconds()
	}
	if t.source != nil {
		f.Source = t.source.text
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
