package explain

import (
	"maps"
	"slices"

	"github.com/hone-go/hone/internal/sqlscan"
)

// parser gathers the SELECTs of a statement.
type parser struct {
	catalog   *catalog
	args      []any
	selects   []*selection
	compounds int
	depth     int
}

// outputs are the columns that a subquery hands on as they are, by name.
type outputs map[string]ref

// maxNesting bounds the nesting of queries. Not less: generated statements
// reach ten. Not more: they are read by recursion.
const maxNesting = 50

// query reads a query: what WITH names, and one SELECT or several.
func (p *parser) query(tokens []sqlscan.Token, named map[string]outputs) (outputs, string) {
	if p.depth++; p.depth > maxNesting {
		return nil, "its queries are nested too deeply"
	}
	defer func() { p.depth-- }()
	tokens = bare(tokens)
	if len(tokens) > 0 && tokens[0].Is("WITH") {
		var why string
		if tokens, named, why = p.with(tokens[1:], named); why != "" {
			return nil, why
		}
	}
	var arms [][]sqlscan.Token
	for {
		i := outer(tokens, "UNION", "INTERSECT", "EXCEPT")
		if i < 0 {
			break
		}
		arms = append(arms, tokens[:i])
		if tokens = tokens[i+1:]; len(tokens) > 0 && tokens[0].Is("ALL") {
			tokens = tokens[1:]
		}
	}
	if len(arms) == 0 {
		return p.selection(tokens, named, 0)
	}
	cut(&tokens, "LIMIT") // of them all
	cut(&tokens, "ORDER")
	p.compounds++
	compound := p.compounds
	for _, arm := range append(arms, tokens) {
		if _, why := p.selection(arm, named, compound); why != "" {
			return nil, why
		}
	}
	return nil, ""
}

// with reads what follows WITH and returns the query behind, and the names
// that it may use.
func (p *parser) with(tokens []sqlscan.Token, named map[string]outputs) ([]sqlscan.Token, map[string]outputs, string) {
	const strange = "its WITH has an unknown form"
	if len(tokens) > 0 && tokens[0].Is("RECURSIVE") {
		tokens = tokens[1:]
	}
	if named = maps.Clone(named); named == nil {
		named = make(map[string]outputs)
	}
	for {
		as := outer(tokens, "AS")
		if as < 1 || !tokens[0].IsName() {
			return nil, nil, strange
		}
		name := tokens[0].Name(sqlscan.SQLite)
		open := slices.IndexFunc(tokens[as:], func(k sqlscan.Token) bool { return k.Is("(") }) + as
		end := closing(tokens, open)
		if open < as || end < 0 {
			return nil, nil, strange
		}
		named[name] = nil // what it says of itself
		out, why := p.query(tokens[open+1:end], named)
		if why != "" {
			return nil, nil, why
		}
		if as == 1 { // else it renames its columns
			named[name] = out
		}
		tokens = tokens[end+1:]
		if len(tokens) == 0 || !tokens[0].Is(",") {
			return tokens, named, ""
		}
		tokens = tokens[1:]
	}
}

// closing returns the index of the parenthesis that closes the one at open, or
// -1.
func closing(tokens []sqlscan.Token, open int) int {
	depth := 0
	for i := max(open, 0); i < len(tokens); i++ {
		if depth += nesting(tokens[i]); depth == 0 {
			return i
		}
	}
	return -1
}

// cut removes the last clause, which begins with one of the words, and returns
// it without them.
func cut(tokens *[]sqlscan.Token, word string) []sqlscan.Token {
	i := outer(*tokens, word)
	if i < 0 {
		return nil
	}
	clause := (*tokens)[i+1:]
	*tokens = (*tokens)[:i]
	if len(clause) > 0 && clause[0].Is("BY") {
		clause = clause[1:]
	}
	return clause
}

// subqueries reads the queries within an expression and returns it with an
// argument in the place of each.
func (p *parser) subqueries(tokens []sqlscan.Token, named map[string]outputs) ([]sqlscan.Token, string) {
	var list []sqlscan.Token
	for i := 0; i < len(tokens); i++ {
		k := tokens[i]
		if !k.Is("(") || i+1 >= len(tokens) || !tokens[i+1].IsAny("SELECT", "WITH", "VALUES") {
			list = append(list, k)
			continue
		}
		end := closing(tokens, i)
		if end < 0 {
			return nil, "its parentheses do not match"
		}
		if _, why := p.query(tokens[i+1:end], named); why != "" {
			return nil, why
		}
		list = append(list, sqlscan.Token{Kind: sqlscan.Param, Start: k.Start, Text: "?"})
		i = end
	}
	return list, ""
}
