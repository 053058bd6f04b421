package demo

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/sqltrace"
)

// A printer writes the demo's report for people, as the demo goes on. Errors
// of its writer are dropped: there is nobody left to tell.
type printer struct{ w io.Writer }

func (p *printer) printf(format string, args ...any) { _, _ = fmt.Fprintf(p.w, format, args...) }

func (p *printer) opening(db *database, url string, cfg Config) {
	system := "SQLite, embedded"
	if db.Kind() == data.Postgres {
		system = "PostgreSQL" + between(db.Pooler())
	}
	p.printf("The shop: a timber wholesaler's API over %s,\nat %s\n\n", system, url)
	p.printf("Each stage: %g requests per second for %s, the arrivals fixed in advance;\n", cfg.Rate, cfg.For)
	p.printf("a latency counts from when its request was due.\n")
}

// storeless says that there will be no cache.
func (p *printer) storeless(cfg Config) {
	p.printf("\n%s does not answer: the shop works without, and the stage cache will\nshow no gain unless it comes up.\n", place(cfg.Store))
}

// invalidation says how the cache learns of changes.
func (p *printer) invalidation(db *database, watched bool) {
	switch {
	case watched:
		p.printf("   A change is seen at once, whoever makes it: triggers tell the cache.\n")
	case db.Kind() == data.Postgres:
		p.printf("   A change through the shop is seen at once, another when an entry's life is over:\n" +
			"   triggers tell only who has a connection to PostgreSQL itself.\n")
	default:
		p.printf("   A change through the shop is seen at once: the routes that write tell the cache.\n")
	}
}

// between says what a connection to PostgreSQL goes through.
func between(pooler dbpool.Pooler) string {
	switch {
	case pooler.Mode == dbpool.Direct:
		return ", directly"
	case pooler.Version != "": // only PgBouncer tells
		return fmt.Sprintf(" through PgBouncer %s in %s mode", pooler.Version, pooler.Mode)
	default:
		return fmt.Sprintf(" through a pooler in %s mode", pooler.Mode)
	}
}

func (p *printer) stage(number int, s Stage) {
	p.printf("\n%d. %s: %d requests, %d errors, p95 %s ms, %.2f ms of CPU each\n\n",
		number, s.Name, s.Requests, s.Errors, figure(s.P95, s.reliable), s.CPUPerRequest)
	p.printf("%7s %7s %7s %7s %6s %7s %7s  %s\n", "count", "p50 ms", "p95 ms", "p99 ms", "SQL", "rows", "bytes", "route")
	note, cached := false, uint64(0)
	for _, r := range s.Routes {
		p.printf("%7d %7s %7s %7s %6.1f %7.1f %7.0f  %s\n", r.Count,
			figure(r.P50, r.reliable), figure(r.P95, r.reliable), figure(r.P99, r.reliable),
			r.QueriesPerRequest, r.rowsPerRequest, r.BytesPerRequest, r.Route)
		note = note || !r.reliable
		if functionOf(r.Route) != "" {
			cached += r.Count
		}
	}
	p.printf("\n   SQL: statements per request; rows: rows read per request;\n   bytes: of the body as sent, per request\n")
	if s.cache != nil {
		sum := s.cache.total()
		p.printf("   cache: %.2f hits (%.2f of them in this process), %.2f misses and %.2f loads\n   for each of the %d requests to the catalog and the summaries\n",
			perRequest(sum.hits, cached), perRequest(sum.near, cached), perRequest(sum.misses, cached), perRequest(sum.loads, cached), cached)
	}
	if a := s.Abuse; a != nil {
		p.printf("   Meanwhile a client guesses passwords: %d requests, of which %d were looked at,\n   %.1f a second, and %d refused\n",
			a.Requests, a.Admitted, a.AdmittedPerSecond, a.Refused)
	}
	if s.storeless {
		p.printf("   The store did not answer: what would be kept there is computed each time.\n")
	}
	if note {
		p.printf("   ~ fewer than 100 requests: not a percentile to rely on\n")
	}
	if !s.keptUp {
		p.printf("   The load could not be sent at this rate: latencies include a queue. Lower --rate.\n")
	}
}

// findings prints what a stage found, and what the stage before it found and
// this one does not.
func (p *printer) findings(findings, earlier []Finding) {
	for _, f := range earlier {
		if !slices.ContainsFunc(findings, f.like) {
			p.printf("\n   The %s of %s is gone.\n", f.Rule, cmp.Or(f.Route, f.Where))
		}
	}
	for _, f := range findings {
		if slices.ContainsFunc(earlier, f.like) {
			p.printf("\n   The %s of %s is still there.\n", f.Rule, cmp.Or(f.Route, f.Where))
			continue
		}
		if f.Rule == ruleIndex {
			p.printf("\n   %s on %s (%s)\n\n%s\n\n%s\n", f.Rule, f.Where, f.note,
				indent(wrap(oneLine(f.SQL), 74), "     "), indent(f.Fix, "     "))
			continue
		}
		p.printf("\n   %s: %s", f.Rule, f.Route)
		if f.CountPerRequest >= 2 { // a loop, and not one statement that is wrong by itself
			p.printf(" sends one statement %.0f times per request", f.CountPerRequest)
		}
		p.printf("\n   at %s\n   %s\n\n", f.Where, f.note)
		p.printf("%s\n\n", indent(f.SQL, "     "))
		p.printf("%s\n", indent(f.Fix, "   "))
	}
}

// allowed prints what the service's code has kept out of the findings.
func (p *printer) allowed(list []sqltrace.Suppressed) {
	for _, s := range list {
		p.printf("\n   allowed: %s\n", s)
	}
}

// like reports whether g is the same mistake in another stage.
func (f Finding) like(g Finding) bool {
	return f.Rule == g.Rule && f.Route == g.Route && (f.Route != "" || f.Where == g.Where)
}

// wrap breaks text at spaces into lines of at most that many columns.
func wrap(text string, columns int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > columns {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(append(lines, line), "\n")
}

// comparison sets what each change was about before and after it beside each
// other, and then the whole service as found and at the end.
func (p *printer) comparison(r Report) {
	p.printf("\nBefore and after\n")
	for i, c := range changes[1:] {
		before, after := r.Stages[i], r.Stages[i+1]
		if len(c.routes) == 0 {
			p.heading(c.stage+": all routes", "before", "after")
			p.percentiles(before.P50, before.P95, before.P99, before.reliable, after.P50, after.P95, after.P99, after.reliable)
			if after.Abuse != nil {
				p.abuse(before, after)
				continue
			}
			p.row("waits for a database connection", float64(before.pool.waits), float64(after.pool.waits))
			p.row("ms of waiting per request", before.waitPerRequest(), after.waitPerRequest())
			p.row("database connections opened", float64(before.pool.opened), float64(after.pool.opened))
			continue
		}
		for _, name := range c.routes {
			a, b := before.route(name), after.route(name)
			p.heading(c.stage+": "+name, "before", "after")
			p.percentiles(a.P50, a.P95, a.P99, a.reliable, b.P50, b.P95, b.P99, b.reliable)
			p.row("statements per request", a.QueriesPerRequest, b.QueriesPerRequest)
			p.row("rows per request", a.rowsPerRequest, b.rowsPerRequest)
			p.row("bytes per request", a.BytesPerRequest, b.BytesPerRequest)
			if b.HitsPerRequest > 0 {
				p.row("answers from the response cache per request", a.HitsPerRequest, b.HitsPerRequest)
			} else if after.cache != nil {
				p.lookups(before, after, name)
			}
		}
	}
	first, last := r.Stages[0], r.Stages[len(r.Stages)-1]
	p.heading("all routes", first.Name, "now")
	p.percentiles(first.P50, first.P95, first.P99, first.reliable, last.P50, last.P95, last.P99, last.reliable)
	p.row("statements per request", first.QueriesPerRequest, last.QueriesPerRequest)
	p.row("bytes per request", first.BytesPerRequest, last.BytesPerRequest)
	name := "CPU ms per request"
	if last.Abuse != nil {
		name += ", guesses included"
	}
	p.row(name, first.CPUPerRequest, last.CPUPerRequest)
}

// abuse compares what an abusive client was given, and what it cost.
func (p *printer) abuse(before, after Stage) {
	was, is := Abuse{}, *after.Abuse
	if before.Abuse != nil {
		was = *before.Abuse
	}
	p.row("CPU ms per request of the others", before.CPUPerRequest, after.CPUPerRequest)
	p.row("guessed passwords", float64(was.Requests), float64(is.Requests))
	p.row("of which were looked at", float64(was.Admitted), float64(is.Admitted))
	p.row("looked at per second", was.AdmittedPerSecond, is.AdmittedPerSecond)
	p.row("refused", float64(was.Refused), float64(is.Refused))
}

// lookups compares what a route asked of the cache.
func (p *printer) lookups(before, after Stage, route string) {
	a, b := before.cache[functionOf(route)], after.cache[functionOf(route)]
	was, is := before.route(route).Count, after.route(route).Count
	p.row("cache hits per request", perRequest(a.hits, was), perRequest(b.hits, is))
	p.row("cache misses per request", perRequest(a.misses, was), perRequest(b.misses, is))
	p.row("loads per request", perRequest(a.loads, was), perRequest(b.loads, is))
}

func (p *printer) heading(what, before, after string) {
	p.printf("\n   %-46s %9s %9s  change\n", what, before, after)
}

func (p *printer) row(label string, before, after float64) {
	p.printf("      %-43s %9.2f %9.2f  %s\n", label, before, after, difference(before, after))
}

func (p *printer) percentiles(a50, a95, a99 float64, aReliable bool, b50, b95, b99 float64, bReliable bool) {
	for _, line := range []struct {
		label         string
		before, after float64
	}{{"p50 ms", a50, b50}, {"p95 ms", a95, b95}, {"p99 ms", a99, b99}} {
		p.printf("      %-43s %9s %9s  %s\n", line.label,
			figure(line.before, aReliable), figure(line.after, bReliable), difference(line.before, line.after))
	}
}

func (p *printer) serving(url string) {
	p.printf("\nThe tuned shop goes on serving at %s; Ctrl-C ends it.\n", url)
}

// difference says how much less or more after is than before.
func difference(before, after float64) string {
	switch {
	case before == after:
		return "same"
	case after == 0:
		return "none left"
	case before == 0:
		return "new"
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
