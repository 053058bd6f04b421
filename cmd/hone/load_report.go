package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hone-go/hone/cmd/hone/internal/load"
)

// A reporter can be printed as a text or as JSON.
type reporter interface {
	text(w io.Writer, width int)
	json() any
}

// report prints r on the output: nothing else goes there.
func report(io *streams, asJSON bool, r reporter) error {
	if asJSON {
		return io.writeJSON(r.json())
	}
	var b strings.Builder
	r.text(&b, io.width())
	if _, err := fmt.Fprint(io.out, b.String()); err != nil {
		return fmt.Errorf("cannot write the result: %w", err)
	}
	return nil
}

// loadReport is the outcome of one run.
type loadReport struct {
	load.Result
	Seed uint64
	For  time.Duration
}

// text prints one row per route and the total. With width > 0 long route names
// are shortened to fit that many columns.
func (r loadReport) text(w io.Writer, width int) {
	rows := append(slices.Clone(r.Routes), r.Total)
	names := columnWidth(rows, width)
	fmt.Fprintf(w, "%-*s%9s%8s%9s%9s%9s%9s\n", names, "route", "count", "errors", "p50", "p95", "p99", "max")
	unreliable := false
	for _, row := range rows {
		unreliable = unreliable || row.Count > 0 && !row.Latency.Reliable
		fmt.Fprintf(w, "%-*s%9d%8d", names, shorten(row.Name, names), row.Count, row.Failed)
		for _, figure := range latencyFigures(row) {
			fmt.Fprintf(w, "%9s", figure)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "\nasked %s/s, sent %s/s, received %s\n", rateText(r.Asked), rateText(r.Achieved), bytesText(r.Total.Bytes))
	if r.Total.Failed > 0 {
		fmt.Fprintf(w, "errors: %s\n", failures(r.Total))
	}
	if unreliable {
		fmt.Fprintln(w, "~ from fewer than 100 requests: load for longer before trusting it")
	}
	if note := r.shortfall(); note != "" {
		fmt.Fprintln(w, note)
	}
}

// latencyFigures returns p50, p95, p99 and the maximum of a row as printed.
func latencyFigures(r load.Route) [4]string {
	if r.Count == 0 {
		return [4]string{"-", "-", "-", "-"}
	}
	mark := ""
	if !r.Latency.Reliable {
		mark = "~"
	}
	l := r.Latency
	return [4]string{mark + milliseconds(l.P50), mark + milliseconds(l.P95), mark + milliseconds(l.P99), milliseconds(l.Max)}
}

// shortfall says why less than the rate was sent, or nothing.
func (r loadReport) shortfall() string {
	switch {
	case r.KeptUp:
		return ""
	case r.Saturated:
		return "the rate was not kept: every worker was busy; raise --max-workers"
	}
	return "the rate was not kept: this machine cannot send that fast; lower --rate"
}

// columnWidth returns the width of the column of names.
func columnWidth(rows []load.Route, width int) int {
	const figures, least = 53, 12 // columns of the figures; enough to tell routes apart
	longest := 0
	for _, r := range rows {
		longest = max(longest, len([]rune(r.Name)))
	}
	if width == 0 {
		return longest
	}
	return min(longest, max(width-figures, least))
}

// shorten cuts the middle out of a name: methods are told by its head and
// routes by its tail.
func shorten(name string, width int) string {
	runes := []rune(name)
	if len(runes) <= width {
		return name
	}
	head := (width - 1) / 2
	tail := width - 1 - head
	return string(runes[:head]) + "…" + string(runes[len(runes)-tail:])
}

// failures lists the ways in which requests of r failed, statuses one by one.
func failures(r load.Route) string {
	var parts []string
	for _, f := range r.Failures() {
		byStatus := false
		for _, code := range slices.Sorted(maps.Keys(r.Codes)) {
			if f.Kind == load.StatusKind(code) {
				parts = append(parts, fmt.Sprintf("%d × %d", r.Codes[code], code))
				byStatus = true
			}
		}
		if !byStatus {
			parts = append(parts, fmt.Sprintf("%d × %s", f.Count, f.Kind))
		}
	}
	return strings.Join(parts, ", ")
}

// dominant names the most frequent failure of r, a status by its own number.
func dominant(r load.Route) string {
	top := r.Failures()[0]
	name, count := string(top.Kind), top.Count
	best := 0
	for _, code := range slices.Sorted(maps.Keys(r.Codes)) {
		if top.Kind == load.StatusKind(code) && r.Codes[code] > best {
			best = r.Codes[code]
			name, count = strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code))), best
		}
	}
	return fmt.Sprintf("%s (%d of %d)", name, count, r.Count)
}

// interruption says what the figures of an interrupted run leave out.
func interruption(r load.Result) string {
	return fmt.Sprintf("%d requests measured, %d still under way", r.Total.Count, r.Unfinished)
}

// findReport is the outcome of a search.
type findReport struct {
	load.Found
	Objective load.Objective
	Seed      uint64
	For       time.Duration
}

func (r findReport) text(w io.Writer, width int) {
	if r.Rate == 0 {
		return // the steps are on the error stream already, and so is the reason
	}
	fmt.Fprintf(w, "highest rate that meets %v: %s/s, met twice in %d steps\n\n", r.Objective, rateText(r.Rate), len(r.Steps))
	loadReport{Result: r.Final, Seed: r.Seed, For: r.For}.text(w, width)
}

// stepLine is the one line about a step of a search.
func stepLine(o load.Objective, s load.Step) string {
	outcome := "met"
	if !s.Verdict.Met {
		outcome = "missed: " + s.Verdict.Reason
	}
	mark := ""
	if !s.Result.Total.Latency.Reliable {
		mark = "~"
	}
	return fmt.Sprintf("%9s/s  p%d %s%s  %s", rateText(s.Rate), o.Percentile, mark, milliseconds(s.Verdict.Value), outcome)
}

// milliseconds prints d with three digits.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 10:
		return fmt.Sprintf("%.2fms", ms)
	case ms < 100:
		return fmt.Sprintf("%.1fms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0fms", ms)
	case ms < 10_000:
		return fmt.Sprintf("%.2fs", ms/1000)
	}
	return fmt.Sprintf("%.1fs", ms/1000)
}

// rateText prints a rate with no more digits than matter.
func rateText(rate float64) string {
	decimals := 100.0
	switch {
	case rate >= 100:
		decimals = 1
	case rate >= 10:
		decimals = 10
	}
	return strconv.FormatFloat(math.Round(rate*decimals)/decimals, 'f', -1, 64)
}

func bytesText(n int64) string {
	v, unit := float64(n), "B"
	for _, next := range []string{"kB", "MB", "GB", "TB"} {
		if v < 1000 {
			break
		}
		v, unit = v/1000, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.3g %s", v, unit)
}
