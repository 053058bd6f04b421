package sqltrace

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes a report for people: every finding with its fix, and then
// what [Allow] has kept out of the findings, with the reasons.
func (t *Tracer) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, f := range t.Findings() {
		fmt.Fprintf(&b, "\n%s on %s at %s: %.0f times per request\n%s", f.Rule, f.Route, f.Where, f.CountPerRequest, f.Fix)
		if !strings.HasSuffix(f.Fix, "\n") {
			b.WriteByte('\n')
		}
	}
	for _, s := range t.Suppressed() {
		fmt.Fprintf(&b, "\nallowed: %s\n", s)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String returns what is allowed, where and why, in one line.
func (s Suppressed) String() string {
	return fmt.Sprintf("%s on %s at %s in %d requests: %s", s.Rule, s.Route, s.Where, s.Requests, s.Reason)
}
