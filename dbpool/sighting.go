package dbpool

import (
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// redact returns a statement without comments, with ? for the values written
// into it and for whatever a SET sets.
func redact(sql string) string {
	var b strings.Builder
	set, skip := false, false // in a SET; after its = or TO
	end := 0
	for i, t := range sqlscan.Code(sql, sqlscan.Postgres) {
		first := end == 0 || strings.HasSuffix(b.String(), ";")
		switch {
		case t.Is(";"):
			set, skip = false, false
		case first:
			set = t.Is("set")
		}
		if skip {
			end = t.End()
			continue
		}
		if i > 0 && t.Start > end {
			b.WriteByte(' ')
		}
		end = t.End()
		if t.IsLiteral() || t.Kind == sqlscan.Broken {
			b.WriteByte('?')
			continue
		}
		b.WriteString(t.Text)
		if set && t.IsAny("=", "to") {
			b.WriteString(" ?")
			skip = true
		}
	}
	return b.String()
}
