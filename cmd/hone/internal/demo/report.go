package demo

import "github.com/hone-go/hone/sqltrace"

// Report is what the demo measured. Every figure comes from the run itself.
type Report struct {
	Database string    `json:"database"` // "sqlite" or "postgres"
	Stages   []Stage   `json:"stages"`
	Findings []Finding `json:"findings"`
	// Allowed is what the service's code has kept out of the findings.
	Allowed []sqltrace.Suppressed `json:"allowed,omitempty"`
}

// Stage is one state of the service under the load. Latencies are the
// client's, from the planned start of each request; statements, rows
// and the bytes of bodies as sent are what the service's own measurement says,
// hits what its response cache says; CPU is the service's process alone.
type Stage struct {
	Name              string  `json:"name"`
	Requests          uint64  `json:"requests"`
	Errors            uint64  `json:"errors"`
	P50               float64 `json:"p50_ms"`
	P95               float64 `json:"p95_ms"`
	P99               float64 `json:"p99_ms"`
	QueriesPerRequest float64 `json:"queries_per_request"`
	BytesPerRequest   float64 `json:"bytes_per_request"`
	CPUPerRequest     float64 `json:"cpu_ms_per_request"`
	// Abuse is what a client that guesses passwords meanwhile was given, whose
	// requests are in no other figure but CPU; nil if there was none.
	Abuse  *Abuse  `json:"abuse,omitempty"`
	Routes []Route `json:"routes"`

	pool      poolUse
	cache     cacheUse // nil if there was none
	storeless bool     // the cache's store did not answer
	reliable  bool     // the percentiles rest on enough requests
	keptUp    bool     // the load was really sent at the rate asked for
}

// Route is one route's share of a stage.
type Route struct {
	Route             string  `json:"route"`
	Count             uint64  `json:"count"`
	P50               float64 `json:"p50_ms"`
	P95               float64 `json:"p95_ms"`
	P99               float64 `json:"p99_ms"`
	QueriesPerRequest float64 `json:"queries_per_request"`
	BytesPerRequest   float64 `json:"bytes_per_request"`
	HitsPerRequest    float64 `json:"hits_per_request"`

	rowsPerRequest float64
	reliable       bool
}

// Finding is one mistake, its place and its fix. What is missing in the
// database has a table for its place and no route.
type Finding struct {
	Rule            string  `json:"rule"`
	Route           string  `json:"route"`
	Where           string  `json:"where"`
	CountPerRequest float64 `json:"count_per_request"`
	SQL             string  `json:"sql"`
	Fix             string  `json:"fix"`

	note string // evidence in words, in one line
}

// waitPerRequest returns how long a request waited for database connections on
// average, in milliseconds.
func (s Stage) waitPerRequest() float64 {
	return milliseconds(s.pool.waited) / float64(max(1, s.Requests))
}

func (s Stage) route(name string) Route {
	for _, r := range s.Routes {
		if r.Route == name {
			return r
		}
	}
	return Route{Route: name}
}
