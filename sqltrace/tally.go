package sqltrace

import (
	"slices"
	"sync"
	"time"
)

// maxFindings bounds what is kept to 1000 places, some 300 kB. Not larger:
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
	rule          Rule
	route, method string
	fp            *fingerprint
	site          *site  // nil if unknown yet
	outer         *site  // nil if unknown
	reason        string // why it is allowed; "" if it is not
	name          string // of the service called, for RuleHeld
	begun         *site  // where its transaction was; nil if unknown
}

// stand puts the finding at a place, if that is known.
func (k *findingKey) stand(p *place) {
	if p != nil {
		k.site, k.outer = p.site, p.outer
	}
}

// occurrence is one request's share of a finding.
type occurrence struct {
	place   *place
	count   int
	elapsed time.Duration
	saved   time.Duration // by the fix, of the request's time
	held    time.Duration // by the fix, of connections' time
	class   Class
	first   member   // of a loop: the statement that the finding is named for
	others  []member // of an N+1: what else the loop sends
	peak    int      // connections at once
	rows    int64
	bytes   int64 // of the response

	source     *fingerprint // nil if unknown
	sourceRows int64
	near       bool // the source had as many rows as the loop had rounds; of a walk, its steps were seen
}

// tally sums occurrences.
type tally struct {
	latest   occurrence // with the statements, rows and peak of all
	requests int64
	count    int64
	least    int // of count
	most     int
	elapsed  time.Duration
	saved    time.Duration
	held     time.Duration
	sourced  int64 // requests with a source
	near     int64
	growth   growth
	last     time.Time
}

func newFindings(now time.Time) *findings {
	f := new(findings)
	f.mu.since = now
	f.mu.byKey = make(map[findingKey]*tally)
	return f
}

func (f *findings) add(key findingKey, o occurrence) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.mu.byKey[key]
	if t == nil {
		if len(f.mu.byKey) >= maxFindings {
			return
		}
		t = &tally{least: o.count, latest: occurrence{source: o.source}}
		f.mu.byKey[key] = t
	}
	t.add(o)
	t.last = now
}

func (t *tally) add(o occurrence) {
	t.requests++
	t.count += int64(o.count)
	t.least, t.most = min(t.least, o.count), max(t.most, o.count)
	t.elapsed += o.elapsed
	t.saved += o.saved
	t.held += o.held
	if o.source != nil {
		t.sourced++
		t.growth.add(float64(o.sourceRows), float64(o.first.count))
	}
	if o.near {
		t.near++
	}
	if !o.near || t.latest.source != o.source {
		o.source = nil // the requests disagree
	}
	o.first.add(t.latest.first)
	o.others = merge(t.latest.others, o.others)
	o.peak = max(o.peak, t.latest.peak)
	o.rows = max(o.rows, t.latest.rows)
	t.latest = o
}

// reset forgets everything.
func (f *findings) reset(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.since = now
	clear(f.mu.byKey)
}

// copied returns what there is, and since when.
func (f *findings) copied() (map[findingKey]tally, time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := make(map[findingKey]tally, len(f.mu.byKey))
	for key, t := range f.mu.byKey {
		copied := *t
		copied.latest.others = slices.Clone(t.latest.others)
		seen[key] = copied
	}
	return seen, f.mu.since
}

// minSlow is how many executions a 95th percentile needs to mean anything: of
// twenty it is the second highest.
const minSlow = 20

// judge says how sure the finding is, and whether it is one.
func (t *tally) judge(key findingKey, cfg *Config) (Confidence, bool) {
	switch key.rule {
	case RuleNPlusOne, RuleWriteLoop:
		return t.judgeLoop(key.rule)
	case RuleSlow:
		p95, n := key.fp.took.quantile(0.95)
		return Certain, n >= minSlow && p95 >= cfg.SlowStatement
	case RuleWalk:
		if 2*t.near <= t.requests {
			return Possible, true
		}
		return Likely, true
	case RuleWholeTable:
		if t.latest.rows <= cfg.MaxRows {
			return Likely, true
		}
	case RulePoll, RuleExportLoop, RuleNested, RuleRowsOpen:
		return Likely, true
	}
	return Certain, true
}

// judgeLoop goes by how the rounds follow the rows of the source. A number of
// look-ups that is always the same is a fixed set and no N+1, if the rows
// differ or there are none to loop over.
func (t *tally) judgeLoop(rule Rule) (Confidence, bool) {
	constant := t.least == t.most
	switch {
	case rule == RuleNPlusOne && constant && (t.growth.fixed() || t.sourced == 0 && t.requests >= minGrowth):
		return "", false
	case !constant && t.growth.grows():
		return Certain, true
	case 2*t.near > t.requests:
		return Likely, true
	}
	return Possible, true
}
