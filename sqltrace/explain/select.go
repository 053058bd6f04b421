package explain

import (
	"maps"
	"slices"
	"strconv"

	"github.com/hone-go/hone/internal/sqlscan"
)

// question is a statement taken apart as far as index advice on SQLite needs
// it: there the plan tells which index is used, but not for what.
type question struct {
	selects []*selection
}

// selection is one SELECT of a statement.
type selection struct {
	scope
	predicates []predicate
	sorted     []Column
	sortedBy   *relation // nil if the order is not on columns of one relation
	limit      int64     // 0: none; -1: given by an argument that is no number
	compound   int       // which UNION or the like it is an arm of, 0 for none
}

// parseQuestion takes a statement apart, and says why not if it has a form that
// it does not look into.
func parseQuestion(tokens []sqlscan.Token, cat *catalog, args []any) (*question, string) {
	for len(tokens) > 0 && tokens[len(tokens)-1].Is(";") {
		tokens = tokens[:len(tokens)-1]
	}
	p := parser{catalog: cat, args: args}
	if _, why := p.query(tokens, nil); why != "" {
		return nil, why
	}
	q := &question{selects: p.selects}
	if len(q.relations()) == 0 {
		return nil, "it reads no table"
	}
	return q, ""
}

// relations are the tables that the statement reads, in its text's order.
func (q *question) relations() []*relation {
	var list []*relation
	for _, s := range q.selects {
		list = append(list, s.tables()...)
	}
	return list
}

// tables are the relations that are no subquery.
func (s *selection) tables() []*relation {
	return slices.DeleteFunc(slices.Clone(s.relations), func(r *relation) bool { return r.table == nil })
}

// accesses says how the statement reads each table. A condition on a subquery's
// column is one on the table's that it is: SQLite moves it inside.
func (q *question) accesses() []*access {
	var preds []predicate
	for _, s := range q.selects {
		preds = append(preds, s.predicates...)
	}
	list := accesses(q.relations(), preds)
	for _, a := range list {
		for _, s := range q.selects {
			if s.sortedBy == a.rel {
				a.sorted, a.limit = s.sorted, s.limit != 0
			}
		}
	}
	return list
}

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

// selection reads one SELECT.
func (p *parser) selection(tokens []sqlscan.Token, named map[string]outputs, compound int) (outputs, string) {
	if len(tokens) > 0 && tokens[0].Is("VALUES") {
		return nil, ""
	}
	if len(tokens) == 0 || !tokens[0].Is("SELECT") {
		return nil, "it does not begin with SELECT"
	}
	if outer(tokens, "WINDOW") >= 0 {
		return nil, "it has a WINDOW"
	}
	// The clauses from the last to the first, so that each ends where the
	// next begins.
	rest := tokens[1:]
	limit, order := cut(&rest, "LIMIT"), cut(&rest, "ORDER")
	having, group := cut(&rest, "HAVING"), cut(&rest, "GROUP")
	where, from := cut(&rest, "WHERE"), cut(&rest, "FROM")
	s := &selection{scope: scope{dialect: sqlscan.SQLite}, compound: compound}
	conditions, why := s.readFrom(p, from, named)
	if why != "" {
		return nil, why
	}
	p.selects = append(p.selects, s)
	for _, clause := range []*[]sqlscan.Token{&rest, &where, &group, &having, &order, &limit} {
		if *clause, why = p.subqueries(*clause, named); why != "" {
			return nil, why
		}
	}
	for _, c := range append(conditions, where) {
		if c, why = p.subqueries(c, named); why != "" {
			return nil, why
		}
		s.predicates = append(s.predicates, s.scope.predicates(c)...)
	}
	s.readOrder(order)
	s.limit = limitOf(limit, p.args)
	if group != nil || having != nil || limit != nil || compound != 0 || len(rest) > 0 && rest[0].Is("DISTINCT") {
		return nil, "" // a condition outside is not one inside
	}
	return s.handedOn(rest), ""
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

// handedOn reads which columns a select list hands on.
func (s *selection) handedOn(list []sqlscan.Token) outputs {
	out := make(outputs)
	for len(list) > 0 {
		end := outer(list, ",")
		if end < 0 {
			end = len(list)
		}
		item := list[:end]
		list = list[min(end+1, len(list)):]
		n := len(item)
		if n > 0 && item[n-1].Is("*") {
			s.handOnAll(out, item[:n-1])
			continue
		}
		if n > 1 && item[n-1].IsName() && !item[n-2].Is(".") {
			name := item[n-1].Name(s.dialect)
			item = item[:n-1]
			if item[n-2].Is("AS") {
				item = item[:n-2]
			}
			if r, ok := s.column(item); ok {
				out[name] = r
			}
			continue
		}
		if r, ok := s.column(item); ok {
			out[r.column] = r
		}
	}
	return out
}

// handOnAll adds the columns of * or of t.*.
func (s *selection) handOnAll(out outputs, before []sqlscan.Token) {
	for _, r := range s.relations {
		if len(before) == 2 && before[0].Name(s.dialect) != r.alias {
			continue
		}
		if r.table == nil {
			maps.Copy(out, r.out)
			continue
		}
		for name := range r.table.columns {
			out[name] = ref{r, name}
		}
	}
}

// readOrder reads ORDER BY if it is on columns of one relation alone.
func (s *selection) readOrder(tokens []sqlscan.Token) {
	var columns []Column
	var rel *relation
	for len(tokens) > 0 {
		end := outer(tokens, ",")
		if end < 0 {
			end = len(tokens)
		}
		item := tokens[:end]
		tokens = tokens[min(end+1, len(tokens)):]
		var c Column
		if n := len(item); n > 0 && item[n-1].IsAny("ASC", "DESC") {
			c.Descending = item[n-1].Is("DESC")
			item = item[:n-1]
		}
		r, ok := s.column(item)
		if !ok || rel != nil && rel != r.rel {
			return
		}
		c.Name, rel = r.column, r.rel
		columns = append(columns, c)
	}
	s.sorted, s.sortedBy = columns, rel
}

// limitOf returns the number of rows that a LIMIT clause asks for.
func limitOf(tokens []sqlscan.Token, args []any) int64 {
	if len(tokens) == 0 {
		return 0
	}
	if outer(tokens, ",") >= 0 { // LIMIT offset, count
		return -1
	}
	switch k := tokens[0]; k.Kind {
	case sqlscan.Number:
		if n, err := strconv.ParseInt(k.Text, 10, 64); err == nil && n > 0 {
			return n
		}
	case sqlscan.Param:
		i, err := strconv.Atoi(k.Text[1:])
		if err != nil || i < 1 || i > len(args) {
			return -1
		}
		switch n := args[i-1].(type) {
		case int64:
			return max(n, 1)
		case int:
			return max(int64(n), 1)
		}
	}
	return -1
}
