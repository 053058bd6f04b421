package explain

import (
	"maps"
	"slices"
	"strconv"

	"github.com/hone-go/hone/internal/sqlscan"
)

// selection is one SELECT of a statement.
type selection struct {
	scope
	predicates []predicate
	sorted     []Column
	sortedBy   *relation // nil if the order is not on columns of one relation
	limit      int64     // 0: none; -1: given by an argument that is no number
	compound   int       // which UNION or the like it is an arm of, 0 for none
}

// tables are the relations that are no subquery.
func (s *selection) tables() []*relation {
	return slices.DeleteFunc(slices.Clone(s.relations), func(r *relation) bool { return r.table == nil })
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
