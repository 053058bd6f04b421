package sqltrace

import (
	"slices"
	"strings"
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
func verb(k token) Kind {
	switch strings.ToUpper(k.text) {
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
func classify(tokens []token, tables []string) (kind Kind, lookup bool) {
	kind = statementKind(tokens)
	return kind, kind == KindSelect && len(tables) > 0 && !slices.ContainsFunc(tables, isCatalogue)
}

func statementKind(tokens []token) Kind {
	tokens = slices.DeleteFunc(slices.Clone(tokens), func(k token) bool {
		return k.kind == tokenComment || k.is(";")
	})
	for len(tokens) > 0 && tokens[0].is("(") {
		tokens = tokens[1:]
	}
	if len(tokens) == 0 {
		return KindTransaction
	}
	if !tokens[0].is("WITH") {
		return verb(tokens[0])
	}
	depth, main := 0, KindOther
	for i, k := range tokens {
		switch {
		case k.is("("):
			depth++
		case k.is(")"):
			depth--
		case depth == 0 && main == KindOther, tokens[max(0, i-1)].is("("):
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
func queryName(tokens []token) string {
	for _, k := range tokens {
		if k.kind != tokenComment {
			break
		}
		text := strings.TrimSpace(strings.TrimLeft(k.text, "-/*# \t"))
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
func paramNames(tokens []token) []string {
	var names []string
	for _, k := range tokens {
		if k.kind != tokenParam || paramNumber(k.text) > 0 || k.text == "?" {
			continue
		}
		if name := k.text[1:]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// redact returns sql without its comments, and with '?' for each value written
// into it. The numbers 0 and 1 and those of LIMIT and OFFSET stay, since they
// belong to the code.
func redact(sql string, tokens []token) string {
	var b strings.Builder
	b.Grow(len(sql))
	end := 0
	for i, k := range tokens {
		if k.kind == tokenComment {
			b.WriteString(strings.TrimRight(sql[end:k.start], " \t\r\n"))
			end = k.end
			continue
		}
		gap := sql[end:k.start]
		if gap == "" && i > 0 && tokens[i-1].kind == tokenComment {
			gap = " " // a comment separates words
		}
		b.WriteString(gap)
		b.WriteString(redacted(tokens, i))
		end = k.end
	}
	return strings.Trim(b.String(), "; \t\r\n")
}

func redacted(tokens []token, i int) string {
	k := tokens[i]
	switch k.kind {
	case tokenString, tokenBroken:
		return "'?'"
	case tokenNumber:
		if k.text != "0" && k.text != "1" && (i == 0 || !tokens[i-1].isAny("LIMIT", "OFFSET", "TOP", "FIRST", "NEXT")) {
			return "'?'"
		}
	}
	return k.text
}
