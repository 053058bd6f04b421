package explain

import (
	"strconv"

	"github.com/hone-go/hone/internal/sqlscan"
)

// selection is a SELECT taken apart as far as index advice on SQLite needs it:
// there the plan tells which index is used, but not for what.
type selection struct {
	scope
	predicates []predicate
	sorted     []Column
	sortedBy   *relation // nil if the order is not on columns of one relation
	limit      int64     // 0: none; -1: given by an argument that is no number
}

// parseSelect takes a SELECT apart, and says why not if it has a form that it
// does not look into.
func parseSelect(tokens []sqlscan.Token, cat *catalog, args []any) (*selection, string) {
	for len(tokens) > 0 && tokens[len(tokens)-1].Is(";") {
		tokens = tokens[:len(tokens)-1]
	}
	if len(tokens) == 0 || !tokens[0].Is("SELECT") {
		return nil, "it does not begin with SELECT"
	}
	if outer(tokens, "UNION", "INTERSECT", "EXCEPT", "WINDOW") >= 0 {
		return nil, "it joins several SELECTs or has a WINDOW"
	}
	// The clauses from the last to the first, so that each ends where the
	// next begins.
	cut := func(words ...string) []sqlscan.Token {
		i := outer(tokens, words...)
		if i < 0 {
			return nil
		}
		clause := tokens[i+1:]
		tokens = tokens[:i]
		if len(clause) > 0 && clause[0].Is("BY") {
			clause = clause[1:]
		}
		return clause
	}
	limit, order := cut("LIMIT"), cut("ORDER")
	cut("HAVING")
	cut("GROUP")
	where, from := cut("WHERE"), cut("FROM")
	s := &selection{scope: scope{dialect: sqlscan.SQLite}}
	conditions, why := s.readFrom(from, cat)
	if why != "" {
		return nil, why
	}
	for _, c := range append(conditions, where) {
		s.predicates = append(s.predicates, s.scope.predicates(c)...)
	}
	s.readOrder(order)
	s.limit = limitOf(limit, args)
	return s, ""
}

// readFrom reads the relations and returns the conditions of their joins.
func (s *selection) readFrom(tokens []sqlscan.Token, cat *catalog) (conditions [][]sqlscan.Token, why string) {
	for len(tokens) > 0 {
		for len(tokens) > 0 && (tokens[0].Is(",") || tokens[0].IsAny("NATURAL", "LEFT", "RIGHT", "FULL", "OUTER", "INNER", "CROSS", "JOIN")) {
			tokens = tokens[1:]
		}
		if len(tokens) == 0 || !tokens[0].IsName() {
			return nil, "it reads from a subquery"
		}
		name := tokens[0].Name(s.dialect)
		tokens = tokens[1:]
		if len(tokens) >= 2 && tokens[0].Is(".") && tokens[1].IsName() {
			name = tokens[1].Name(s.dialect) // of an attached database or main
			tokens = tokens[2:]
		}
		t := cat.find("", name)
		if t == nil {
			return nil, "it reads from " + name + ", which is no table"
		}
		alias := name
		if len(tokens) > 0 && tokens[0].Is("AS") {
			tokens = tokens[1:]
		}
		if len(tokens) > 0 && tokens[0].IsName() && !tokens[0].IsAny(afterTable...) {
			alias = tokens[0].Name(s.dialect)
			tokens = tokens[1:]
		}
		s.relations = append(s.relations, &relation{alias: alias, table: t})
		end := outer(tokens, ",", "NATURAL", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "JOIN")
		if end < 0 {
			end = len(tokens)
		}
		if end > 0 && tokens[0].Is("ON") {
			conditions = append(conditions, tokens[1:end])
		}
		tokens = tokens[end:]
	}
	if len(s.relations) == 0 {
		return nil, "it reads no table"
	}
	return conditions, ""
}

// afterTable are the words that follow a table without an alias.
var afterTable = []string{"ON", "USING", "NATURAL", "LEFT", "RIGHT", "FULL", "OUTER", "INNER", "CROSS", "JOIN", "INDEXED", "NOT"}

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
