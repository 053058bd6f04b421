package sqltracetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

// account is what one run has sent.
type account struct {
	total int
	sent  []line
}

// line is what one line of the code has sent of one statement.
type line struct {
	sql, where string
	count      int
}

// run calls fn with the context of a request and returns what it sent.
func run(tb testing.TB, fn func(ctx context.Context)) account {
	tb.Helper()
	var l ledger.Ledger
	l.Open(tb.Context(), time.Now())
	l.Detail()
	fn(&l)
	sum := l.End(time.Now(), ledger.Summary{Route: tb.Name()})
	a := account{total: sum.Statements}
	for _, p := range l.Parts() {
		if p, ok := p.(interface{ Sent() []sqltrace.Sent }); ok {
			for _, s := range p.Sent() {
				a.add(s)
			}
		}
	}
	return a
}

// add counts s with what the same line has sent already.
func (a *account) add(s sqltrace.Sent) {
	for i := range a.sent {
		if l := &a.sent[i]; l.sql == s.SQL && l.where == s.Where {
			l.count += s.Count
			return
		}
	}
	a.sent = append(a.sent, line{s.SQL, s.Where, s.Count})
}

// count returns how often a line has sent a statement.
func (a *account) count(of line) int {
	for _, l := range a.sent {
		if l.sql == of.sql && l.where == of.where {
			return l.count
		}
	}
	return 0
}

// String lists what was sent, the most frequent first.
func (a *account) String() string {
	sorted := slices.Clone(a.sent)
	slices.SortStableFunc(sorted, func(a, b line) int { return cmp.Compare(b.count, a.count) })
	var b strings.Builder
	for _, l := range sorted {
		fmt.Fprintf(&b, "\n%6d × %s\n         %s", l.count, cmp.Or(l.where, "at an unknown line"), l.sql)
	}
	return b.String()
}
