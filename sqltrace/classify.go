package sqltrace

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// End looks through the request's statements for mistakes, if it showed signs
// of any.
func (r *request) End(sum ledger.Summary) {
	if r.state.config.MinRepeats >= 0 && r.signs.within(&sum) {
		r.inspect(sum)
	}
}

func (r *request) inspect(sum ledger.Summary) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found [4]loop
	loops := found[:0]
	c := classifier{request: r, sum: &sum}
	for s := range r.slotsLocked {
		for u := range s.uses {
			if c.inspect(s, u) == RuleNPlusOne {
				loops = append(loops, loop{s.fp, u}) // which belong together is not known yet
			}
		}
	}
	c.addLoops(loops)
	for i := range sum.Held {
		c.addHeld(&sum.Held[i])
	}
}

// addHeld reports calls that a transaction waited for. They are allowed with
// their own context or the transaction's.
func (c *classifier) addHeld(h *ledger.HeldCall) {
	o := occurrence{place: c.state.sites.at(&h.Stack), count: h.Count, elapsed: h.Time, saved: h.Time, held: h.Time}
	key := findingKey{rule: RuleHeld, name: h.Name, route: c.sum.Route, method: c.sum.Method}
	key.stand(o.place)
	tx, _ := h.Transaction.(begun)
	if tx.place != nil {
		key.begun = tx.place.site
	}
	if a := cmp.Or(allowanceOf(h.Context).covers(RuleHeld), tx.allowed.covers(RuleHeld)); a != nil {
		key.reason = a.reason
	}
	c.state.findings.add(key, o)
}

// classifier judges one request. The request is locked meanwhile.
type classifier struct {
	*request
	sum *ledger.Summary
}

// inspect reports what one place did with one statement. It returns which rule
// for repetition that breaks, if any, and leaves the N+1s to be reported.
func (c *classifier) inspect(s *slot, u *use) Rule {
	cfg := &c.state.config
	count := int64(u.count)
	if cfg.SlowStatement > 0 && u.elapsed >= cfg.SlowStatement*time.Duration(count) {
		saved := u.elapsed - s.fp.took.minimum()*time.Duration(count)
		c.add(RuleSlow, s.fp, u, occurrence{saved: saved, held: saved})
	}
	if rows := u.rows / count; s.fp.lookup && c.tooMany(rows) {
		c.add(RuleWholeTable, s.fp, u, occurrence{rows: rows, bytes: c.sum.Bytes})
	}
	if u.active > 0 && s.fp.kind == KindSelect {
		c.add(RuleRowsOpen, s.fp, u, occurrence{count: int(u.active)})
	}
	d := u.again
	if d == nil {
		return ""
	}
	if d.nested > 0 && s.fp.loops {
		c.add(RuleNested, s.fp, u, occurrence{peak: int(c.mu.peak)})
	}
	if int(u.count) < cfg.MinRepeats || !s.fp.loops || d.place == nil {
		return ""
	}
	saved := time.Duration(u.count-1) * s.fp.took.minimum()
	rule := c.loopRule(s, u)
	switch rule {
	case "", RuleNPlusOne:
	case RuleWalk:
		c.add(rule, s.fp, u, occurrence{first: member{varies: d.varies}, saved: saved, held: saved, near: d.climbs() || d.chain.followed()})
	case RuleWriteLoop:
		c.add(rule, s.fp, u, c.loopOf(loop{s.fp, u}))
	case RuleExportLoop, RulePoll:
		c.add(rule, s.fp, u, occurrence{}) // pages and waiting cost what they cost
	default:
		c.add(rule, s.fp, u, occurrence{saved: saved, held: saved})
	}
	return rule
}

// tooMany reports whether a look-up returned more rows than a page wants: more
// than Config.MaxRows, or many of which most were not written out. Those of a
// request that writes to the database may have gone there.
func (c *classifier) tooMany(rows int64) bool {
	limit := c.state.config.MaxRows
	switch {
	case limit <= 0:
		return false
	case rows > limit:
		return true
	}
	return rows >= manyRows && rows > c.sum.Bytes/bytesPerRow && unwritten(c.sum) && !c.writes()
}

// writes reports whether the request changed rows.
func (c *classifier) writes() bool {
	for s := range c.slotsLocked {
		if s.fp.kind.writes() {
			return true
		}
	}
	return false
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
	switch s.fp.shapeFor(d.varies).shape {
	case shapePage:
		return RuleExportLoop
	case shapeChunk:
		return chunkRule(keys)
	}
	source, near := c.sourceOf(u)
	switch {
	case d.chain.followed():
		return RuleWalk
	case ratio < minDistinct && !near:
		return ""
	case d.climbs(), (source == nil || source.first.rows <= 1) && c.seemsToClimb(s, u):
		return RuleWalk
	}
	return RuleNPlusOne
}

// climbs reports whether a function that calls itself sends the statement.
func (d *repeats) climbs() bool { return d.most > 1 && d.most > d.least }

// seemsToClimb reports whether u asks for one row by its key each time, and
// each has its parent's: where rows are not seen, as with pgx, that is all that
// a walk up a tree shows.
func (c *classifier) seemsToClimb(s *slot, u *use) bool {
	return u.again.chain.compared == 0 && isNear(u.rows, int(u.count)) && s.fp.shapeFor(u.again.varies).edge.parent != ""
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

// add reports what a request did. A use that is known but whose place is not
// will be looked at from its next execution on.
func (c *classifier) add(rule Rule, fp *fingerprint, u *use, o occurrence) {
	key := findingKey{rule: rule, route: c.sum.Route, method: c.sum.Method, fp: fp}
	o.count = cmp.Or(o.count, int(u.count))
	o.elapsed = cmp.Or(o.elapsed, u.elapsed)
	var certain bool
	if o.place, certain = c.placeLocked(fp, u); certain {
		key.stand(o.place)
		if a := u.again.allowed.covers(rule); a != nil {
			key.reason = a.reason
		}
	} else {
		fp.watched.Store(watchFor)
	}
	c.state.findings.add(key, o)
}
