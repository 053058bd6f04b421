package load

import (
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/hone-go/hone/measure"
)

// Search is the search of FindMax with any probe in place of a run.
var Search = search

// Draws returns the first n requests of the mix of targets, as target indexes
// and as URLs and bodies.
func Draws(targets []Target, seed uint64, n int) (indexes []int, urls, bodies []string) {
	recipes, _, err := compileAll(targets)
	if err != nil {
		panic(err)
	}
	m := newMix(recipes, nil, seed)
	for range n {
		var t vegeta.Target
		indexes = append(indexes, m.next(&t))
		urls = append(urls, t.URL)
		bodies = append(bodies, string(t.Body))
	}
	return indexes, urls, bodies
}

// RowNames returns the names that the rows of targets get.
func RowNames(targets ...Target) ([]string, error) {
	_, names, err := compileAll(targets)
	return names, err
}

// Summarize returns what a run would report for these latencies.
func Summarize(latencies []time.Duration) Latency {
	var h measure.Histogram
	for _, v := range latencies {
		h.Record(v)
	}
	return newLatency(h.Snapshot())
}

// RequestsWithin counts the requests due in d.
var RequestsWithin = requestsWithin
