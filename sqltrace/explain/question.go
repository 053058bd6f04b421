package explain

import (
	"github.com/hone-go/hone/internal/sqlscan"
)

// question is a statement taken apart as far as index advice on SQLite needs
// it: there the plan tells which index is used, but not for what.
type question struct {
	selects []*selection
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
