package sqltrace

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// inlineSlots is how many different statements a request may send before a
// map is needed. Not smaller: most requests send two or three. Not larger:
// every request pays 120 bytes for each.
const inlineSlots = 4

// maxSlots is how many different statements of one request are told apart;
// further ones still count in its sums. Not larger: it bounds a request that
// sends generated texts to some 100 kB.
const maxSlots = 256

// request is the part that a Tracer keeps in one request's ledger.
type request struct {
	state *state
	signs signs

	mu struct {
		sync.Mutex
		n         int16 // of inline
		detailed  bool  // every call site is wanted
		begun     int32 // statements
		errors    int32
		open      int32 // statements under way, each on a connection of its own
		peak      int32 // the highest of open
		holderSeq int32 // the holder's number
		inline    [inlineSlots]slot
		more      map[*fingerprint]*slot
		last      *slot // of the statement begun last
		holder    *use  // the execution that has been under way longest; nil if it ended

		// ends holds where executions ended that turned out to be a mistake, if
		// it was not known where they were begun. It is nil in most requests.
		ends map[*use]*place
	}
}

// newRequest makes the part of the Tracer with the given state.
func newRequest(owner any) ledger.Part {
	return &request{state: owner.(*state)}
}

// execution is one statement under way, as its request knows it.
type execution struct {
	use     *use
	seq     int32 // its number in the request, from 1
	shared  bool  // its connection has another statement under way
	follows bool  // its row may hold the next one's key
}

// begin counts an execution. Its use is nil if there is no room for it.
func (r *request) begin(ctx context.Context, l *ledger.Ledger, fp *fingerprint, a *arguments, at time.Time, shared bool) execution {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.slotLocked(fp)
	if s == nil {
		return execution{}
	}
	if r.mu.begun == 0 {
		r.mu.detailed = l.Detailed()
	}
	looks := s.looksLocked(r)
	if looks || fp.home.Load() == nil && r.state.config.MinRepeats >= 0 {
		r.mu.Unlock()
		// Frames: here, Tracer.begin, the exported Begin, and its caller.
		where := r.state.sites.caller(3)
		allowed := allowanceOf(ctx)
		fp.settle(where)
		r.mu.Lock()
		if looks {
			s.atLocked(where, allowed)
		}
	}
	u := s.currentLocked()
	r.mu.begun++
	e := execution{use: u, seq: r.mu.begun, shared: shared}
	u.count++
	if u.count == 1 {
		u.args, u.seq = *a, e.seq
		if r.mu.last != s {
			u.source = r.mu.last
		}
	} else {
		u.repeat(a, r.mu.errors, at, l.Start())
		if int(u.count) == r.state.config.MinRepeats {
			r.signs.add(signRepeats)
		}
	}
	if d := u.again; d != nil {
		d.lastSeq = e.seq
		d.before = r.mu.last
		e.follows = u.count > 1 && fp.lookup && d.chain.pays()
	}
	r.mu.last = s
	u.active++
	if !shared {
		r.holdLocked(e)
	}
	return e
}

// holdLocked counts the connection of an execution.
func (r *request) holdLocked(e execution) {
	switch h := r.mu.holder; {
	case r.mu.open == 0:
		r.mu.holder, r.mu.holderSeq = e.use, e.seq
	case h != nil && h != e.use && e.use.again != nil:
		e.use.again.under(r.mu.holderSeq)
		r.signs.add(signNested)
	}
	r.mu.open++
	r.mu.peak = max(r.mu.peak, r.mu.open)
}

func (r *request) slotLocked(fp *fingerprint) *slot {
	for i := range r.mu.inline[:r.mu.n] {
		if s := &r.mu.inline[i]; s.fp == fp {
			return s
		}
	}
	if r.mu.n < inlineSlots {
		s := &r.mu.inline[r.mu.n]
		r.mu.n++
		s.fp = fp
		return s
	}
	if s, ok := r.mu.more[fp]; ok {
		return s
	}
	if len(r.mu.more) >= maxSlots-inlineSlots {
		return nil
	}
	if r.mu.more == nil {
		r.mu.more = make(map[*fingerprint]*slot)
	}
	s := &slot{fp: fp}
	r.mu.more[fp] = s
	return s
}

// end records the end of an execution.
func (r *request) end(fp *fingerprint, e execution, elapsed time.Duration, rows int64, failed bool) {
	u := e.use
	if u == nil {
		return
	}
	var ended *place
	sign := r.state.config.signOf(fp, elapsed, rows)
	if sign != 0 {
		r.signs.add(sign)
		if sign&^signManyRows != 0 {
			ended = r.state.sites.caller(1)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if ended != nil && u.place() == nil {
		if r.mu.ends == nil {
			r.mu.ends = make(map[*use]*place)
		}
		r.mu.ends[u] = ended
	}
	u.elapsed += elapsed
	u.rows += rows
	u.active--
	if !e.shared {
		r.mu.open--
		if r.mu.holderSeq == e.seq {
			r.mu.holder = nil
		}
	}
	if failed {
		u.errors++
		r.mu.errors++
	}
	if e.follows && rows != 1 {
		u.again.chain.row = row{}
	}
}

// placeLocked returns where u was sent from, and whether that is certain. It is
// not looked up for what is sent once, so there only the end is known: for rows,
// where the last is read or they are closed. If the statement was once sent by
// the same call of the same function, that line is the better answer; and it is
// the only one for rows that were never closed.
func (r *request) placeLocked(fp *fingerprint, u *use) (p *place, certain bool) {
	if p := u.place(); p != nil {
		return p, true
	}
	home, ended := fp.home.Load(), r.mu.ends[u]
	if home != nil && home.site == nil {
		home = nil
	}
	if ended == nil || home != nil && home.function == ended.function && home.outer == ended.outer {
		return home, false
	}
	return ended, false
}

// slotsLocked yields each statement of the request, in no order.
func (r *request) slotsLocked(yield func(*slot) bool) {
	for i := range r.mu.inline[:r.mu.n] {
		if !yield(&r.mu.inline[i]) {
			return
		}
	}
	for _, s := range r.mu.more {
		if !yield(s) {
			return
		}
	}
}

// Sent is what one place of the application has sent in a request.
type Sent struct {
	SQL   string
	Where string // "" if unknown
	Count int
}

// Sent returns what the request has sent so far, in order of first use.
func (r *request) Sent() []Sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	type numbered struct {
		seq int32
		Sent
	}
	var all []numbered
	for s := range r.slotsLocked {
		for u := range s.uses {
			n := numbered{u.seq, Sent{SQL: s.fp.sample, Count: int(u.count)}}
			if p := u.place(); p != nil {
				n.Where = p.where
			}
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b numbered) int { return cmp.Compare(a.seq, b.seq) })
	sent := make([]Sent, len(all))
	for i, n := range all {
		sent[i] = n.Sent
	}
	return sent
}
