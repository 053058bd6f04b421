package sqltrace

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// lostStatements counts the executions of one fingerprint that belong to no
// request. Its zero value is ready.
type lostStatements struct {
	nanos atomic.Int64 // of those since the last Reset
	mu    struct {
		sync.Mutex
		count  int64
		recent int64 // of these, since the last Reset
		sites  map[*site]*lostSite
	}
}

// lostSite is what is known of one place that sends without a request.
type lostSite struct {
	*place
	seen   int64
	recent int64 // of these, since the last Reset
	served int64 // of the recent, in a handler or after its request's end
}

// maxLostSites is how many call sites are told apart for each fingerprint.
const maxLostSites = 16

// add counts an execution. It looks for the call site at the first, at each
// power of two, and at every 1024th: a place that sends many is found, and a
// busy loop is not slowed down. ended says that there was a request, which has
// ended.
func (l *lostStatements) add(sites *sites, ended bool) {
	l.mu.Lock()
	l.mu.count++
	l.mu.recent++
	n := l.mu.recent
	l.mu.Unlock()
	if bits.OnesCount64(uint64(n)) != 1 && n%1024 != 0 {
		return
	}
	// Frames: here, Tracer.begin, the exported Begin, and its caller.
	where := sites.caller(3)
	if where == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.mu.sites[where.site]
	if known == nil {
		if len(l.mu.sites) == maxLostSites {
			return
		}
		if l.mu.sites == nil {
			l.mu.sites = make(map[*site]*lostSite)
		}
		known = &lostSite{place: where}
		l.mu.sites[where.site] = known
	}
	known.seen++
	known.recent++
	if ended || where.serving {
		known.served++
	}
}

// lostShare is what a place has sent without its request since the last Reset.
type lostShare struct {
	*place
	count int64
	time  time.Duration
}

// served returns the places where a handler sent without its request. Of the
// executions each gets as many as it was seen in a handler, of all looks.
func (l *lostStatements) served() []lostShare {
	l.mu.Lock()
	defer l.mu.Unlock()
	var looks int64
	for _, p := range l.mu.sites {
		looks += p.recent
	}
	var places []lostShare
	for _, p := range l.mu.sites {
		if p.served == 0 {
			continue
		}
		share := float64(p.served) / float64(looks)
		places = append(places, lostShare{
			place: p.place,
			count: int64(math.Round(share * float64(l.mu.recent))),
			time:  time.Duration(share * float64(l.nanos.Load())),
		})
	}
	return places
}

func (l *lostStatements) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nanos.Store(0)
	l.mu.recent = 0
	for _, p := range l.mu.sites {
		p.recent, p.served = 0, 0
	}
}

// report returns the count and the call sites, most often seen first.
func (l *lostStatements) report() (count int64, places []Place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, n := range l.mu.sites {
		places = append(places, Place{Where: p.where, Func: p.function, Captures: n.seen})
	}
	slices.SortFunc(places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.Captures, a.Captures), cmp.Compare(a.Where, b.Where))
	})
	return l.mu.count, places
}

// lostContexts returns a finding for each place where a handler was seen to
// send a statement without its request.
func (t *Tracer) lostContexts() []Finding {
	if t.config.MinRepeats < 0 {
		return nil
	}
	all := t.texts.all()
	var total time.Duration
	for _, fp := range all {
		total += time.Duration(fp.nanos.Load() - fp.before.Load())
	}
	var list []Finding
	for _, fp := range all {
		for _, p := range fp.lost.served() {
			f := Finding{
				Rule: RuleLostContext, Confidence: Certain, Where: p.where, Func: p.function, Call: p.call, SQL: fp.sample, Query: fp.name,
				Count: p.count, TotalMS: p.time.Seconds() * 1e3,
			}
			if p.outer != nil {
				f.Caller = p.outer.where
			}
			if total > 0 {
				f.Share = min(1, p.time.Seconds()/total.Seconds())
			}
			f.Fix = advice(&f, findingKey{rule: RuleLostContext, fp: fp}, nil, p.library)
			list = append(list, f)
		}
	}
	return list
}
