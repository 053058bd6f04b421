package conformance

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// A Result is what the suite says of one of its tests.
type Result struct {
	Suite   string  `json:"suite"`   // the group it belongs to
	ID      string  `json:"id"`      // such as "freshness-max-age"
	Name    string  `json:"name"`    // what it asks, in words
	Kind    Kind    `json:"kind"`    // how much its answer matters
	Verdict Verdict `json:"verdict"` // the answer
	Detail  string  `json:"detail"`  // what was not as expected
}

// A Kind says how much a test matters.
type Kind string

// The suite's kinds.
const (
	Required Kind = "required" // the RFCs demand it
	Optimal  Kind = "optimal"  // a good cache does it
	Check    Kind = "check"    // how caches differ; no answer is wrong
)

// A Verdict is the suite's symbol for how a test went.
type Verdict string

// The verdicts that are not a failure of some sort.
const (
	Pass Verdict = "✅"
	Yes  Verdict = "Y" // to a check
	No   Verdict = "N" // to a check
)

// OK reports whether the test passed; a check that answers no did not.
func (r Result) OK() bool { return r.Verdict == Pass || r.Verdict == Yes }

// Count returns how many tests of a kind there are, and how many passed.
func Count(results []Result, kind Kind) (passed, all int) {
	for _, r := range results {
		if r.Kind == kind {
			all++
			if r.OK() {
				passed++
			}
		}
	}
	return passed, all
}

// Report writes the table: what passed by group and kind, then every required
// or optimal test that did not, with the reason.
func Report(w io.Writer, results []Result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, results []Result) {
		fmt.Fprintf(table, "%s\t", name)
		for _, kind := range []Kind{Required, Optimal, Check} {
			passed, all := Count(results, kind)
			fmt.Fprintf(table, "%d/%d\t", passed, all)
		}
		fmt.Fprintln(table)
	}
	fmt.Fprintln(table, "\trequired\toptimal\tcheck\t")
	for from, r := range results {
		if from > 0 && results[from-1].Suite == r.Suite {
			continue
		}
		to := from
		for to < len(results) && results[to].Suite == r.Suite {
			to++
		}
		row(r.Suite, results[from:to])
	}
	row("all", results)
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range results {
		if r.Kind == Check || r.OK() {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s %s %s\n   %s\n   %s\n", r.Verdict, r.Kind, r.ID, r.Name, r.Detail); err != nil {
			return err
		}
	}
	return nil
}
