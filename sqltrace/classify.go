package sqltrace

import (
	"slices"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// End looks through the request's statements for mistakes.
func (r *request) End(sum ledger.Summary) {
	if r.state.config.MinRepeats < 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := classifier{request: r, sum: &sum}
	for s := range r.slotsLocked {
		for u := range s.uses {
			c.inspect(s, u)
		}
	}
	if c.loops > 0 {
		c.addLoops()
	}
	for _, span := range sum.Spans {
		if span.Held > 0 {
			c.add(RuleHeld, nil, nil, occurrence{name: span.Name, count: span.Held, elapsed: span.HeldTime, saved: span.HeldTime, held: span.HeldTime})
		}
	}
}

// classifier judges one request. The request is locked meanwhile.
type classifier struct {
	*request
	sum   *ledger.Summary
	loops int // uses marked as N+1s
}

func (c *classifier) inspect(s *slot, u *use) {
	cfg := &c.state.config
	count := int64(u.count)
	if cfg.SlowStatement > 0 && u.elapsed >= cfg.SlowStatement*time.Duration(count) {
		saved := u.elapsed - s.fp.took.minimum()*time.Duration(count)
		c.add(RuleSlow, s.fp, u, occurrence{saved: saved, held: saved})
	}
	if cfg.MaxRows > 0 && u.rows > cfg.MaxRows*count && s.fp.lookup {
		c.add(RuleWholeTable, s.fp, u, occurrence{rows: u.rows / count})
	}
	if u.active > 0 && s.fp.kind == KindSelect {
		c.add(RuleRowsOpen, s.fp, u, occurrence{count: int(u.active)})
	}
	d := u.again
	if d == nil {
		return
	}
	if d.nested > 0 && s.fp.loops {
		c.add(RuleNested, s.fp, u, occurrence{peak: int(c.mu.peak)})
	}
	if int(u.count) < cfg.MinRepeats || !s.fp.loops || d.place == nil {
		return
	}
	saved := time.Duration(u.count-1) * s.fp.took.minimum()
	switch rule := c.loopRule(s, u); rule {
	case "":
	case RuleNPlusOne:
		d.inLoop = true // its request's others are not known yet
		c.loops++
	case RuleWriteLoop:
		c.add(rule, s.fp, u, c.loopOf(u, saved))
	case RuleExportLoop, RulePoll:
		c.add(rule, s.fp, u, occurrence{varies: d.varies}) // pages and waiting cost what they cost
	default:
		c.add(rule, s.fp, u, occurrence{varies: d.varies, saved: saved, held: saved})
	}
}

// These are the shares that make repetition an N+1: below 80 % of different
// arguments it is rather the same question asked twice, above 20 % of failures
// rather a broken database. Of tries after a failure only half may be repeats
// of their own: above that it is a retry. A recursion's depth changes from
// call to call; below 30 % of overlaps goroutines meet by chance.
const (
	minDistinct = 0.8
	maxFailures = 0.2
	maxRetries  = 0.5
	minOverlap  = 0.3
)

// A poll asks every 50 ms or less often, as a database answers most questions
// faster than that, and its gaps have a coefficient of variation below 0.2.
const (
	minPollGap    = 0.05 // seconds
	maxPollSpread = 0.2
)

// smallChunk is how many keys a chunk should have at least. Not smaller: 50
// keys take little longer than one. Not larger: parameters are bounded too.
const smallChunk = 50

// loopRule says which rule a repetition breaks, or "".
func (c *classifier) loopRule(s *slot, u *use) Rule {
	d := u.again
	rounds := float64(u.count - d.retries)
	keys := float64(d.keys) / float64(u.count-1)
	ratio := d.distinct.ratio()
	switch {
	case float64(d.retries) >= maxRetries*float64(u.count-1),
		float64(u.errors-d.retries) > maxFailures*float64(u.count),
		rounds < float64(c.state.config.MinRepeats):
		return ""
	case s.fp.kind.writes():
		return writeRule(s.fp, keys, ratio)
	case u.args.opaque:
		return ""
	case d.distinct.n == 1 && d.gaps.n >= 3 && d.gaps.meanX >= minPollGap && d.gaps.spread() < maxPollSpread:
		return RulePoll
	case d.distinct.n == 1 && u.errors == 0 && !c.writesTo(s.fp.tables):
		return RuleDuplicate
	case d.distinct.n == 1:
		return ""
	case d.ragged:
		return chunkRule(keys)
	}
	switch s.fp.shapeFor(d.varies) {
	case shapePage:
		return RuleExportLoop
	case shapeChunk:
		return chunkRule(keys)
	}
	_, near := c.sourceOf(u)
	switch {
	case ratio < minDistinct && !near:
		return ""
	case d.most > 1 && d.most > d.least:
		return RuleWalk
	}
	return RuleNPlusOne
}

// writeRule tells rows sent one by one from rows sent in groups.
func writeRule(fp *fingerprint, keys, ratio float64) Rule {
	if ratio < minDistinct {
		return ""
	}
	if columns := rowWidth(fp.text); columns > 0 {
		if rows := keys / float64(columns); rows >= 2 {
			return chunkRule(rows)
		}
	}
	return RuleWriteLoop
}

// rowWidth returns how many values the first row of VALUES has, or 0.
func rowWidth(text string) int {
	_, row, ok := strings.Cut(text, "VALUES ")
	if !ok {
		return 0
	}
	return strings.Count(row[:groupLen(row)], "?")
}

// chunkRule judges chunks by their keys. One key in a list is an array in a
// form that cannot be counted.
func chunkRule(keys float64) Rule {
	if keys >= 2 && keys < smallChunk {
		return RuleSmallChunks
	}
	return ""
}

// writesTo reports whether the request changed rows of one of the tables.
func (c *classifier) writesTo(tables []string) bool {
	for s := range c.slotsLocked {
		if s.fp.kind.writes() && slices.ContainsFunc(tables, func(t string) bool {
			return slices.ContainsFunc(s.fp.tables, func(o string) bool { return strings.EqualFold(t, o) })
		}) {
			return true
		}
	}
	return false
}

// loopOf describes a loop over rows.
func (c *classifier) loopOf(u *use, saved time.Duration) occurrence {
	d := u.again
	o := occurrence{varies: d.varies, saved: saved, held: saved, class: ClassSequential}
	if source, near := c.sourceOf(u); source != nil {
		o.source, o.sourceRows, o.near = source.fp, source.first.rows, near
	}
	if float64(d.overlap) > minOverlap*float64(u.count) {
		o.class, o.peak = ClassConcurrent, int(d.peak)
		o.saved /= time.Duration(d.peak)
	}
	return o
}

// sourceReach is how many statements before a loop are searched for the one
// that it runs over: between the two are at most the look-ups of the user and
// the first of the loop's own statements.
const sourceReach = 4

// sourceOf returns the statement that a loop seems to run over, and whether it
// had as many rows as the loop had rounds; failing that the look-up before it.
func (c *classifier) sourceOf(u *use) (source *slot, near bool) {
	rounds := int(u.count - u.again.retries)
	best := int32(0)
	for s := range c.slotsLocked {
		seq := s.first.seq
		if seq < u.seq && seq >= u.seq-sourceReach && seq > best && s.begun == 1 && s.fp.lookup && isNear(s.first.rows, rounds) {
			source, best = s, seq
		}
	}
	if source != nil {
		return source, true
	}
	if p := u.source; p != nil && p.fp.lookup && p.begun == 1 {
		return p, false
	}
	return nil, false
}

// isNear reports whether a statement of that many rows, run once, may be what
// the loop ran over.
func isNear(rows int64, count int) bool {
	slack := max(1, int64(count)/10)
	return rows >= int64(count)-slack && rows <= int64(count)+slack
}

// addLoops reports the N+1s. Those with as many rounds that ran interleaved
// are one loop with several statements.
func (c *classifier) addLoops() {
	for s := range c.slotsLocked {
		for u := range s.uses {
			if u.again == nil || !u.again.inLoop {
				continue
			}
			o := c.loopOf(u, time.Duration(u.count-1)*s.fp.took.minimum())
			if o.with = c.partner(s, u); o.with != nil && o.class == ClassSequential {
				o.class = ClassGroup
			}
			c.add(RuleNPlusOne, s.fp, u, o)
		}
	}
}

// partner returns another statement in the loop of u, or nil.
func (c *classifier) partner(of *slot, u *use) *fingerprint {
	if c.loops < 2 {
		return nil
	}
	for s := range c.slotsLocked {
		for o := range s.uses {
			if s != of && o.again != nil && o.again.inLoop && isNear(int64(o.count), int(u.count)) &&
				u.seq < o.again.lastSeq && o.seq < u.again.lastSeq {
				return s.fp
			}
		}
	}
	return nil
}

// add reports what a request did. A use that is known but whose place is not
// will be looked at from its next execution on.
func (c *classifier) add(rule Rule, fp *fingerprint, u *use, o occurrence) {
	key := findingKey{rule: rule, route: c.sum.Route, method: c.sum.Method, fp: fp, name: o.name}
	if u != nil {
		if o.count == 0 {
			o.count = int(u.count)
		}
		o.elapsed = u.elapsed
		o.place = u.place()
		if o.place == nil {
			fp.watched.Store(true)
		} else {
			key.site, key.outer = o.place.site, o.place.outer
			if a := u.again.allowed.covers(rule); a != nil {
				key.reason = a.reason
			}
		}
	}
	c.state.findings.add(key, o)
}
