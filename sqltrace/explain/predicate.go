package explain

import (
	"slices"

	"github.com/hone-go/hone/internal/sqlscan"
)

// relation is a table as one statement uses it.
type relation struct {
	alias string
	also  []string       // aliases of its partitions
	table *table         // nil for a subquery
	out   map[string]ref // of a subquery, the columns that it hands on as they are
}

// find returns what a column name of the relation means: a column of its
// table, or of one inside the subquery.
func (r *relation) find(name string) (ref, bool) {
	if r.table != nil {
		return ref{r, name}, r.table.has(name)
	}
	inner, ok := r.out[name]
	return inner, ok
}

// scope is the relations of one statement.
type scope struct {
	dialect   sqlscan.Dialect
	relations []*relation
}

func (s *scope) byAlias(alias string) *relation {
	for _, r := range s.relations {
		if r.alias == alias || slices.Contains(r.also, alias) {
			return r
		}
	}
	return nil
}

// ref is a column of a relation.
type ref struct {
	rel    *relation
	column string
}

// column reads the tokens as a column reference, unqualified only where one
// relation alone has the name.
func (s *scope) column(tokens []sqlscan.Token) (ref, bool) {
	tokens = bare(tokens)
	// PostgreSQL shows a varchar compared with a text as (column)::text. Its
	// index serves that: the cast changes no byte.
	if n := len(tokens); n > 2 && tokens[n-2].Is("::") && tokens[n-1].IsAny("TEXT") {
		r, ok := s.column(tokens[:n-2])
		return r, ok && r.rel.table.typeOf(r.column) == "character varying"
	}
	switch {
	case len(tokens) == 1 && tokens[0].IsName():
		name := tokens[0].Name(s.dialect)
		var found ref
		for _, r := range s.relations {
			inner, ok := r.find(name)
			if !ok {
				continue
			}
			if found.rel != nil {
				return ref{}, false
			}
			found = inner
		}
		return found, found.rel != nil
	case len(tokens) == 3 && tokens[0].IsName() && tokens[1].Is(".") && tokens[2].IsName():
		name := tokens[2].Name(s.dialect)
		if r := s.byAlias(tokens[0].Name(s.dialect)); r != nil {
			return r.find(name)
		}
	}
	return ref{}, false
}

// mentions returns the relations whose columns the tokens name.
func (s *scope) mentions(tokens []sqlscan.Token) []*relation {
	var list []*relation
	for i := range tokens {
		if i > 0 && tokens[i-1].Is(".") {
			continue
		}
		for _, n := range []int{3, 1} {
			if i+n > len(tokens) {
				continue
			}
			if r, ok := s.column(tokens[i : i+n]); ok {
				if !slices.Contains(list, r.rel) {
					list = append(list, r.rel)
				}
				break
			}
		}
	}
	return list
}

type operator uint8

const (
	opEqual operator = iota + 1
	opRange
	opOther // an operator that a B-tree does not serve, or more than one relation
)

// predicate is one condition of a conjunction.
type predicate struct {
	op         operator
	left       ref
	right      ref // of the other relation; rel is nil for a value
	on         []*relation
	expression bool    // left is an expression's text
	literal    literal // if what left equals is in the condition
}

// predicates takes a condition apart at its ANDs.
func (s *scope) predicates(tokens []sqlscan.Token) []predicate {
	tokens = bare(tokens)
	if len(tokens) == 0 {
		return nil
	}
	if i := outer(tokens, "OR"); i >= 0 {
		return []predicate{{op: opOther, on: s.mentions(tokens)}}
	}
	if i := conjunction(tokens); i >= 0 {
		return append(s.predicates(tokens[:i]), s.predicates(tokens[i+1:])...)
	}
	return []predicate{s.predicate(tokens)}
}

// predicate reads one condition.
func (s *scope) predicate(tokens []sqlscan.Token) predicate {
	other := predicate{op: opOther, on: s.mentions(tokens)}
	if p, ok := s.truth(tokens); ok {
		return p
	}
	i := outer(tokens, "=", "==", "<", ">", "<=", ">=", "IN", "BETWEEN", "IS")
	if i <= 0 || tokens[i-1].Is("NOT") {
		return other
	}
	sym, left, right := tokens[i], tokens[:i], tokens[i+1:]
	op := opRange
	switch {
	case sym.IsAny("=", "==", "IN"):
		op = opEqual
	case sym.Is("IS"):
		op = opEqual
		if !(len(right) == 1 && right[0].Is("NULL")) {
			return other
		}
	}
	l, lok := s.column(left)
	r, rok := s.column(right)
	switch {
	case lok && rok && l.rel != r.rel && op == opEqual:
		return predicate{op: op, left: l, right: r, on: []*relation{l.rel, r.rel}}
	case lok && !slices.Contains(s.mentions(right), l.rel):
		p := predicate{op: op, left: l, on: []*relation{l.rel}}
		if op == opEqual && !sym.Is("IN") {
			p.literal = literalOf(l.column, right)
		}
		return p
	case rok && !slices.Contains(s.mentions(left), r.rel) && sym.Kind == sqlscan.Symbol:
		return predicate{op: op, left: r, on: []*relation{r.rel}}
	}
	if e, ok := s.expression(left); ok && len(s.mentions(right)) == 0 {
		return predicate{op: op, left: e, on: []*relation{e.rel}, expression: true}
	}
	return other
}

// bare removes parentheses around the whole.
func bare(tokens []sqlscan.Token) []sqlscan.Token {
	for len(tokens) >= 2 && tokens[0].Is("(") {
		depth := 0
		for i, k := range tokens {
			depth += nesting(k)
			if depth == 0 && i < len(tokens)-1 {
				return tokens
			}
		}
		if depth != 0 {
			return tokens
		}
		tokens = tokens[1 : len(tokens)-1]
	}
	return tokens
}

func nesting(k sqlscan.Token) int {
	switch {
	case k.IsAny("(", "[", "CASE"):
		return 1
	case k.IsAny(")", "]", "END"):
		return -1
	}
	return 0
}

// outer returns the index of the first of the words outside parentheses, or -1.
func outer(tokens []sqlscan.Token, words ...string) int {
	depth := 0
	for i, k := range tokens {
		depth += nesting(k)
		if depth == 0 && k.IsAny(words...) {
			return i
		}
	}
	return -1
}

// conjunction returns the index of the first outer AND that is not part of a
// BETWEEN, or -1.
func conjunction(tokens []sqlscan.Token) int {
	depth, between := 0, false
	for i, k := range tokens {
		depth += nesting(k)
		switch {
		case depth != 0:
		case k.Is("BETWEEN"):
			between = true
		case k.Is("AND") && between:
			between = false
		case k.Is("AND"):
			return i
		}
	}
	return -1
}
