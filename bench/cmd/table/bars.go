package main

import (
	"fmt"
	"io"
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
	{"Statement/query", "hone", "hone-unclassified", 1.5},
	{"Statement/exec", "hone", "hone-unclassified", 1.5},
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
	{"Statement/query", 50, 2},
	{"Statement/exec", 50, 2},
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
	tw.Flush()
	return met
}
