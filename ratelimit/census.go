package ratelimit

import (
	"sync"
	"sync/atomic"
	"time"
)

// census counts the processes that share the store: each holds a lease of a
// Concurrency limit that nobody ever exhausts.
type census struct {
	once  sync.Once
	count atomic.Int64
}

// The lease of a process in the census lives for censusLife and is extended
// every censusBeat. Not shorter: a pause would change everybody's share. Not
// longer: for so long the share of a process that has gone is not used.
const (
	censusLife = 15 * time.Second
	censusBeat = 5 * time.Second
	censusSize = 100_000
)

// Instances returns the number of processes that [FailShare] divides by: that
// of Config.Instances, or how many were there when the store last answered.
func (l *Limiter) Instances() int {
	if l.config.Instances > 0 {
		return l.config.Instances
	}
	return int(max(1, l.census.count.Load()))
}

// startCensus takes part in the census until the limiter is closed. A store
// that cannot hold leases is asked once, and the number stays 1.
func (l *Limiter) startCensus() {
	limit := Limit{Strategy: Concurrency, Amount: censusSize, Period: censusLife}
	if l.config.Instances > 0 || l.local || l.store.Supports(limit) != nil {
		return
	}
	l.census.once.Do(func() {
		c := Charge{Limit: limit, Scope: l.config.Namespace + ":", Key: "instances", Cost: 1, ID: newID()}
		l.work.Go(func() { l.runCensus(c) })
	})
}

func (l *Limiter) runCensus(c Charge) {
	tick := time.NewTicker(censusBeat)
	defer tick.Stop()
	results := make([]Result, 1)
	var last int64
	for {
		// Take with an ID that is held extends the lease.
		if err := l.apply(l.ctx, Take, []Charge{c}, results); err == nil && results[0].Allowed {
			// The beat before counts too: after a store has lost its data,
			// all are there again only when each has had a beat.
			n := censusSize - results[0].Remaining
			l.census.count.Store(max(n, last))
			last = n
		}
		select {
		case <-tick.C:
		case <-l.ctx.Done():
			l.refundAll(l.ctx, []Charge{c})
			return
		}
	}
}
