package main

import (
	"strings"
	"testing"
)

const output = `goos: linux
BenchmarkHandler/goroutines=1/bare-2     100   100.0 ns/op   0 B/op   0 allocs/op
BenchmarkHandler/goroutines=1/hone-2     100   150.0 ns/op   9 B/op   2 allocs/op
BenchmarkHandler/goroutines=1/promhttp-2 100   200.0 ns/op   9 B/op   4 allocs/op
BenchmarkHandler/goroutines=1/otelhttp-2 100   190.0 ns/op   9 B/op   4 allocs/op
PASS
`

func parse(rounds ...string) []*result {
	var results []*result
	for _, text := range rounds {
		for line := range strings.Lines(text) {
			results = add(results, line, "")
		}
	}
	return results
}

func TestTableShowsMediansAddedAndRatio(t *testing.T) {
	slow := strings.ReplaceAll(output, "200.0", "900.0")
	var b strings.Builder
	printTable(&b, parse(output, slow, output))
	var row string
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "promhttp") {
			row = strings.Join(strings.Fields(line), " ")
		}
	}
	if want := "promhttp 200.0 100.0 4 2.00"; row != want {
		t.Errorf("promhttp's row = %q, want %q", row, want)
	}
}

func TestBarsCompareWhatIsAdded(t *testing.T) {
	var b strings.Builder
	if printBars(&b, parse(output)) {
		t.Error("printBars = true, want false: hone adds 50 ns, more than half of otelhttp's 90 ns")
	}
	for _, want := range []string{"hone / promhttp = 0.50", "hone / otelhttp = 0.56", "hone adds 2.00 allocations"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("bars do not contain %q:\n%s", want, b.String())
		}
	}
	if got := strings.Count(b.String(), "MISSED"); got != 1 {
		t.Errorf("missed bars = %d, want 1:\n%s", got, b.String())
	}
}

func TestBarsCompareTwoOfHone(t *testing.T) {
	const pages = "BenchmarkPage/rows=1e6/hone-first-2 100 50.0 ns/op 0 B/op 0 allocs/op\n" +
		"BenchmarkPage/rows=1e6/hone-page2000-2 100 PAGE ns/op 0 B/op 0 allocs/op\n"
	for cost, met := range map[string]bool{"100.0": true, "101.0": false} {
		var b strings.Builder
		got := printBars(&b, parse(strings.ReplaceAll(pages, "PAGE", cost)))
		if got != met || !strings.Contains(b.String(), "hone-page2000 / hone-first = 2.0") {
			t.Errorf("printBars with page 2000 at %s ns and page 1 at 50 ns = %v, want %v:\n%s", cost, got, met, b.String())
		}
	}
}

func TestBarsCompareWithAnEarlierBuild(t *testing.T) {
	const query = "BenchmarkClassification/query/bare-2 100 100.0 ns/op 0 B/op 0 allocs/op\n" +
		"BenchmarkClassification/query/hone-2 100 COST ns/op 0 B/op 0 allocs/op\n"
	for cost, met := range map[string]bool{"400.0": true, "401.0": false} {
		results := parse(strings.ReplaceAll(query, "COST", cost))
		for line := range strings.Lines(strings.ReplaceAll(query, "COST", "300.0")) {
			results = add(results, line, "-before")
		}
		var b strings.Builder
		if got := printBars(&b, results); got != met || !strings.Contains(b.String(), "hone / hone-before = 1.5") {
			t.Errorf("printBars with %s ns now, 300 before and 100 bare = %v, want %v:\n%s", cost, got, met, b.String())
		}
	}
}

func TestBarsBoundMetricsInEveryRound(t *testing.T) {
	const herd = "BenchmarkHerd/processes=4/hone-2 1 5900 ns/op LOADS loads/expiry 4.831 slowest-ms\n"
	once := strings.ReplaceAll(herd, "LOADS", "1.000")
	for loads, met := range map[string]bool{"1.000": true, "1.100": false, "0.9000": false} {
		var b strings.Builder
		if got := printBars(&b, parse(once, strings.ReplaceAll(herd, "LOADS", loads), once)); got != met {
			t.Errorf("printBars with %s loads in one round = %v, want %v:\n%s", loads, got, met, b.String())
		}
	}
}

func TestBarsBoundTurnsByTheirMedian(t *testing.T) {
	const turns = "BenchmarkEncode/coding=gzip/size=2KB/by-turns-2 1 3100 ns/op RATIO of-gzhttp\n"
	for rounds, met := range map[[3]string]bool{
		{"0.97", "1.30", "0.98"}: true, {"1.01", "0.70", "1.30"}: false, {"1.00", "1.00", "1.00"}: true,
	} {
		var texts []string
		for _, ratio := range rounds {
			texts = append(texts, strings.ReplaceAll(turns, "RATIO", ratio))
		}
		var b strings.Builder
		if got := printBars(&b, parse(texts...)); got != met || !strings.Contains(b.String(), "of-gzhttp") {
			t.Errorf("printBars with ratios of %v = %v, want %v:\n%s", rounds, got, met, b.String())
		}
	}
}
