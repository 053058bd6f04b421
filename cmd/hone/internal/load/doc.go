// Package load sends HTTP requests at a constant rate over a mix of routes and
// measures what a client of the service would have felt.
//
// The load is open: request n is due at the start of the run plus n/rate,
// whatever became of the requests before it, as with users who do not know of
// each other. Every latency is counted from that planned instant and not from
// when a worker got round to sending. A service that stalls for a second is
// therefore charged for every request that was due in that second, even when
// bounded workers or connections kept them from being sent; a generator that
// waits for answers would show one slow request.
//
// Start with [Run]; [FindMax] looks for the highest rate that still meets an
// [Objective]. It is meant for services you own: it refuses no address and no
// rate that the machine can attempt.
package load
