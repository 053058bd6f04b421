package sqltrace

import "time"

// slot is what one request did with one statement.
type slot struct {
	fp    *fingerprint
	begun int32 // executions whose call site was thought about
	first use   // by the first place; by the only one, as a rule
}

// use sums one request's executions of one statement by one place.
type use struct {
	source  *slot // the statement before the first execution
	rows    int64
	elapsed time.Duration
	count   int32
	errors  int32
	active  int32     // under way
	seq     int32     // of the first execution
	args    arguments // of the first execution
	again   *repeats  // nil until the second, or until the place is known
}

// repeats is what is kept of a statement that a request sends more than once.
type repeats struct {
	place   *place
	allowed *allowance
	next    *use // the same statement from the next place

	// Of the first place only, for all of them:
	current  *use // where the last look found the caller; nil for the first
	looks    int32
	places   int32
	nextLook int32

	distinct distinct
	chain    chain
	last     uint64 // the hash of the arguments of the latest execution
	varies   uint64 // bit i: argument i was not the same every time
	keys     int64  // arguments, and elements of lists, of all executions but the first
	before   *slot  // the statement before the latest execution
	errors   int32  // of the request at the latest execution
	retries  int32  // executions that tried again what had failed
	overlap  int32  // executions begun while another was under way
	peak     int32  // most under way at once
	lastSeq  int32  // number of the latest execution
	holder   int32  // number of the execution under which the latest was begun
	nested   int32  // executions begun under the same one as the one before
	least    int32  // depth of recursion
	most     int32
	ragged   bool // the number of arguments was not the same every time
	gaps     gaps
}

// gaps keeps the mean and the variance of the times between executions.
type gaps struct {
	growth
	last time.Duration
	seen bool
}

func (g *gaps) add(at time.Duration) {
	if g.seen {
		g.growth.add((at - g.last).Seconds(), 0)
	}
	g.last, g.seen = at, true
}

// A loop of SELECTs is looked at in its 2nd to 5th round, and then after seven
// rounds more or half as many as there were, if that is more: fifty cost eight
// looks. Seven, because a loop that sends from two or three places in turn is
// then seen at each. Writes, which have no rows to compare with, are looked at
// in their 2nd round, after 32 more, and then ever twice as late: fifty cost two. A change of
// the statement before is a sign of another place, and looked at too; so is
// every execution once there are several places. Both have a bound. A look at
// the stack costs as much as two or three statements without one.
const (
	lookStride   = 7
	writeStride  = 32
	maxDenseLook = 64
)

// looksLocked reports whether the next execution looks up its call site.
func (s *slot) looksLocked(r *request) bool {
	s.begun++
	if r.state.config.MinRepeats < 0 && !r.mu.detailed {
		return false
	}
	n, again := s.begun, s.first.again
	if n == 1 || !s.fp.loops {
		return r.mu.detailed || n == 1 && s.fp.loops && r.state.config.looksAtFirst() || s.fp.takeWatch()
	}
	switch {
	case n <= 5 && s.fp.kind == KindSelect || again == nil || again.looks == 0 || r.mu.detailed:
	case again.looks < maxDenseLook && (again.places > 1 || s.currentLocked().again.before != r.mu.last):
	case n >= again.nextLook:
	default:
		return false
	}
	return true
}

// currentLocked returns the use that the last look found.
func (s *slot) currentLocked() *use {
	if a := s.first.again; a != nil && a.current != nil {
		return a.current
	}
	return &s.first
}

// atLocked returns the use of a place, which a look has found.
func (s *slot) atLocked(where *place, allowed *allowance) *use {
	head := s.first.remember()
	head.looks++
	head.nextLook = s.begun + max(lookStride, s.begun/2|1)
	if s.fp.kind != KindSelect {
		head.nextLook = s.begun + max(writeStride, s.begun)
	}
	u := &s.first
	if head.places == 0 {
		head.places++
		head.place, head.allowed = where, allowed
	} else {
		u = s.findLocked(where, allowed)
	}
	head.current = u
	if where != nil {
		u.again.least = min(u.again.least, int32(where.depth))
		u.again.most = max(u.again.most, int32(where.depth))
	}
	return u
}

// maxUses is how many places of one statement are told apart in a request;
// further ones count with the last.
const maxUses = 16

func (s *slot) findLocked(where *place, allowed *allowance) *use {
	last := &s.first
	for u := range s.uses {
		p := u.again.place
		if p == where || p != nil && where != nil && p.same(where) {
			return u
		}
		last = u
	}
	head := s.first.again
	if head.places == maxUses {
		return last
	}
	head.places++
	u := new(use)
	d := u.remember()
	d.place, d.allowed = where, allowed
	last.again.next = u
	return u
}

// uses yields the uses of each place.
func (s *slot) uses(yield func(*use) bool) {
	for u := &s.first; u != nil; {
		if !yield(u) || u.again == nil {
			return
		}
		u = u.again.next
	}
}

// remember returns u's repeats, made if need be.
func (u *use) remember() *repeats {
	if u.again == nil {
		u.again = &repeats{least: 1 << 30}
	}
	return u.again
}

func (u *use) place() *place {
	if u.again == nil {
		return nil
	}
	return u.again.place
}

// repeat compares an execution with those before it.
func (u *use) repeat(a *arguments, errors int32, at, start time.Time) {
	d := u.remember()
	if u.count == 2 {
		d.distinct.add(u.args.all)
		d.last = u.args.all
	}
	if a.all == d.last && errors > d.errors {
		d.retries++
	} else {
		d.distinct.add(a.all)
	}
	d.last, d.errors = a.all, errors
	d.keys += int64(a.n) + int64(a.listed)
	if d.distinct.n <= 1 { // else it is no poll
		d.gaps.add(at.Sub(start))
	}
	if u.active > 0 {
		d.overlap++
		d.peak = max(d.peak, u.active+1)
	}
	if a.n != u.args.n {
		d.ragged = true
	}
	for i := range min(int(a.n), int(u.args.n), maxPositions) {
		if a.position[i] != u.args.position[i] {
			d.varies |= 1 << i
		}
	}
	d.chain.compare(a, d.varies)
}

// under notes that an execution was begun while the given one was under way.
func (d *repeats) under(holder int32) {
	if d.holder == holder {
		d.nested++
	}
	d.holder = holder
}
