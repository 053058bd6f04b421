package sqltrace

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"
)

// lostStatements counts the executions of one fingerprint that belong to no
// request. Its zero value is ready.
type lostStatements struct {
	mu struct {
		sync.Mutex
		count int64
		sites map[*site]*lostSite
	}
}

// lostSite is what is known of one place that sends without a request.
type lostSite struct {
	*place
	seen   int64
	served int64 // of these, in a handler or after its request's end
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
	n := l.mu.count
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
	if ended || where.serving {
		known.served++
	}
}

// served returns the places where a handler sent without its request.
func (l *lostStatements) served() []lostSite {
	l.mu.Lock()
	defer l.mu.Unlock()
	var places []lostSite
	for _, p := range l.mu.sites {
		if p.served > 0 {
			places = append(places, *p)
		}
	}
	return places
}

func (l *lostStatements) resetServed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.mu.sites {
		p.served = 0
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
	var list []Finding
	for _, fp := range t.texts.all() {
		for _, p := range fp.lost.served() {
			f := Finding{Rule: RuleLostContext, Confidence: Certain, Where: p.where, Func: p.function, Call: p.call, SQL: fp.sample, Query: fp.name}
			f.Fix = advice(&f, findingKey{rule: RuleLostContext, fp: fp}, p.library)
			list = append(list, f)
		}
	}
	return list
}
