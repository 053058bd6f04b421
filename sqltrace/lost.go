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
		sites map[*site]int64
	}
}

// maxLostSites is how many call sites are told apart for each fingerprint.
const maxLostSites = 16

// add counts an execution. It looks for the call site at the first, at each
// power of two, and at every 1024th: a place that sends many is found, and a
// busy loop is not slowed down.
func (l *lostStatements) add(sites *sites) {
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
	if l.mu.sites == nil {
		l.mu.sites = make(map[*site]int64)
	}
	if _, ok := l.mu.sites[where]; ok || len(l.mu.sites) < maxLostSites {
		l.mu.sites[where]++
	}
}

// report returns the count and the call sites, most often seen first.
func (l *lostStatements) report() (count int64, places []Place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, n := range l.mu.sites {
		places = append(places, Place{Where: p.where, Func: p.function, Captures: n})
	}
	slices.SortFunc(places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.Captures, a.Captures), cmp.Compare(a.Where, b.Where))
	})
	return l.mu.count, places
}
