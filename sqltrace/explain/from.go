package explain

import (
	"slices"

	"github.com/hone-go/hone/internal/sqlscan"
)

// joinWords are what stands between the tables of a FROM clause.
var joinWords = []string{",", "NATURAL", "LEFT", "RIGHT", "FULL", "OUTER", "INNER", "CROSS", "JOIN"}

// afterTable are the words that follow a table without an alias.
var afterTable = append(slices.Clone(joinWords), "ON", "USING", "INDEXED", "NOT")

// readFrom reads the relations and returns the conditions of their joins.
func (s *selection) readFrom(p *parser, tokens []sqlscan.Token, named map[string]outputs) (conditions [][]sqlscan.Token, why string) {
	for len(tokens) > 0 {
		for len(tokens) > 0 && tokens[0].IsAny(joinWords...) {
			tokens = tokens[1:]
		}
		if len(tokens) == 0 {
			break
		}
		var r *relation
		if r, tokens, why = s.readRelation(p, tokens, named); why != "" {
			return nil, why
		}
		if len(tokens) > 0 && tokens[0].Is("AS") {
			tokens = tokens[1:]
		}
		if len(tokens) > 0 && tokens[0].IsName() && !tokens[0].IsAny(afterTable...) {
			r.alias = tokens[0].Name(s.dialect)
			tokens = tokens[1:]
		}
		s.relations = append(s.relations, r)
		end := outer(tokens, joinWords...)
		if end < 0 {
			end = len(tokens)
		}
		if end > 0 && tokens[0].Is("ON") {
			conditions = append(conditions, tokens[1:end])
		}
		tokens = tokens[end:]
	}
	return conditions, ""
}

// readRelation reads a subquery or a name and returns what follows it.
func (s *selection) readRelation(p *parser, tokens []sqlscan.Token, named map[string]outputs) (r *relation, rest []sqlscan.Token, why string) {
	if tokens[0].Is("(") {
		end := closing(tokens, 0)
		if end < 0 || len(tokens) < 2 || !tokens[1].IsAny("SELECT", "WITH", "VALUES") {
			return nil, nil, "it has a join in parentheses"
		}
		out, why := p.query(tokens[1:end], named)
		return &relation{out: out}, tokens[end+1:], why
	}
	if !tokens[0].IsName() {
		return nil, nil, "its FROM has an unknown form"
	}
	name := tokens[0].Name(s.dialect)
	rest = tokens[1:]
	if out, ok := named[name]; ok {
		return &relation{alias: name, out: out}, rest, ""
	}
	if len(rest) >= 2 && rest[0].Is(".") && rest[1].IsName() {
		name = rest[1].Name(s.dialect) // of an attached database or main
		rest = rest[2:]
	}
	t := p.catalog.find("", name)
	if t == nil {
		return nil, nil, "it reads from " + name + ", which is no table"
	}
	return &relation{alias: name, table: t}, rest, ""
}
