package explain

import (
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// verb is what a statement does, as far as the package cares.
type verb uint8

const (
	verbOther verb = iota
	verbSelect
	verbWrite
)

// statementOf takes the tokens of a text and says what it does: its verb, the
// table that it writes, and why it is not explained, "" if it may be.
func statementOf(tokens []sqlscan.Token, d sqlscan.Dialect) (v verb, table, refusal string) {
	for len(tokens) > 0 && tokens[len(tokens)-1].Is(";") {
		tokens = tokens[:len(tokens)-1]
	}
	if len(tokens) == 0 {
		return verbOther, "", "it is empty"
	}
	if slices.ContainsFunc(tokens, func(k sqlscan.Token) bool { return k.Kind == sqlscan.Broken || k.Is(";") }) {
		return verbOther, "", "the text is not one whole statement"
	}
	if at := writeAt(tokens); at >= 0 {
		return verbWrite, writtenTable(tokens[at:], d), "it writes"
	}
	first := tokens[0]
	for i := 0; first.Is("(") && i < len(tokens); i++ {
		first = tokens[i]
	}
	if !first.IsAny("SELECT", "WITH") {
		return verbOther, "", "it is not a SELECT"
	}
	if i := slices.IndexFunc(tokens, func(k sqlscan.Token) bool { return k.Is("INTO") }); i >= 0 {
		return verbOther, "", "it has INTO"
	}
	return verbSelect, "", ""
}

// writeAt returns where a writing verb begins, -1 if there is none: at the
// front, or in or after a WITH clause.
func writeAt(tokens []sqlscan.Token) int {
	for i, k := range tokens {
		if !k.IsAny("INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE") {
			continue
		}
		switch {
		case i == 0:
			return 0
		case !tokens[0].Is("WITH"):
			continue // FOR UPDATE, replace(…)
		case tokens[i-1].IsAny("(", ")") && i+1 < len(tokens) && !tokens[i+1].Is("("):
			return i
		}
	}
	return -1
}

// writtenTable returns the name after INSERT INTO, UPDATE, DELETE FROM or
// MERGE INTO, without its schema.
func writtenTable(tokens []sqlscan.Token, d sqlscan.Dialect) string {
	i := 1
	for i < len(tokens) && tokens[i].IsAny("INTO", "FROM", "ONLY", "OR", "IGNORE", "REPLACE", "ABORT", "FAIL", "ROLLBACK") {
		i++
	}
	if i >= len(tokens) || !tokens[i].IsName() {
		return ""
	}
	for i+2 < len(tokens) && tokens[i+1].Is(".") && tokens[i+2].IsName() {
		i += 2
	}
	return tokens[i].Name(d)
}

// fingerprint is the text without its values: literals and placeholders are
// '?', lists of them one, words in lower case.
func fingerprint(tokens []sqlscan.Token) string {
	var words []string
	for _, k := range tokens {
		switch {
		case k.Kind == sqlscan.String || k.Kind == sqlscan.Number || k.Kind == sqlscan.Param || k.Kind == sqlscan.Broken:
			if n := len(words); n >= 2 && words[n-1] == "," && words[n-2] == "?" {
				words = words[:n-1]
				continue
			}
			words = append(words, "?")
		case k.Kind == sqlscan.Word:
			words = append(words, strings.ToLower(k.Text))
		case k.Kind == sqlscan.Quoted:
			words = append(words, `"`+strings.ReplaceAll(k.Unquoted(), `"`, `""`)+`"`)
		case !k.Is(";"):
			words = append(words, k.Text)
		}
	}
	return join(words)
}

// join puts spaces where a reader expects them.
func join(words []string) string {
	var b strings.Builder
	for i, w := range words {
		tight := i == 0 || slices.Contains([]string{",", ")", ".", "::"}, w) ||
			slices.Contains([]string{"(", ".", "::"}, words[i-1]) ||
			w == "(" && slices.Contains(functions, words[i-1])
		if !tight {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}

// functions are the words after which a parenthesis is written close.
var functions = []string{"count", "sum", "min", "max", "avg", "lower", "upper", "coalesce", "cast", "any", "substr"}
