// Command table runs the benchmarks of package bench in interleaved rounds and
// prints one table: hone and its peers, medians, each peer as a ratio to hone,
// and the bars that hone sets itself. It exits 1 if a bar is missed.
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("table", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rounds := flags.Int("rounds", 7, "interleaved rounds; the median of each benchmark is shown")
	benchtime := flags.String("benchtime", "200ms", "time for each benchmark in each round")
	pattern := flags.String("bench", ".", "which benchmarks to run")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *rounds < 1 {
		fmt.Fprintln(stderr, "table: -rounds must be at least 1")
		return 2
	}
	results, err := measure(*rounds, *benchtime, *pattern, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "table:", err)
		return 1
	}
	fmt.Fprintf(stdout, "%s %s/%s, GOMAXPROCS=%d, median of %d interleaved rounds of %s\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), *rounds, *benchtime)
	printTable(stdout, results)
	if !printBars(stdout, results) {
		return 1
	}
	return 0
}

// A result is one implementation in one group.
type result struct {
	group, impl string
	ns          []float64 // one per round
	allocs      float64
	metrics     map[string][]float64 // of the benchmark's own, one per round
}

func (r *result) median() float64 { return median(r.ns) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// measure builds the benchmarks once and runs them all, round after round, so
// that a slow minute of the machine touches every implementation.
func measure(rounds int, benchtime, pattern string, progress io.Writer) ([]*result, error) {
	dir, err := os.MkdirTemp("", "hone-bench-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	builds := []build{{binary: filepath.Join(dir, "bench.test")}}
	if err := compile(".", builds[0].binary, "."); err != nil {
		return nil, err
	}
	earlier, err := compileBefore(dir, builds[0].binary, pattern, progress)
	if err != nil {
		return nil, err
	}
	builds = append(builds, earlier...)
	var results []*result
	for round := range rounds {
		fmt.Fprintf(progress, "round %d of %d\n", round+1, rounds)
		for _, b := range builds {
			var out, errOut bytes.Buffer
			cmd := exec.Command(b.binary, "-test.run=^$", "-test.bench="+pattern, "-test.benchtime="+benchtime)
			cmd.Stdout, cmd.Stderr = &out, &errOut
			if err := cmd.Run(); err != nil {
				return nil, fmt.Errorf("%w\n%s%s", err, out.Bytes(), errOut.Bytes())
			}
			for line := range strings.Lines(out.String()) {
				results = add(results, line, b.suffix)
			}
		}
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("no benchmark matches -bench %s", pattern)
	}
	return results, nil
}

// add reads one line of benchmark output, such as
//
//	BenchmarkRecord/goroutines=1/hone-2   100   7.1 ns/op   0 B/op   0 allocs/op
//
// and appends suffix to the name of the implementation.
func add(results []*result, line, suffix string) []*result {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
		return results
	}
	name := strings.TrimPrefix(fields[0], "Benchmark")
	if i := strings.LastIndexByte(name, '-'); i > 0 && isNumber(name[i+1:]) {
		name = name[:i]
	}
	slash := strings.LastIndexByte(name, '/')
	if slash < 0 {
		return results
	}
	group, impl := name[:slash], name[slash+1:]+suffix
	if impl == "bare"+suffix && suffix != "" {
		return results // one is enough: nothing of hone is in it
	}
	i := slices.IndexFunc(results, func(r *result) bool { return r.group == group && r.impl == impl })
	if i < 0 {
		i = len(results)
		results = append(results, &result{group: group, impl: impl, metrics: make(map[string][]float64)})
	}
	for j := 2; j+1 < len(fields); j += 2 {
		value, err := strconv.ParseFloat(fields[j], 64)
		if err != nil {
			continue
		}
		switch fields[j+1] {
		case "ns/op":
			results[i].ns = append(results[i].ns, value)
		case "allocs/op":
			results[i].allocs = value
		case "B/op", "MB/s":
		default:
			results[i].metrics[fields[j+1]] = append(results[i].metrics[fields[j+1]], value)
		}
	}
	return results
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// order sorts a group for reading: bare, hone, then the peers.
func order(impl string) int {
	switch impl {
	case "bare":
		return 0
	case "hone":
		return 1
	}
	return 2
}

func printTable(w io.Writer, results []*result) {
	slices.SortStableFunc(results, func(a, b *result) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(order(a.impl), order(b.impl)), cmp.Compare(a.impl, b.impl))
	})
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	group := ""
	for _, r := range results {
		if r.group != group {
			group = r.group
			fmt.Fprintf(tw, "%s\tns/op\tadded\tallocs\tvs hone\t\n", group)
		}
		added, ratio := "", ""
		if base := find(results, group, "bare"); base != nil && r.impl != "bare" {
			added = fmt.Sprintf("%.1f", r.median()-base.median())
		}
		if cost(results, r) > 0 && cost(results, find(results, group, "hone")) > 0 && r.impl != "bare" {
			ratio = fmt.Sprintf("%.2f", cost(results, r)/cost(results, find(results, group, "hone")))
		}
		fmt.Fprintf(tw, "%s\t%.1f\t%s\t%.0f\t%s\t", r.impl, r.median(), added, r.allocs, ratio)
		for _, unit := range slices.Sorted(maps.Keys(r.metrics)) {
			fmt.Fprintf(tw, "%.3g %s\t", slices.Max(r.metrics[unit]), unit)
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
}

func find(results []*result, group, impl string) *result {
	for _, r := range results {
		if r.group == group && r.impl == impl {
			return r
		}
	}
	return nil
}

// cost is what an implementation adds over bare, or all of it where the group
// has no bare.
func cost(results []*result, r *result) float64 {
	if r == nil {
		return 0
	}
	if base := find(results, r.group, "bare"); base != nil {
		return r.median() - base.median()
	}
	return r.median()
}
