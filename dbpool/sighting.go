package dbpool

import (
	"path"
	"runtime"
	"strconv"
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

// callerDepth is how many frames are searched. Not fewer: database/sql and an
// ORM put some twenty between. Not more: it is beyond any of them.
const callerDepth = 40

// between are the packages whose frames are between a statement and the code
// that sends it.
var between = []string{
	"database/sql.", "github.com/jackc/pgx/", "github.com/hone-go/hone/dbpool.", "github.com/hone-go/hone/sqltrace.",
	"github.com/hone-go/hone/sqltrace/pgxtrace.",
}

// caller returns the file, with its folder, and the line of the code outside
// pgx, database/sql and this module that the goroutine is in; "" if there is
// none.
func caller() string {
	pcs := make([]uintptr, callerDepth)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if frame.Function != "" && !isBetween(frame.Function) {
			folder, file := path.Split(frame.File)
			return path.Join(path.Base(folder), file) + ":" + strconv.Itoa(frame.Line)
		}
		if !more {
			return ""
		}
	}
}

func isBetween(function string) bool {
	for _, p := range between {
		if strings.HasPrefix(function, p) {
			return true
		}
	}
	return false
}
