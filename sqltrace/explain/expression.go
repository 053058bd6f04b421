package explain

import (
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// truth reads a condition that is a truth value by itself, on PostgreSQL: a
// plan shows done = true as done, and done = false as NOT done.
func (s *scope) truth(tokens []sqlscan.Token) (predicate, bool) {
	name, value := tokens, "t"
	if tokens[0].Is("NOT") {
		name, value = tokens[1:], "f"
	}
	r, ok := s.column(name)
	if !ok || s.dialect != sqlscan.Postgres || r.rel.table.typeOf(r.column) != "boolean" {
		return predicate{}, false
	}
	l := literal{column: r.column, value: value, truth: true, text: quote(r.column)}
	if value == "f" {
		l.text = "NOT " + l.text
	}
	return predicate{op: opEqual, left: r, on: []*relation{r.rel}, literal: l}, true
}

// literalOf reads what a column is compared with, if it is NULL or one value
// written out.
func literalOf(column string, right []sqlscan.Token) literal {
	right = bare(right)
	if len(right) == 1 && right[0].Is("NULL") {
		return literal{column: column, null: true, text: quote(column) + " IS NULL"}
	}
	// PostgreSQL shows its type behind, as in 'x'::character varying(3).
	typ := func(k sqlscan.Token) bool { return k.IsName() || k.IsAny("::", "(", ")") || k.Kind == sqlscan.Number }
	if len(right) == 0 || !right[0].IsLiteral() {
		return literal{}
	}
	for i, k := range right[1:] {
		if i == 0 && !k.Is("::") || !typ(k) {
			return literal{}
		}
	}
	return literal{column: column, value: right[0].Unquoted(), text: quote(column) + " = " + right[0].Text}
}

// expression reads the tokens as an expression on the columns of one table,
// with no value that comes from elsewhere.
func (s *scope) expression(tokens []sqlscan.Token) (ref, bool) {
	tokens = bare(tokens)
	on := s.mentions(tokens)
	if len(on) != 1 || on[0].table == nil {
		return ref{}, false
	}
	foreign := func(k sqlscan.Token) bool {
		return k.Kind == sqlscan.Param || k.IsAny("SELECT", "SubPlan", "InitPlan", "hashed")
	}
	if slices.ContainsFunc(tokens, foreign) {
		return ref{}, false
	}
	return ref{on[0], s.unqualified(tokens)}, true
}

// unqualified writes the tokens without the tables before the columns: in an
// index there is only one.
func (s *scope) unqualified(tokens []sqlscan.Token) string {
	var b strings.Builder
	end := -1 // of the token before, -1 if this one follows closely
	for i := 0; i < len(tokens); i++ {
		k := tokens[i]
		if end >= 0 && k.Start > end {
			b.WriteByte(' ')
		}
		if i+2 < len(tokens) && tokens[i+1].Is(".") && k.IsName() && s.byAlias(k.Name(s.dialect)) != nil {
			i += 2
			k = tokens[i]
		}
		b.WriteString(k.Text)
		end = k.End()
	}
	return b.String()
}

// verbatim leaves the predicates only what the statement's text says too: a
// plan shows the values of arguments like those written out, but the next
// execution has others, and nobody but the service should see these.
func verbatim(preds []predicate, text []sqlscan.Token) {
	for i := range preds {
		p := &preds[i]
		if p.literal.text != "" && !p.literal.in(text) {
			p.literal = literal{}
		}
		if !p.expression {
			continue
		}
		for _, k := range sqlscan.Code(p.left.column, sqlscan.Postgres) {
			written := func(w sqlscan.Token) bool { return w.IsLiteral() && w.Unquoted() == k.Unquoted() }
			if k.IsLiteral() && !slices.ContainsFunc(text, written) {
				p.op, p.expression = opOther, false
			}
		}
	}
}

// in reports whether the text compares the column with the literal, and with
// no argument.
func (l literal) in(text []sqlscan.Token) bool {
	found := l.truth && len(text) > 0
	for i, k := range text {
		if !k.IsName() || k.Name(sqlscan.Postgres) != l.column {
			continue
		}
		// An argument may come first, or in a list.
		near := text[max(i-4, 0):min(i+5, len(text))]
		if slices.ContainsFunc(near, func(k sqlscan.Token) bool { return k.Kind == sqlscan.Param }) && l.truth {
			return false
		}
		if i+2 >= len(text) {
			continue
		}
		sign, value := text[i+1], text[i+2]
		switch {
		case l.null:
			found = found || sign.Is("IS") && value.Is("NULL")
		case sign.Is("=") && value.Kind == sqlscan.Param:
			return false
		case sign.Is("=") && value.IsLiteral():
			found = found || value.Unquoted() == l.value
		}
	}
	return found
}
