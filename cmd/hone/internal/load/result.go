package load

import (
	"maps"
	"slices"
	"time"

	"github.com/hone-go/hone/measure"
)

// A Result is what a run measured, warm-up excluded.
type Result struct {
	// Asked and Achieved are requests per second: planned, and started in
	// fact from when the first measured one was due to when the last started.
	Asked, Achieved float64

	// Elapsed is from when the first measured request was due to the end of
	// the last answer.
	Elapsed time.Duration

	// Lag is how late requests were started. It is part of their latency. It
	// grows when every worker is busy (Saturated) or the generator's machine
	// is.
	Lag Latency

	// KeptUp reports that all planned requests were started and the last one
	// late by no more than 2 % of the run, or 50 ms if that is longer. If it is false, the service was offered
	// less than Asked.
	KeptUp bool

	// Saturated reports that MaxWorkers requests were under way at some time.
	Saturated bool

	// Interrupted reports that the context ended the run. Unfinished requests
	// were then under way; they are counted nowhere else.
	Interrupted bool
	Unfinished  int

	Total  Route
	Routes []Route // in the order of Config.Targets
}

// A Route is what was measured of one target, or of all.
type Route struct {
	Name    string // method and path template; "total" for all
	Count   int    // requests that were due: answered, failed or not sent in time
	Failed  int    // of these: without a complete answer, or with a status ≥ 400
	Bytes   int64  // of the bodies received
	Latency Latency
	Kinds   map[Kind]int // the failures by kind
	Codes   map[int]int  // the answers by status
}

// Failure is a way in which requests failed and how many did.
type Failure struct {
	Kind  Kind
	Count int
}

// Failures returns the kinds of failure, most frequent first.
func (r Route) Failures() []Failure {
	failures := make([]Failure, 0, len(r.Kinds))
	for _, k := range slices.Sorted(maps.Keys(r.Kinds)) {
		failures = append(failures, Failure{k, r.Kinds[k]})
	}
	slices.SortStableFunc(failures, func(a, b Failure) int { return b.Count - a.Count })
	return failures
}

// AllFailed reports whether requests were made and none succeeded.
func (r Route) AllFailed() bool { return r.Count > 0 && r.Failed == r.Count }

// FailedShare returns the share of requests that failed, from 0 to 1.
func (r Route) FailedShare() float64 {
	if r.Count == 0 {
		return 0
	}
	return float64(r.Failed) / float64(r.Count)
}

// A row collects a Route.
type row struct {
	route   Route
	latency measure.Histogram
}

func newRow(name string) *row {
	return &row{route: Route{Name: name, Kinds: make(map[Kind]int), Codes: make(map[int]int)}}
}

func (r *row) add(latency time.Duration, e *exchange) {
	r.route.Count++
	r.route.Bytes += e.bytes
	if e.status != 0 {
		r.route.Codes[e.status]++
	}
	if k := e.kind(); k != "" {
		r.route.Failed++
		r.route.Kinds[k]++
	}
	r.latency.Record(latency)
}

func (r *row) result() Route {
	out := r.route
	out.Latency = newLatency(r.latency.Snapshot())
	return out
}
