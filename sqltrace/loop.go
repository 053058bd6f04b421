package sqltrace

import (
	"cmp"
	"math/bits"
	"slices"
	"time"
)

// loop is what one place sends in an N+1.
type loop struct {
	fp  *fingerprint
	use *use
}

// member is one of the statements that a loop sends in each round.
type member struct {
	fp      *fingerprint
	place   *place
	varies  uint64
	key     valueType
	count   int64
	elapsed time.Duration
}

// maxMembers is how many statements of one loop are told apart; a ninth begins
// a finding of its own. Not larger: it bounds the report, and few loops send
// three.
const maxMembers = 8

// addLoops reports the N+1s: those with as many rounds that ran interleaved as
// one, under the name of the statement that came first.
func (c *classifier) addLoops(loops []loop) {
	slices.SortFunc(loops, func(a, b loop) int { return cmp.Compare(a.use.seq, b.use.seq) })
	for i, first := range loops {
		if first.use == nil {
			continue // in the loop of another
		}
		o := c.loopOf(first)
		for j, l := range loops[i+1:] {
			if o.takes(first, l) {
				o.include(c.loopOf(l))
				loops[i+1+j] = loop{}
			}
		}
		c.add(RuleNPlusOne, first.fp, first.use, o)
	}
}

// takes reports whether l is in the loop of first: it ran as often, at the same
// time, and is not another place that sends the same. What is allowed keeps to
// itself.
func (o *occurrence) takes(first, l loop) bool {
	a, b := first.use, l.use
	return b != nil && len(o.others) < maxMembers-1 && isNear(int64(b.count), int(a.count)) &&
		a.seq < b.again.lastSeq && b.seq < a.again.lastSeq &&
		a.again.allowed.covers(RuleNPlusOne) == b.again.allowed.covers(RuleNPlusOne) &&
		first.fp != l.fp && !slices.ContainsFunc(o.others, func(m member) bool { return m.fp == l.fp })
}

// include adds another statement of the loop to the sums.
func (o *occurrence) include(other occurrence) {
	o.count += other.count
	o.elapsed += other.elapsed
	o.saved += other.saved
	o.held += other.held
	o.peak = max(o.peak, other.peak)
	o.others = append(o.others, other.first)
}

// add adds another request's executions of the same statement.
func (m *member) add(of member) {
	m.count += of.count
	m.elapsed += of.elapsed
	m.varies |= of.varies
}

// merge adds the statements of another request's loop to those of group.
func merge(group, others []member) []member {
	for _, m := range others {
		i := slices.IndexFunc(group, func(known member) bool { return known.fp == m.fp && known.place.same(m.place) })
		switch {
		case i >= 0:
			group[i].add(m)
		case len(group) < maxMembers-1:
			group = append(group, m)
		}
	}
	return group
}

// loopOf describes a loop over rows.
func (c *classifier) loopOf(l loop) occurrence {
	u, d := l.use, l.use.again
	saved := time.Duration(u.count-1) * l.fp.took.minimum()
	o := occurrence{
		count: int(u.count), elapsed: u.elapsed, saved: saved, held: saved, class: ClassSequential,
		first: member{fp: l.fp, place: d.place, varies: d.varies, key: u.keyType(), count: int64(u.count), elapsed: u.elapsed},
	}
	if source, near := c.sourceOf(u); source != nil {
		o.source, o.sourceRows, o.near = source.fp, source.first.rows, near
	}
	if float64(d.overlap) > minOverlap*float64(u.count) {
		o.class, o.peak = ClassConcurrent, int(d.peak)
		o.saved /= time.Duration(d.peak)
	}
	return o
}

// keyType returns the type of the argument that changes, if there is one.
func (u *use) keyType() valueType {
	if i := bits.TrailingZeros64(u.again.varies); i < maxPositions {
		return u.args.types[i]
	}
	return typeOther
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
