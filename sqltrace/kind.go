package sqltrace

import (
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// Kind is what a statement does.
type Kind string

// The kinds. A statement that changes rows in a WITH clause has the kind of
// that change. Batch is a pipeline of statements sent in one round trip.
const (
	KindSelect      Kind = "select"
	KindInsert      Kind = "insert"
	KindUpdate      Kind = "update"
	KindDelete      Kind = "delete"
	KindDDL         Kind = "ddl"
	KindTransaction Kind = "transaction"
	KindSet         Kind = "set"
	KindBatch       Kind = "batch"
	KindOther       Kind = "other"
)

// writes reports whether statements of the kind change rows.
func (k Kind) writes() bool { return k == KindInsert || k == KindUpdate || k == KindDelete }

// verb returns the kind that a leading keyword gives.
func verb(k sqlscan.Token) Kind {
	switch strings.ToUpper(k.Text) {
	case "SELECT", "VALUES", "TABLE":
		return KindSelect
	case "INSERT", "REPLACE", "COPY":
		return KindInsert
	case "UPDATE", "MERGE":
		return KindUpdate
	case "DELETE":
		return KindDelete
	case "CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE", "COMMENT", "REINDEX":
		return KindDDL
	case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE":
		return KindTransaction
	case "SET", "RESET", "SHOW", "PRAGMA", "USE", "DISCARD", "DEALLOCATE", "LISTEN", "UNLISTEN":
		return KindSet
	}
	return KindOther
}

// classify tells the kind of a statement and whether it looks something up in
// the application's own tables. A text without any code, as some drivers send
// to ping, counts as transaction control.
func classify(tokens []sqlscan.Token, tables []string) (kind Kind, lookup bool) {
	kind = statementKind(tokens)
	return kind, kind == KindSelect && len(tables) > 0 && !slices.ContainsFunc(tables, isCatalogue)
}

func statementKind(tokens []sqlscan.Token) Kind {
	tokens = slices.DeleteFunc(slices.Clone(tokens), func(k sqlscan.Token) bool {
		return k.Kind == sqlscan.Comment || k.Is(";")
	})
	for len(tokens) > 0 && tokens[0].Is("(") {
		tokens = tokens[1:]
	}
	if len(tokens) == 0 {
		return KindTransaction
	}
	if !tokens[0].Is("WITH") {
		return verb(tokens[0])
	}
	depth, main := 0, KindOther
	for i, k := range tokens {
		switch {
		case k.Is("("):
			depth++
		case k.Is(")"):
			depth--
		case depth == 0 && main == KindOther, tokens[max(0, i-1)].Is("("):
			switch v := verb(k); {
			case v == KindInsert || v == KindUpdate || v == KindDelete:
				return v
			case v == KindSelect && depth == 0:
				main = v
			}
		}
	}
	return main
}

// isCatalogue reports whether a table describes the database itself: drivers
// and migration tools read those in loops of their own.
func isCatalogue(table string) bool {
	t := strings.ToLower(strings.NewReplacer(`"`, "", "`", "").Replace(table))
	for _, prefix := range []string{"pg_", "pg_catalog.", "information_schema.", "sqlite_", "pragma_", "sys.", "performance_schema.", "mysql."} {
		if strings.HasPrefix(t, prefix) {
			return true
		}
	}
	return false
}

// queryName finds the name that sqlc puts before a statement, as in
// "-- name: GetAuthor :one".
func queryName(tokens []sqlscan.Token) string {
	for _, k := range tokens {
		if k.Kind != sqlscan.Comment {
			break
		}
		text := strings.TrimSpace(strings.TrimLeft(k.Text, "-/*# \t"))
		if rest, ok := strings.CutPrefix(text, "name:"); ok {
			if fields := strings.Fields(rest); len(fields) > 0 {
				return fields[0]
			}
		}
	}
	return ""
}

// paramNames returns the names of the named placeholders in order of first
// appearance, which is the order SQLite numbers them in. Numbered and bare
// ones have no names.
func paramNames(tokens []sqlscan.Token) []string {
	var names []string
	for _, k := range tokens {
		if k.Kind != sqlscan.Param || paramNumber(k.Text) > 0 || k.Text == "?" {
			continue
		}
		if name := k.Text[1:]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// redact returns sql without its comments, and with '?' for each value written
// into it. The numbers 0 and 1 and those of LIMIT and OFFSET stay, since they
// belong to the code.
func redact(sql string, tokens []sqlscan.Token) string {
	var b strings.Builder
	b.Grow(len(sql))
	end := 0
	for i, k := range tokens {
		if k.Kind == sqlscan.Comment {
			b.WriteString(strings.TrimRight(sql[end:k.Start], " \t\r\n"))
			end = k.End()
			continue
		}
		gap := sql[end:k.Start]
		if gap == "" && i > 0 && tokens[i-1].Kind == sqlscan.Comment {
			gap = " " // a comment separates words
		}
		b.WriteString(gap)
		b.WriteString(redacted(tokens, i))
		end = k.End()
	}
	return strings.Trim(b.String(), "; \t\r\n")
}

func redacted(tokens []sqlscan.Token, i int) string {
	k := tokens[i]
	switch k.Kind {
	case sqlscan.String, sqlscan.Broken:
		if k.Text[0] == 'E' || k.Text[0] == 'e' {
			return k.Text[:1] + "'?'"
		}
		return "'?'"
	case sqlscan.Number:
		if k.Text != "0" && k.Text != "1" && (i == 0 || !tokens[i-1].IsAny("LIMIT", "OFFSET", "TOP", "FIRST", "NEXT")) {
			return "'?'"
		}
	}
	return k.Text
}
