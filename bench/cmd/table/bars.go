package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A bar is what hone promises of itself: its cost in a group is at most
// factor times the peer's.
type bar struct {
	group, peer string
	factor      float64
}

var bars = []bar{
	{"Record/goroutines=1", "hdrhistogram", 2},
	{"Record/goroutines=1", "ddsketch", 1},
	{"Record/goroutines=1", "prometheus-native", 1},
	{"Record/goroutines=16", "hdrhistogram", 1},
	{"Record/goroutines=16", "ddsketch", 1},
	{"Record/goroutines=16", "prometheus-native", 1},
	{"Handler/goroutines=1", "promhttp", 1},
	{"Handler/goroutines=16", "promhttp", 1},
	{"Handler/goroutines=1", "otelhttp", 0.5},
	{"Handler/goroutines=16", "otelhttp", 0.5},
	{"Statement/query", "otelsql", 0.5},
	{"Statement/exec", "otelsql", 0.5},
	{"Near/goroutines=1", "otter", 1.4},
	{"Near/goroutines=1", "sturdyc", 1},
	{"Near/goroutines=1", "ristretto", 1},
	{"Near/goroutines=1", "jetcache", 1},
	{"Near/goroutines=cores", "otter", 1.4},
	{"Shared/hit", "rueidis", 1 / 0.95},
	{"Hit/core=one", "stampede", 1.0 / 3},
	{"Hit/goroutines=1", "stampede", 1.0 / 3}, // beside an idle core, which frees its garbage
	{"Hit/goroutines=cores", "stampede", 1.0 / 3},
	{"Hit/goroutines=1", "souin", 1.0 / 3},
	{"Hit/goroutines=1", "http-cache", 1},
	{"Limits/goroutines=1", "go-limiter", 1},
	{"Limits/goroutines=1", "throttled", 1},
	{"Limits/goroutines=1", "ulule", 1},
	{"Limits/goroutines=1", "httprate", 1},
	{"Limits/goroutines=1", "tollbooth", 1},
	{"Limits/goroutines=cores", "go-limiter", 1},
	{"Limits/goroutines=cores", "throttled", 1},
	{"Limits/goroutines=cores", "ulule", 1},
	{"Limits/goroutines=cores", "httprate", 1},
	{"Limits/goroutines=cores", "tollbooth", 1},
	{"SharedLimits/limits=1/keys=hot", "redis_rate", 1 / 1.5},
	{"SharedLimits/limits=1/keys=hot", "ulule", 1 / 1.5},
	{"SharedLimits/limits=1/keys=10000", "redis_rate", 1 / 1.5},
	{"SharedLimits/limits=1/keys=10000", "ulule", 1 / 1.5},
	{"SharedLimits/limits=3/keys=hot", "redis_rate", 1 / 1.5},
	{"SharedLimits/limits=3/keys=hot", "ulule", 1 / 1.5},
	{"SharedLimits/limits=3/keys=10000", "redis_rate", 1 / 1.5},
	{"SharedLimits/limits=3/keys=10000", "ulule", 1 / 1.5},
	{"Batch/unique", "dataloadgen", 1},
	{"Batch/unique", "graph-gophers", 1},
	{"Batch/duplicate", "dataloadgen", 1},
	{"Batch/duplicate", "graph-gophers", 1},
	{"Batch/cached", "dataloadgen", 1},
	{"Batch/cached", "graph-gophers", 1},
	{"Batch/many", "dataloadgen", 1},
	{"Batch/many", "graph-gophers", 1},
	{"Batch/concurrent/wait=default", "dataloadgen", 1},
	{"Batch/concurrent/wait=default", "graph-gophers", 1},
}

// A pairBar compares two ways of hone's own: the cost of impl is at most
// factor times base's.
type pairBar struct {
	group, impl, base string
	factor            float64
}

var pairBars = []pairBar{
	{"Page/rows=1e6", "hone-page2000", "hone-first", 2},
	{"Classification/query", "hone", "hone-before", 1.5},
	{"Classification/exec", "hone", "hone-before", 1.5},
	{"Serve/connections=16", "hone", "static", 1 / 0.9}, // of the throughput, 0.9
	{"Serve/connections=16", "hone-gzip", "hone-identity", 1.1},
	{"Hit/coded", "gzip", "identity", 1.1},
	{"Hit/coded", "zstd", "identity", 1.1},
}

// An allocBar bounds the allocations that hone adds per operation.
type allocBar struct {
	group string
	perOp float64 // operations in one iteration
	most  float64
}

var allocBars = []allocBar{
	{"Record/goroutines=1", 1, 0},
	{"Handler/goroutines=1", 1, 2},
	{"Near/goroutines=1", 1, 0},
	{"Hit/goroutines=1", 1, 6},
	{"Limits/goroutines=1", 1, 0},
	{"Limits/goroutines=cores", 1, 0},
	{"Statement/query", 50, 2},
	{"Statement/exec", 50, 2},
}

// A metricBar bounds what hone, or one of its ways, reports in a unit of the
// benchmark's own: the worst round counts.
type metricBar struct {
	group, impl, unit string
	least, most       float64
}

var metricBars = []metricBar{
	{"Shared/hit", "hone", "trips/op", 1, 1},
	{"SharedMiss/goroutines=1", "hone", "trips/op", 2, 2},
	{"Herd/processes=4", "hone", "loads/expiry", 1, 1},
	{"Herd/processes=4", "hone", "slowest-ms", 0, 100}, // a load takes 100 ms: nobody has waited for one
	// Near.MaxStale is 1 s: what is told takes much less.
	{"Delay/change=write", "hone", "max-µs", 0, 1e6},
	{"Delay/change=delete", "hone", "max-µs", 0, 1e6},
	{"Delay/change=tag", "hone", "max-µs", 0, 1e6},
	{"CommitDelay/change=commit", "hone", "max-µs", 0, 1e6},
	{"Bytes/budget=1GiB", "near", "heap/budget", 0.95, 1.05},
	{"Bytes/budget=1GiB", "memory", "heap/budget", 0.95, 1.05},
	{"SharedLimits/limits=1/keys=hot", "hone", "trips/op", 1, 1},
	{"SharedLimits/limits=1/keys=10000", "hone", "trips/op", 1, 1},
	{"SharedLimits/limits=3/keys=hot", "hone", "trips/op", 1, 1},
	{"SharedLimits/limits=3/keys=10000", "hone", "trips/op", 1, 1},
	{"Flood/budget=16MiB", "hone", "heap/budget", 0, 1 + 1./64}, // of which 1/64 is a table that grows
	{"Flood/budget=64MiB", "hone", "heap/budget", 0, 1 + 1./64},
	{"Refused/goroutines=1", "hone", "trips", 0, 0},
	{"Export/rows=1e6", "hone", "MiB-growth", 0, 64},
	{"Export/rows=1e6", "hone", "ms-to-first-byte", 0, 20},
}

// admissionBars have every store admit exactly the limit, by each strategy.
func admissionBars() []metricBar {
	var all []metricBar
	for _, store := range []string{"memory", "redis", "memcached", "mongo"} {
		for _, strategy := range []string{"sliding", "fixed", "moving", "gcra", "concurrent"} {
			for _, unit := range []string{"least/limit", "most/limit"} {
				all = append(all, metricBar{"Admission/store=" + store + "/strategy=" + strategy, "hone", unit, 1, 1})
			}
		}
	}
	return all
}

// A turnBar bounds a ratio to a peer that a benchmark found by running the two
// in turns. The median of the rounds counts: each is a process of its own, and
// the same code is a percent faster or slower as its memory happens to lie.
type turnBar struct {
	group, unit string
	most        float64
}

var turnBars = []turnBar{
	{"Encode/coding=gzip/size=2KB", "of-gzhttp", 1},
	{"Encode/coding=gzip/size=20KB", "of-gzhttp", 1},
	{"Encode/coding=gzip/size=100KB", "of-gzhttp", 1},
	{"Encode/coding=gzip/level=1/size=2KB", "of-gzhttp", 1},
	{"Encode/coding=gzip/level=1/size=20KB", "of-gzhttp", 1},
	{"Encode/coding=gzip/level=1/size=100KB", "of-gzhttp", 1},
	{"Encode/coding=zstd/size=2KB", "of-gzhttp", 1},
	{"Encode/coding=zstd/size=20KB", "of-gzhttp", 1},
	{"Encode/coding=zstd/size=100KB", "of-gzhttp", 1},
	{"Limits/goroutines=1/peer=go-limiter", "of-peer", 1},
	{"Limits/goroutines=1/peer=throttled", "of-peer", 1},
	{"LimitedServe/connections=16", "of-static", 1 / 0.9}, // of the throughput, 0.9
}

// printBars prints each bar that was measured and reports whether all are met.
func printBars(w io.Writer, results []*result) bool {
	fmt.Fprintln(w)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	met := true
	line := func(ok bool, format string, args ...any) {
		verdict := "met"
		if !ok {
			verdict, met = "MISSED", false
		}
		fmt.Fprintf(tw, "%s\t"+format+"\n", append([]any{verdict}, args...)...)
	}
	for _, b := range bars {
		hone, peer := find(results, b.group, "hone"), find(results, b.group, b.peer)
		if hone == nil || peer == nil {
			continue
		}
		ratio := cost(results, hone) / cost(results, peer)
		line(ratio <= b.factor, "%s\thone / %s = %.2f\twant ≤ %.2f", b.group, b.peer, ratio, b.factor)
	}
	for _, b := range pairBars {
		impl, base := find(results, b.group, b.impl), find(results, b.group, b.base)
		if impl == nil || base == nil {
			continue
		}
		ratio := cost(results, impl) / cost(results, base)
		line(ratio <= b.factor, "%s\t%s / %s = %.2f\twant ≤ %.2f", b.group, b.impl, b.base, ratio, b.factor)
	}
	for _, b := range allocBars {
		hone := find(results, b.group, "hone")
		if hone == nil {
			continue
		}
		allocs := hone.allocs
		if base := find(results, b.group, "bare"); base != nil {
			allocs -= base.allocs
		}
		line(allocs/b.perOp <= b.most, "%s\thone adds %.2f allocations\twant ≤ %.0f", b.group, allocs/b.perOp, b.most)
	}
	for _, b := range slices.Concat(metricBars, admissionBars()) {
		r := find(results, b.group, b.impl)
		if r == nil || len(r.metrics[b.unit]) == 0 {
			continue
		}
		low, high := slices.Min(r.metrics[b.unit]), slices.Max(r.metrics[b.unit])
		line(b.least <= low && high <= b.most, "%s\t%s: %.3g to %.3g %s\twant %.3g to %.3g", b.group, b.impl, low, high, b.unit, b.least, b.most)
	}
	for _, b := range turnBars {
		r := find(results, b.group, "by-turns")
		if r == nil || len(r.metrics[b.unit]) == 0 {
			continue
		}
		ratio := median(r.metrics[b.unit])
		line(ratio <= b.most, "%s\tin turns %.3f %s\twant ≤ %.2f", b.group, ratio, b.unit, b.most)
	}
	tw.Flush()
	return met
}
