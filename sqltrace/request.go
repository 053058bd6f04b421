package sqltrace

import (
	"math/bits"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// inlineSlots is how many different statements a request may send before a
// map is needed. Not smaller: most requests send two or three. Not larger:
// every request pays 130 bytes for each.
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
		inline [inlineSlots]slot
		n      int
		more   map[*fingerprint]*slot
		last   *slot // of the statement begun last
	}
}

// newRequest makes the part of the Tracer with the given state.
func newRequest(owner any) ledger.Part {
	return &request{state: owner.(*state)}
}

// slot sums one request's executions of one fingerprint.
type slot struct {
	fp      *fingerprint
	source  *slot // the statement before the first execution
	count   int
	errors  int
	rows    int64
	elapsed time.Duration
	args    arguments // of the first execution
	again   *repeats  // nil until the second
}

// repeats is what is kept of a statement that a request sends more than once.
type repeats struct {
	distinct distinct
	varies   uint64 // bit i: argument i was not the same every time
	ragged   bool   // the number of arguments was not the same every time
	sites    [4]siteCount
	captures int
}

type siteCount struct {
	site *site
	n    int
}

// begin counts an execution and returns its slot, or nil if it has none.
func (r *request) begin(fp *fingerprint, a *arguments) *slot {
	r.mu.Lock()
	s := r.slotLocked(fp)
	if s == nil {
		r.mu.Unlock()
		return nil
	}
	previous := r.mu.last
	r.mu.last = s
	s.count++
	if s.count == 1 {
		s.args = *a
		if previous != s {
			s.source = previous
		}
	} else {
		s.repeatLocked(a)
	}
	capture := fp.lookup && captures(s.count)
	r.mu.Unlock()

	if capture {
		// Frames: here, Tracer.begin, the exported Begin, and its caller.
		where := r.state.sites.caller(3)
		r.mu.Lock()
		s.again.add(where)
		r.mu.Unlock()
	}
	return s
}

// captures reports whether the n-th execution looks up its call site: the 2nd,
// 3rd, 5th and each power of two, so that 50 cost seven captures.
func captures(n int) bool {
	return n == 3 || n == 5 || n > 1 && bits.OnesCount(uint(n)) == 1
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

// repeatLocked compares an execution with those before it.
func (s *slot) repeatLocked(a *arguments) {
	if s.again == nil {
		s.again = new(repeats)
		s.again.distinct.add(s.args.all)
	}
	d := s.again
	d.distinct.add(a.all)
	if a.n != s.args.n {
		d.ragged = true
	}
	for i := range min(a.n, s.args.n, maxPositions) {
		if a.position[i] != s.args.position[i] {
			d.varies |= 1 << i
		}
	}
}

func (d *repeats) add(p *site) {
	d.captures++
	if p == nil {
		return
	}
	for i := range d.sites {
		c := &d.sites[i]
		if c.site == nil || c.site == p {
			c.site = p
			c.n++
			return
		}
	}
}

// main returns the site that most captures found, and their share of all.
func (d *repeats) main() (p *site, share float64) {
	best := siteCount{}
	for _, c := range d.sites {
		if c.n > best.n {
			best = c
		}
	}
	if best.n == 0 {
		return nil, 0
	}
	return best.site, float64(best.n) / float64(d.captures)
}

// end records the end of an execution that began in s.
func (r *request) end(s *slot, elapsed time.Duration, rows int64, failed bool) {
	if s == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.elapsed += elapsed
	s.rows += rows
	if failed {
		s.errors++
	}
}

// End looks through the request's statements for mistakes.
func (r *request) End(sum ledger.Summary) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.mu.inline[:r.mu.n] {
		r.inspectLocked(&r.mu.inline[i], sum)
	}
	for _, s := range r.mu.more {
		r.inspectLocked(s, sum)
	}
}

// An N+1 is a look-up that one place sends again and again with other
// arguments. These are the shares that make it one: below 80 % of different
// arguments it is rather the same question asked twice or tried again, above
// 20 % of failures rather a broken database, and below 80 % of the captures at
// one place rather several places that happen to ask alike.
const (
	minDistinct = 0.8
	minAtSite   = 0.8
	maxFailures = 0.2
)

func (r *request) inspectLocked(s *slot, sum ledger.Summary) {
	least := r.state.config.MinRepeats
	if least < 0 || s.count < least || !s.fp.lookup || s.again == nil || s.again.ragged {
		return
	}
	d := s.again
	if d.distinct.ratio() < minDistinct || float64(s.errors) > maxFailures*float64(s.count) {
		return
	}
	where, share := d.main()
	if where == nil || share < minAtSite {
		return
	}
	o := occurrence{count: s.count, elapsed: s.elapsed, varies: d.varies}
	if p := s.source; p != nil && near(p.rows, s.count) {
		o.source = p.fp
	}
	r.state.findings.add(findingKey{sum.Route, sum.Method, s.fp, where}, o)
}

// near reports whether a statement of that many rows, run once, may be what
// the loop ran over.
func near(rows int64, count int) bool {
	slack := max(1, int64(count)/10)
	return rows >= int64(count)-slack && rows <= int64(count)+slack
}
