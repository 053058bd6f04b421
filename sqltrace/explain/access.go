package explain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// access is how one statement reads one relation.
type access struct {
	rel      *relation
	equal    []string
	ranged   []string
	joined   []string
	literals []literal
	sorted   []Column // the statement's order, if it is on this relation alone
	limit    bool     // and it wants only the first rows
	odd      bool     // has a condition that no index serves
}

// accesses sorts the predicates by relation.
func accesses(rels []*relation, preds []predicate) []*access {
	list := make([]*access, len(rels))
	of := make(map[*relation]*access)
	for i, r := range rels {
		list[i] = &access{rel: r}
		of[r] = list[i]
	}
	for _, p := range preds {
		switch {
		case p.op == opOther:
			for _, r := range p.on {
				if of[r] != nil {
					of[r].odd = true
				}
			}
		case p.right.rel != nil:
			for _, r := range []ref{p.left, p.right} {
				if a := of[r.rel]; a != nil {
					a.joined = add(a.joined, r.column)
				}
			}
		default:
			if a := of[p.left.rel]; a != nil {
				a.addValue(p)
			}
		}
	}
	return list
}

// addValue adds a comparison with a value.
func (a *access) addValue(p predicate) {
	if p.expression {
		// Which types and functions serve an index, the database says when it
		// is tried.
		a.rel.table.columns[p.left.column] = columnInfo{ordered: true, expression: true}
	}
	if p.op != opEqual {
		a.ranged = add(a.ranged, p.left.column)
		return
	}
	a.equal = add(a.equal, p.left.column)
	if p.literal.text != "" {
		a.literals = append(a.literals, p.literal)
	}
}

// forgetLiterals leaves what holds for other values in the statement's text.
func (a *access) forgetLiterals() {
	a.literals = nil
	valued := func(name string) bool {
		return a.rel.table.columns[name].expression && slices.ContainsFunc(sqlscan.Code(name, sqlscan.SQLite), sqlscan.Token.IsLiteral)
	}
	a.equal, a.ranged = slices.DeleteFunc(a.equal, valued), slices.DeleteFunc(a.ranged, valued)
}

func add(list []string, column string) []string {
	if slices.Contains(list, column) {
		return list
	}
	return append(list, column)
}

// usable reports whether an index may hold the column.
func (t *table) usable(column string) bool {
	return t.columns[column].ordered && !t.columns[column].isRowid
}

// column returns what an index holds of the name.
func (t *table) column(name string) Column {
	return Column{Name: name, Expression: t.columns[name].expression}
}

// maxEqual bounds the columns of a candidate that are compared for equality:
// one place remains for a range or an order.
const maxEqual = maxColumns - 1

// candidates returns the indexes that the access might want: the columns
// compared for equality, the most selective first, then either one range or
// the order; and the same for each join; and of each, the part that holds the
// rows of one rare value alone.
func (a *access) candidates() []candidate {
	t := a.rel.table
	equal := slices.DeleteFunc(slices.Clone(a.equal), func(c string) bool { return !t.usable(c) })
	slices.SortStableFunc(equal, func(x, y string) int {
		return cmp.Compare(t.columns[y].distinct, t.columns[x].distinct)
	})
	first := equal[:min(len(equal), maxEqual)]
	p := proposals{table: t}
	if len(equal) > 0 {
		p.add(equal[:1], nil, 0, "filters "+equal[0])
		p.add(first, nil, 0, "filters "+strings.Join(first, ", "))
	}
	for _, r := range a.ranged {
		if t.usable(r) && !slices.Contains(equal, r) {
			p.add(first, []Column{t.column(r)}, 0, "filters "+strings.Join(append(slices.Clone(equal), r), ", "))
		}
	}
	sorted := slices.DeleteFunc(slices.Clone(a.sorted), func(c Column) bool { return slices.Contains(equal, c.Name) })
	if len(sorted) > 0 && !slices.ContainsFunc(sorted, func(c Column) bool { return !t.columns[c.Name].ordered }) {
		if a.limit || len(equal) > 0 {
			p.add(first, sorted, len(sorted), "sorts by "+names(sorted))
		}
	}
	for _, j := range a.joined {
		if t.usable(j) && !slices.Contains(equal, j) {
			p.add([]string{j}, nil, 0, "joins on "+j)
			if len(equal) > 0 {
				p.add([]string{j, equal[0]}, nil, 0, "joins on "+j+", filters "+equal[0])
			}
		}
	}
	for _, c := range p.list {
		for _, l := range a.literals {
			if part, ok := c.restricted(l); ok {
				p.list = append(p.list, part)
			}
		}
	}
	return p.list
}

// proposals gathers the candidates on a table.
type proposals struct {
	table *table
	list  []candidate
}

func (p *proposals) add(equal []string, rest []Column, ordered int, why string) {
	c := candidate{table: p.table, equal: len(equal), ordered: ordered, why: why}
	for _, name := range equal {
		c.columns = append(c.columns, p.table.column(name))
	}
	c.columns = append(c.columns, rest...)
	if len(c.columns) == 0 || len(c.columns) > maxColumns {
		return
	}
	if !slices.ContainsFunc(p.list, func(o candidate) bool { return slices.Equal(o.columns, c.columns) }) {
		p.list = append(p.list, c)
	}
}

func names(columns []Column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name
		if c.Descending {
			list[i] += " DESC"
		}
	}
	return strings.Join(list, ", ")
}
