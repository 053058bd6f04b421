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
// every request pays 140 bytes for each.
const inlineSlots = 4

// maxSlots is how many different statements of one request are told apart;
// further ones still count in its sums. Not larger: it bounds a request that
// sends generated texts to some 100 kB.
const maxSlots = 256

// request is the part that a Tracer keeps in one request's ledger.
type request struct {
	state *state

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
	}
}

// newRequest makes the part of the Tracer with the given state.
func newRequest(owner any) ledger.Part {
	return &request{state: owner.(*state)}
}

// execution is one statement under way, as its request knows it.
type execution struct {
	use    *use
	seq    int32 // its number in the request, from 1
	shared bool  // its connection has another statement under way
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
	u := s.currentLocked()
	if s.looksLocked(r) {
		r.mu.Unlock()
		// Frames: here, Tracer.begin, the exported Begin, and its caller.
		where := r.state.sites.caller(3)
		allowed := allowanceOf(ctx)
		r.mu.Lock()
		u = s.atLocked(where, allowed)
	}
	r.mu.begun++
	e := execution{use: u, seq: r.mu.begun, shared: shared}
	u.count++
	if u.count == 1 {
		u.args, u.seq = *a, e.seq
		if r.mu.last != s {
			u.source = r.mu.last
		}
	} else {
		u.repeat(a, r.mu.errors, at.Sub(l.Start()))
	}
	if u.again != nil {
		u.again.lastSeq = e.seq
		u.again.before = r.mu.last
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
func (r *request) end(e execution, elapsed time.Duration, rows int64, failed bool) {
	u := e.use
	if u == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
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
