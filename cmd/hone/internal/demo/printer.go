package demo

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A printer writes the demo's report for people, as the demo goes on. Errors
// of its writer are dropped: there is nobody left to tell.
type printer struct{ w io.Writer }

func (p *printer) printf(format string, args ...any) { _, _ = fmt.Fprintf(p.w, format, args...) }

func (p *printer) opening(db *database, url string, cfg Config) {
	system := map[string]string{"sqlite": "SQLite, embedded", "postgres": "PostgreSQL"}[string(db.Kind())]
	p.printf("The shop: a timber wholesaler's API over %s,\nat %s\n\n", system, url)
	p.printf("Each stage: %g requests per second for %s, the arrivals fixed in advance;\n", cfg.Rate, cfg.For)
	p.printf("a latency counts from when its request was due.\n")
}

func (p *printer) stage(number int, s Stage) {
	p.printf("\n%d. %s: %d requests, %d errors, p95 %s ms, %.2f ms of CPU each\n\n",
		number, s.Name, s.Requests, s.Errors, figure(s.P95, s.reliable), s.CPUPerRequest)
	p.printf("%7s %7s %7s %7s %6s %7s  %s\n", "count", "p50 ms", "p95 ms", "p99 ms", "SQL", "rows", "route")
	note := false
	for _, r := range s.Routes {
		p.printf("%7d %7s %7s %7s %6.1f %7.1f  %s\n", r.Count,
			figure(r.P50, r.reliable), figure(r.P95, r.reliable), figure(r.P99, r.reliable),
			r.QueriesPerRequest, r.rowsPerRequest, r.Route)
		note = note || !r.reliable
	}
	p.printf("\n   SQL: statements per request; rows: rows read per request\n")
	if note {
		p.printf("   ~ fewer than 100 requests: not a percentile to rely on\n")
	}
	if !s.keptUp {
		p.printf("   The load could not be sent at this rate: latencies include a queue. Lower --rate.\n")
	}
}

// findings prints what a stage found; the fixed ones are those that an earlier
// stage found and this one does not.
func (p *printer) findings(findings, earlier []Finding) {
	for _, f := range earlier {
		gone := !slices.ContainsFunc(findings, func(g Finding) bool { return g.Rule == f.Rule && g.Route == f.Route })
		if gone {
			p.printf("\n   The %s of %s is gone.\n", strings.ToUpper(f.Rule), f.Route)
		}
	}
	for _, f := range findings {
		p.printf("\n   %s: %s sends one statement %.0f times per request\n", strings.ToUpper(f.Rule), f.Route, f.CountPerRequest)
		p.printf("   at %s\n\n", f.Where)
		p.printf("%s\n\n", indent(f.SQL, "     "))
		p.printf("%s\n", indent(f.Fix, "   "))
	}
}

// comparison sets the changed routes and the whole service before and after
// beside each other.
func (p *printer) comparison(r Report) {
	first, last := r.Stages[0], r.Stages[len(r.Stages)-1]
	p.printf("\nBefore and after\n\n%34s  %14s  %s\n", first.Name, last.Name, "change")
	row := func(label string, before, after float64) {
		p.printf("   %-22s  %7.2f  %14.2f  %s\n", label, before, after, difference(before, after))
	}
	for _, c := range changes {
		if c.route == "" {
			continue
		}
		before, after := first.route(c.route), last.route(c.route)
		p.printf("%s\n", c.route)
		row("p50 ms", before.P50, after.P50)
		row("p95 ms", before.P95, after.P95)
		row("p99 ms", before.P99, after.P99)
		row("statements per request", before.QueriesPerRequest, after.QueriesPerRequest)
		row("rows per request", before.rowsPerRequest, after.rowsPerRequest)
	}
	p.printf("all routes\n")
	row("p50 ms", first.P50, last.P50)
	row("p95 ms", first.P95, last.P95)
	row("p99 ms", first.P99, last.P99)
	row("statements per request", first.QueriesPerRequest, last.QueriesPerRequest)
	row("CPU ms per request", first.CPUPerRequest, last.CPUPerRequest)
}

func (p *printer) serving(url string) {
	p.printf("\nThe tuned shop goes on serving at %s; Ctrl-C ends it.\n", url)
}

// difference says how much less or more after is than before.
func difference(before, after float64) string {
	switch {
	case before == 0 || after == 0:
		return ""
	case after <= before/2:
		return fmt.Sprintf("%.1f times less", before/after)
	case after >= before*2:
		return fmt.Sprintf("%.1f times more", after/before)
	default:
		return strings.NewReplacer("+0 %", "same", "-0 %", "same").Replace(fmt.Sprintf("%+.0f %%", (after/before-1)*100))
	}
}

// figure writes a percentile, and marks one that rests on too few samples.
func figure(ms float64, reliable bool) string {
	if !reliable {
		return fmt.Sprintf("~%.2f", ms)
	}
	return fmt.Sprintf("%.2f", ms)
}

// indent moves text to the right, for a terminal: a tab is four columns.
func indent(text, by string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		if line != "\n" {
			b.WriteString(by)
		}
		b.WriteString(strings.ReplaceAll(line, "\t", "    "))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
