package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// planned is what a plan says of the statement.
type planned struct {
	root     *planNode
	accesses []*access
	scans    map[*relation]*planNode // of a partitioned table, all of its parts' together
	notes    []string
}

// readPlan finds out how a plan reads each relation. The statement's text tells
// its values from those of its arguments.
func readPlan(root *planNode, cat *catalog, text []sqlscan.Token) *planned {
	p := &planned{root: root, scans: make(map[*relation]*planNode)}
	s := &scope{dialect: sqlscan.Postgres}
	var conditions []string
	root.walk(false, func(n *planNode, _ bool) {
		if n.NodeType != "Aggregate" { // what it filters is no row of a table
			conditions = append(conditions, n.Filter, n.IndexCond, n.RecheckCond, n.HashCond, n.MergeCond, n.JoinFilter)
		}
		if n.Relation != "" {
			p.readScan(s, cat, n)
		}
	})
	var preds []predicate
	for _, c := range conditions {
		if c == "" {
			continue
		}
		preds = append(preds, s.predicates(sqlscan.Code(c, sqlscan.Postgres))...)
	}
	verbatim(preds, text)
	p.accesses = accesses(s.relations, preds)
	root.walk(false, func(n *planNode, limit bool) { p.readSort(s, n, limit) })
	p.note()
	return p
}

// readScan adds the relation that a node scans. The parts of a partitioned
// table, which a plan scans one by one, are one relation.
func (p *planned) readScan(s *scope, cat *catalog, n *planNode) {
	t := cat.find(n.Schema, n.Relation)
	if t == nil || s.byAlias(n.Alias) != nil {
		return
	}
	whole := t.whole()
	if whole == t {
		r := &relation{alias: n.Alias, table: t}
		s.relations = append(s.relations, r)
		p.scans[r] = n
		return
	}
	// PostgreSQL calls the parts of a table e e_1, e_2 and so on; conditions
	// above them say e.
	alias := n.Alias
	if i := strings.LastIndexByte(alias, '_'); i > 0 && strings.Trim(alias[i+1:], "0123456789") == "" {
		alias = alias[:i]
	}
	whole = cat.find(whole.schema, whole.name)
	for _, r := range s.relations {
		if r.alias == alias && r.table == whole {
			r.also = append(r.also, n.Alias)
			p.scans[r] = p.scans[r].and(n)
			return
		}
	}
	r := &relation{alias: alias, also: []string{n.Alias}, table: whole}
	s.relations = append(s.relations, r)
	p.scans[r] = n
}

// and is both scans as one, sequential if one of them is.
func (n *planNode) and(o *planNode) *planNode {
	sum := *n
	if o.NodeType == "Seq Scan" {
		sum.NodeType, sum.Filter = o.NodeType, o.Filter
	}
	sum.TotalCost += o.TotalCost
	sum.PlanRows += o.PlanRows
	return &sum
}

// readSort gives a sort to the relation that all its columns are of.
func (p *planned) readSort(s *scope, n *planNode, limit bool) {
	if n.NodeType != "Sort" && n.NodeType != "Incremental Sort" {
		return
	}
	var columns []Column
	var rel *relation
	for _, key := range n.SortKey {
		c, r := s.sortKey(key)
		if r == nil || rel != nil && r != rel {
			return
		}
		columns, rel = append(columns, c), r
	}
	for _, a := range p.accesses {
		if a.rel == rel && a.sorted == nil {
			a.sorted, a.limit = columns, limit
		}
	}
}

// sortKey reads one key such as "o.placed_at DESC NULLS LAST".
func (s *scope) sortKey(key string) (Column, *relation) {
	tokens := sqlscan.Code(key, s.dialect)
	var c Column
	nulls := ""
	if n := len(tokens); n >= 2 && tokens[n-2].Is("NULLS") {
		nulls = strings.ToUpper(tokens[n-1].Text)
		tokens = tokens[:n-2]
	}
	if n := len(tokens); n > 0 && tokens[n-1].IsAny("DESC", "ASC") {
		c.Descending = tokens[n-1].Is("DESC")
		tokens = tokens[:n-1]
	}
	r, ok := s.column(tokens)
	if !ok {
		return c, nil
	}
	c.Name = r.column
	c.Reversed = nulls == "LAST" && c.Descending || nulls == "FIRST" && !c.Descending
	return c, r.rel
}

// note says what no index helps.
func (p *planned) note() {
	for _, a := range p.accesses {
		n, t := p.scans[a.rel], a.rel.table
		if n.NodeType != "Seq Scan" || n.Filter == "" {
			continue
		}
		if a.odd && len(a.equal)+len(a.ranged)+len(a.joined) == 0 {
			p.notes = append(p.notes, fmt.Sprintf(noIndex, t.title()))
		}
	}
	slices.Sort(p.notes)
	p.notes = slices.Compact(p.notes)
}

const (
	noIndex      = "%s is scanned for a condition that no index on its columns serves"
	noExpression = "%s is scanned for a condition on an expression, and the planner takes no index on it: none is allowed unless it is immutable"
	untried      = "%s is scanned for a condition on an expression: without hypopg nobody but the server can tell whether it may be indexed"
)

// noteExpressions says of each table that is scanned for an expression alone
// that nothing came of it.
func (p *planned) noteExpressions(format string) (notes []string) {
	for _, a := range p.accesses {
		t := a.rel.table
		column := func(name string) bool { return !t.columns[name].expression }
		if names := slices.Concat(a.equal, a.ranged, a.joined); p.scans[a.rel].NodeType == "Seq Scan" && len(names) > 0 && !slices.ContainsFunc(names, column) {
			notes = append(notes, fmt.Sprintf(format, t.title()))
		}
	}
	return notes
}

// wanted returns the candidates that no index serves, and the advice to repair
// one that does but is broken.
func (p *planned) wanted(minRows int64) (list []candidate, invalid *outcome) {
	for _, a := range p.accesses {
		t := a.rel.table
		if t.rows < minRows {
			continue
		}
		for _, c := range a.candidates() {
			switch x := t.served(c); {
			case x == nil:
				list = append(list, c)
			case !x.valid && p.scans[a.rel].NodeType == "Seq Scan":
				return nil, &outcome{
					candidate: c, before: p.root.TotalCost, invalid: x.name,
					unvalidated: "an index that exists cannot be tried",
					evidence:    fmt.Sprintf("%s %s, and its index %s is invalid: building it has failed", t.title(), c.why, x.name),
				}
			}
		}
	}
	return list, nil
}

// randomPage is PostgreSQL's default price of a page read at random:
// https://www.postgresql.org/docs/current/runtime-config-query.html
const randomPage = 4

// guess returns the best candidate by the plan alone: the scan that it spares,
// against one page read at random for each row found, and the sort.
func (p *planned) guess(list []candidate) *outcome {
	before := p.root.TotalCost
	var best *outcome
	for _, c := range list {
		for _, a := range p.accesses {
			n := p.scans[a.rel]
			if a.rel.table != c.table || n.NodeType != "Seq Scan" || c.special() {
				continue
			}
			after := before
			switch {
			case c.equal == 0 && c.ordered > 0 && a.limit && n.Filter == "" && len(p.accesses) == 1:
				after = p.root.PlanRows*randomPage + 10
			case c.ordered > 0 && c.equal == 0:
				continue // only trying tells whether a filter lets few rows through
			case !slices.Contains(a.joined, c.columns[0].Name) && n.PlanRows < float64(c.table.rows)/10:
				after = before - n.TotalCost + min(n.TotalCost, n.PlanRows*randomPage+10)
			}
			if after > before*maxRemaining || best != nil && (after > best.after || after == best.after && len(c.columns) >= len(best.columns)) {
				continue
			}
			best = &outcome{
				candidate: c, before: before, after: after,
				unvalidated: "the extension hypopg is not installed in this database",
				evidence:    fmt.Sprintf("%s %s: it reads about %d rows to find %.0f", c.table.title(), c.why, c.table.rows, n.PlanRows),
			}
		}
	}
	return best
}
